// SPDX-License-Identifier: GPL-2.0
/*
 * fork, vfork, clone, exec and wait: page tables made, copied and dropped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"

#define COW_PAGES	256
#define MANY		50

static const char *self;

static unsigned int code_for(unsigned int i)
{
	return (i * 7 + 3) & 0x7f;
}

/* What an exec'd child does: look at what it was given, exit with the code. */
static int child_main(int argc, char **argv, char **envp)
{
	unsigned int i;
	char want[32];

	if (argc != 5)
		return 200;
	i = atoi(argv[2]);
	snprintf(want, sizeof(want), "ROUND=%u", i);
	if (strcmp(argv[3], "two words") || strcmp(argv[4], ""))
		return 201;
	if (!envp[0] || strcmp(envp[0], want) || envp[1])
		return 202;
	return code_for(i);
}

static void exec_round(unsigned int i)
{
	char number[16], env[32];
	char *argv[] = { "forkexec", "child", number, "two words", "", NULL };
	char *envp[] = { env, NULL };

	snprintf(number, sizeof(number), "%u", i);
	snprintf(env, sizeof(env), "ROUND=%u", i);
	execve(self, argv, envp);
	_exit(210);
}

static void fork_exec_wait(unsigned int rounds)
{
	unsigned int i, good = 0, bad = 0;
	int status = 0, bad_status = 0;
	pid_t pid;

	for (i = 0; i < rounds; i++) {
		pid = fork();
		if (pid == 0)
			exec_round(i);
		if (pid > 0 && waitpid(pid, &status, 0) == pid &&
		    WIFEXITED(status) && WEXITSTATUS(status) == (int)code_for(i)) {
			good++;
		} else {
			bad++;
			bad_status = pid < 0 ? -errno : status;
		}
	}
	VALUE("rounds", "%u", good);
	CHECK(good == rounds && !bad, "exec", "%u of %u wrong, status %#x", bad,
	      rounds, bad_status);
}

static void exec_errors(void)
{
	char *argv[] = { "x", NULL };
	int fd;

	execve("/no/such/file", argv, argv + 1);
	CHECK(errno == ENOENT, "exec_missing", "errno %d", errno);
	execve("/", argv, argv + 1);
	CHECK(errno == EACCES, "exec_directory", "errno %d", errno);
	fd = memfd_create("junk", 0);
	if (write(fd, "junk junk junk junk junk junk\n", 30) != 30)
		exit(99);
	fchmod(fd, 0755);
	fexecve(fd, argv, argv + 1);
	CHECK(errno == ENOEXEC, "exec_junk", "errno %d", errno);
	close(fd);
}

/* A megabyte of arguments: the new stack is built across page tables. */
static int big_argv(void *unused __maybe_unused)
{
	enum { COUNT = 250, LENGTH = 4000 };
	static char *argv[COUNT + 3], *envp[1];
	int i;

	argv[0] = "forkexec";
	argv[1] = "big";
	for (i = 0; i < COUNT; i++) {
		argv[i + 2] = malloc(LENGTH + 1);
		memset(argv[i + 2], 'a' + i % 26, LENGTH);
		argv[i + 2][LENGTH] = 0;
	}
	execve(self, argv, envp);
	return 210;
}

static int big_main(int argc, char **argv)
{
	int i;
	size_t j;

	for (i = 2; i < argc; i++) {
		if (strlen(argv[i]) != 4000)
			return 1;
		for (j = 0; j < 4000; j++)
			if (argv[i][j] != 'a' + (i - 2) % 26)
				return 2;
	}
	return argc == 252 ? 42 : 3;
}

static volatile int shared_word;

static void test_vfork(void)
{
	int status;
	pid_t pid;

	shared_word = 1;
	pid = vfork();
	if (pid == 0) {
		shared_word = 2;
		_exit(9);
	}
	CHECK(shared_word == 2, "vfork_shares", "word %d", shared_word);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9, "vfork_status", "%s",
	      status_text(status));
	pid = vfork();
	if (pid == 0)
		exec_round(5);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (int)code_for(5),
	      "vfork_exec", "%s", status_text(status));
}

static int clone_fn(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		__atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
		if (i % 50 == 0)
			sched_yield();
	}
	return 17;
}

static void test_clone(void)
{
	static char stacks[4][16384] __attribute__((aligned(64)));
	int status, good = 0, count = 0, i;
	pid_t pid[4];

	for (i = 0; i < 4; i++)
		pid[i] = clone(clone_fn, stacks[i] + sizeof(stacks[i]),
			       CLONE_VM | CLONE_FILES | SIGCHLD, &count);
	for (i = 0; i < 4; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) &&
		    WEXITSTATUS(status) == 17)
			good++;
	CHECK(good == 4, "clone_vm_status", "%d of 4", good);
	CHECK(count == 4000, "clone_vm_memory", "count %d", count);
}

static void *thread_fn(void *arg)
{
	static __thread int mine;
	int i;

	mine = (int)arg;
	for (i = 0; i < 200; i++) {
		sched_yield();
		if (mine != (int)arg + i)
			return (void *)1;
		mine++;
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[8];
	void *result;
	int i, bad = 0;

	for (i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, thread_fn, (void *)(i * 10000)))
			bad += 100;
	for (i = 0; i < 8 && bad < 100; i++) {
		pthread_join(threads[i], &result);
		bad += result != NULL;
	}
	CHECK(!bad, "thread_local", "%d threads wrong", bad);
}

static void *exec_thread(void *arg __maybe_unused)
{
	exec_round(11);
	return NULL;
}

/* exec from a thread that is not the leader, others running */
static int thread_exec(void *arg __maybe_unused)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_fn, NULL);
	pthread_create(&thread, NULL, thread_fn, NULL);
	pthread_create(&thread, NULL, exec_thread, NULL);
	for (;;)
		pause();
	return 0;
}

static int pages_hold(const unsigned int *mem, unsigned int seed)
{
	unsigned int page, word;

	for (page = 0; page < COW_PAGES; page++)
		for (word = 0; word < PAGE / 4; word += 61)
			if (mem[page * PAGE / 4 + word] != seed + page * 1000 + word)
				return 0;
	return 1;
}

static void pages_fill(unsigned int *mem, unsigned int seed)
{
	unsigned int page, word;

	for (page = 0; page < COW_PAGES; page++)
		for (word = 0; word < PAGE / 4; word += 61)
			mem[page * PAGE / 4 + word] = seed + page * 1000 + word;
}

static void test_cow(void)
{
	unsigned int *mem = mmap(NULL, COW_PAGES * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int to_child[2], status = 0;
	pid_t pid;
	char c;

	pages_fill(mem, 1);
	pid = fork();
	if (pid == 0) {
		if (!pages_hold(mem, 1))
			_exit(1);
		pages_fill(mem, 2);
		_exit(pages_hold(mem, 2) ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0, "cow_child_writes", "%s", status_text(status));
	CHECK(pages_hold(mem, 1), "cow_parent_keeps", "parent sees the child's writes");

	if (pipe(to_child))
		exit(99);
	pid = fork();
	if (pid == 0) {
		if (read(to_child[0], &c, 1) != 1)
			_exit(3);
		_exit(pages_hold(mem, 1) ? 0 : 4);
	}
	pages_fill(mem, 3);
	if (write(to_child[1], "x", 1) != 1)
		exit(99);
	waitpid(pid, &status, 0);
	CHECK(status == 0, "cow_child_keeps", "%s", status_text(status));
	CHECK(pages_hold(mem, 3), "cow_parent_writes", "wrong contents");

	/* three generations, each with its own contents */
	pid = fork();
	if (pid == 0) {
		pages_fill(mem, 4);
		pid = fork();
		if (pid == 0) {
			if (!pages_hold(mem, 4))
				_exit(5);
			pages_fill(mem, 5);
			_exit(pages_hold(mem, 5) ? 0 : 6);
		}
		waitpid(pid, &status, 0);
		_exit(status || !pages_hold(mem, 4) ? 7 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0 && pages_hold(mem, 3), "cow_generations", "%s",
	      status_text(status));
	munmap(mem, COW_PAGES * PAGE);
	close(to_child[0]);
	close(to_child[1]);
}

static void test_pipe(void)
{
	enum { TOTAL = 1 << 20 };
	static unsigned char buf[3001];
	unsigned int sum = 0, want = 0, done = 0, i;
	int data[2], back[2], len, status;
	pid_t pid;

	if (pipe(data) || pipe(back))
		exit(99);
	pid = fork();
	if (pid == 0) {
		close(data[1]);
		while ((len = read(data[0], buf, sizeof(buf))) > 0)
			for (i = 0; i < (unsigned int)len; i++)
				sum = sum * 31 + buf[i];
		_exit(write(back[1], &sum, 4) == 4 ? 0 : 1);
	}
	close(data[0]);
	while (done < TOTAL) {
		len = TOTAL - done < sizeof(buf) ? TOTAL - done : sizeof(buf);
		for (i = 0; i < (unsigned int)len; i++) {
			buf[i] = (done + i) * 7 >> 3;
			want = want * 31 + buf[i];
		}
		len = write(data[1], buf, len);
		if (len != (int)i)
			exit(99);
		done += len;
	}
	close(data[1]);
	if (read(back[0], &sum, 4) != 4)
		sum = ~want;
	waitpid(pid, &status, 0);
	CHECK(sum == want && status == 0, "pipe_stream", "sum %#x, not %#x, %s",
	      sum, want, status_text(status));
	close(back[0]);
	close(back[1]);
}

static void test_pingpong(unsigned int rounds)
{
	unsigned int i, word;
	int ping[2], pong[2], bad = 0, status;
	pid_t pid;

	if (pipe(ping) || pipe(pong))
		exit(99);
	pid = fork();
	if (pid == 0) {
		close(ping[1]);
		while (read(ping[0], &word, 4) == 4) {
			word = ~word;
			if (write(pong[1], &word, 4) != 4)
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < rounds; i++) {
		if (write(ping[1], &i, 4) != 4 || read(pong[0], &word, 4) != 4 ||
		    word != ~i)
			bad++;
	}
	close(ping[1]);
	waitpid(pid, &status, 0);
	CHECK(!bad && status == 0, "pipe_pingpong", "%d wrong, %s", bad,
	      status_text(status));
}

static void test_many(void)
{
	int gate[2], ready[2], status, good = 0, i, j;
	unsigned int mem[1024];
	pid_t pid[MANY];
	char c;

	if (pipe(gate) || pipe(ready))
		exit(99);
	for (i = 0; i < MANY; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		close(gate[1]);
		for (j = 0; j < 1024; j++)
			mem[j] = i * 5000 + j;
		if (write(ready[1], "r", 1) != 1 || read(gate[0], &c, 1) != 0)
			_exit(120);
		for (j = 0; j < 1024; j++) {
			if (j % 256 == 0)
				sched_yield();
			if (mem[j] != (unsigned int)(i * 5000 + j))
				_exit(121);
		}
		_exit(i);
	}
	for (i = 0; i < MANY; i++)
		if (read(ready[0], &c, 1) != 1)
			break;
	CHECK(i == MANY, "many_ready", "%d of %d", i, MANY);
	close(gate[1]);
	for (i = 0; i < MANY; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) &&
		    WEXITSTATUS(status) == i)
			good++;
	CHECK(good == MANY, "many_status", "%d of %d", good, MANY);
	CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD, "no_child_left",
	      "errno %d", errno);
}

static int die_segv(void *arg __maybe_unused)
{
	*(volatile int *)8 = 1;
	return 0;
}

static int die_kill(void *arg __maybe_unused)
{
	kill(getpid(), SIGKILL);
	return 0;
}

int main(int argc, char **argv, char **envp)
{
	int status;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return child_main(argc, argv, envp);
	if (argc > 1 && !strcmp(argv[1], "big"))
		return big_main(argc, argv);
	check_start(argc, argv);
	self = self_path(argv);

	fork_exec_wait(check_scaled(1000));
	exec_errors();
	status = run_child(big_argv, NULL);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42, "exec_big_argv", "%s",
	      status_text(status));
	test_vfork();
	test_clone();
	test_threads();
	status = run_child(thread_exec, NULL);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (int)code_for(11),
	      "exec_from_thread", "%s", status_text(status));
	test_cow();
	test_pipe();
	test_pingpong(check_scaled(1000));
	test_many();
	status = run_child(die_segv, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "wait_segv", "%s",
	      status_text(status));
	status = run_child(die_kill, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait_kill", "%s",
	      status_text(status));
	return check_done();
}
