// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of `make bench`, those of lmbench and some more.
 *
 *	ops list			a line each: its name, how often it is done in a round
 *	ops OPERATION [ROUNDS]		nanoseconds an operation of each round, in
 *					thousandths, on one line
 *	ops OPERATION count COUNT	does it COUNT times between two marks for whoever
 *					counts what Xen is asked for
 *	ops nothing			ends at once: what is executed by exec
 *
 * An operation is prepared and put away outside of what is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "marks.h"

#define PAGE		4096u
#define FILE_PAGES	1024u
#define MAPPED_AROUND	16u	/* pages mapped by a fault on a file */
#define MMAP_PAGES	64u
#define TABLE_SPAN	(2u << 20)	/* what one page-table page maps */
#define TABLES		32u
#define MAX_PROCESSES	16

static const char *self;

static void must(int good, const char *what)
{
	if (!good)
		err(1, "%s", what);
}

/* System calls, by the entry that libc uses and by the oldest one */

static void null_sysinfo(unsigned int count)
{
	unsigned long entry = getauxval(AT_SYSINFO);
	long result;

	if (!entry)
		errx(1, "the kernel offers no AT_SYSINFO");
	while (count--)
		asm volatile("call *%1" : "=a" (result)
			     : "r" (entry), "0" (SYS_getppid) : "memory");
}

static void null_int80(unsigned int count)
{
	long result;

	while (count--)
		asm volatile("int $0x80" : "=a" (result)
			     : "0" (SYS_getppid) : "memory");
}

static int fd;
static char byte;

static void open_zero(unsigned int count)
{
	(void)count;
	fd = open("/dev/zero", O_RDONLY);
	must(fd >= 0, "/dev/zero");
}

static void open_null(unsigned int count)
{
	(void)count;
	fd = open("/dev/null", O_WRONLY);
	must(fd >= 0, "/dev/null");
}

static void close_fd(unsigned int count)
{
	(void)count;
	close(fd);
}

static void read_zero(unsigned int count)
{
	while (count--)
		must(read(fd, &byte, 1) == 1, "read");
}

static void write_null(unsigned int count)
{
	while (count--)
		must(write(fd, &byte, 1) == 1, "write");
}

static void stat_file(unsigned int count)
{
	struct stat st;

	while (count--)
		must(!stat(self, &st), "stat");
}

static void open_close(unsigned int count)
{
	while (count--) {
		int opened = open(self, O_RDONLY);

		must(opened >= 0, "open");
		close(opened);
	}
}

static void clock_get(unsigned int count)
{
	struct timespec now;

	while (count--)
		must(!clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
}

/* select() on the read ends of an empty pipe */

static int ends[2];
static fd_set watched;
static int highest;

static void watch(int number)
{
	FD_ZERO(&watched);
	must(!pipe(ends), "pipe");
	highest = 0;
	while (number--) {
		int copy = dup(ends[0]);

		must(copy >= 0, "dup");
		FD_SET(copy, &watched);
		highest = copy;
	}
}

static void watch_10(unsigned int count)
{
	(void)count;
	watch(10);
}

static void watch_100(unsigned int count)
{
	(void)count;
	watch(100);
}

static void do_select(unsigned int count)
{
	while (count--) {
		struct timeval at_once = { 0, 0 };
		fd_set set = watched;

		must(!select(highest + 1, &set, NULL, NULL, &at_once), "select");
	}
}

static void unwatch(unsigned int count)
{
	(void)count;
	for (int i = 3; i <= highest; i++)
		if (FD_ISSET(i, &watched))
			close(i);
	close(ends[0]);
	close(ends[1]);
}

/* Signals, and memory protection by one */

static volatile unsigned int left;
static char *memory;

static void count_down(int sig)
{
	(void)sig;
	left--;
}

static void install(unsigned int count)
{
	struct sigaction action = { .sa_handler = count_down };

	while (count--)
		must(!sigaction(SIGUSR1, &action, NULL), "sigaction");
}

static void install_once(unsigned int count)
{
	install(1);
	left = count;
}

static void deliver(unsigned int count)
{
	pid_t pid = getpid();

	while (count--)
		kill(pid, SIGUSR1);
	if (left)
		errx(1, "%u signals are missing", left);
}

/* The instruction that faults is executed again, until it does not fault. */
static void protected(int sig)
{
	(void)sig;
	if (!--left)
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
}

static char *map(size_t size, int flags, int file)
{
	char *mapped = mmap(NULL, size, PROT_READ | (file < 0 ? PROT_WRITE : 0),
			    flags, file, 0);

	must(mapped != MAP_FAILED, "mmap");
	return mapped;
}

static void protect(unsigned int count)
{
	struct sigaction action = { .sa_handler = protected };

	memory = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	*memory = 1;
	mprotect(memory, PAGE, PROT_READ);
	sigaction(SIGSEGV, &action, NULL);
	left = count;
}

static void protection_fault(unsigned int count)
{
	(void)count;
	*(volatile char *)memory = 2;
}

static void unprotect(unsigned int count)
{
	(void)count;
	munmap(memory, PAGE);
}

/* Memory */

static void reserve(unsigned int count)
{
	memory = map(count * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void touch(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		((volatile char *)memory)[i * PAGE] = 1;
}

static void release(unsigned int count)
{
	munmap(memory, count * PAGE);
}

static char **mappings;

#define FAULTS_A_MAPPING	(FILE_PAGES / MAPPED_AROUND)

static void map_file(unsigned int count)
{
	static char page[PAGE];
	unsigned int i;

	fd = memfd_create("bench", 0);
	must(fd >= 0, "memfd_create");
	for (i = 0; i < FILE_PAGES; i++)
		must(write(fd, page, PAGE) == PAGE, "write");
	mappings = calloc(count / FAULTS_A_MAPPING + 1, sizeof(*mappings));
	for (i = 0; i * FAULTS_A_MAPPING < count; i++)
		mappings[i] = map(FILE_PAGES * PAGE, MAP_SHARED, fd);
}

static void touch_file(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		byte = ((volatile char *)mappings[i / FAULTS_A_MAPPING])
			[i % FAULTS_A_MAPPING * MAPPED_AROUND * PAGE];
}

static void unmap_file(unsigned int count)
{
	for (unsigned int i = 0; i * FAULTS_A_MAPPING < count; i++)
		munmap(mappings[i], FILE_PAGES * PAGE);
	free(mappings);
	close(fd);
}

static void map_touch_unmap(unsigned int count)
{
	while (count--) {
		reserve(MMAP_PAGES);
		touch(MMAP_PAGES);
		release(MMAP_PAGES);
	}
}

/* Processes and threads */

static void await(pid_t pid)
{
	int status;

	must(pid > 0, "fork");
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		errx(1, "a child ended with status %#x", status);
}

static void fork_exit(unsigned int count)
{
	while (count--) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		await(pid);
	}
}

/* A process with so many page-table pages more */
static void more_tables(unsigned int count)
{
	(void)count;
	reserve(TABLES * TABLE_SPAN / PAGE);
	for (unsigned int i = 0; i < TABLES; i++)
		memory[i * TABLE_SPAN] = 1;
}

static void fewer_tables(unsigned int count)
{
	(void)count;
	release(TABLES * TABLE_SPAN / PAGE);
}

static void fork_exec(unsigned int count)
{
	while (count--) {
		pid_t pid = fork();

		if (!pid) {
			execl(self, self, "nothing", NULL);
			_exit(99);
		}
		await(pid);
	}
}

static void fork_sh(unsigned int count)
{
	char command[256];

	snprintf(command, sizeof(command), "%s nothing", self);
	while (count--) {
		pid_t pid = fork();

		if (!pid) {
			execl("/bin/sh", "sh", "-c", command, NULL);
			_exit(99);
		}
		await(pid);
	}
}

static void *thread(void *argument)
{
	return argument;
}

static void create_join(unsigned int count)
{
	while (count--) {
		pthread_t id;

		must(!pthread_create(&id, NULL, thread, NULL), "pthread_create");
		pthread_join(id, NULL);
	}
}

/*
 * A token goes round processes, by a pipe from each to the next one; who has it
 * reads a piece of memory of its own. One process alone is what has to be taken
 * off: the pipes and the memory.
 */

static int pipes[MAX_PROCESSES][2];
static pid_t children[MAX_PROCESSES];
static int processes, kibibytes;

static void work(void)
{
	volatile unsigned int *word = (void *)memory;
	unsigned int sum = 0;

	for (unsigned int i = 0; i < kibibytes * 1024u / sizeof(*word); i++)
		sum += word[i];
	byte = sum;
}

static void pass(int from, int to)
{
	must(read(pipes[from][0], &byte, 1) == 1, "read");
	work();
	must(write(pipes[to][1], &byte, 1) == 1, "write");
}

static void own_memory(void)
{
	memory = malloc(kibibytes * 1024 + 1);
	memset(memory, 1, kibibytes * 1024 + 1);
}

static void ring(int number, int size)
{
	processes = number;
	kibibytes = size;
	for (int i = 0; i < processes; i++)
		must(!pipe(pipes[i]), "pipe");
	for (int i = 1; i < processes; i++) {
		children[i] = fork();
		must(children[i] >= 0, "fork");
		if (!children[i]) {
			own_memory();
			while (1)
				pass(i, (i + 1) % processes);
		}
	}
	own_memory();
}

/* COUNT passes of the token, whoever makes them */
static void go_round(unsigned int count)
{
	must(write(pipes[processes > 1][1], &byte, 1) == 1, "write");
	for (; count > (unsigned int)processes; count -= processes)
		pass(0, processes > 1);
	must(read(pipes[0][0], &byte, 1) == 1, "read");
	work();
}

static void unring(unsigned int count)
{
	(void)count;
	for (int i = 1; i < processes; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	for (int i = 0; i < processes; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	free(memory);
}

#define RING(number, size)					\
static void ring_##number##_##size(unsigned int count)		\
{								\
	(void)count;						\
	ring(number, size);					\
}

RING(1, 0)
RING(1, 16)
RING(1, 64)
RING(2, 0)
RING(2, 16)
RING(8, 16)
RING(16, 64)

/* There and back between two processes */

static int sockets[2];

static void echo(int from, int to)
{
	while (read(from, &byte, 1) == 1)
		must(write(to, &byte, 1) == 1, "write");
	_exit(0);
}

static void pair_pipes(unsigned int count)
{
	(void)count;
	processes = 2;
	must(!pipe(pipes[0]) && !pipe(pipes[1]), "pipe");
	children[1] = fork();
	if (!children[1]) {
		close(pipes[0][1]);
		echo(pipes[0][0], pipes[1][1]);
	}
}

static void round_pipes(unsigned int count)
{
	while (count--)
		must(write(pipes[0][1], &byte, 1) == 1 &&
		     read(pipes[1][0], &byte, 1) == 1, "pipe");
}

static void unpair_pipes(unsigned int count)
{
	memory = NULL;
	unring(count);
}

static void pair_sockets(unsigned int count)
{
	(void)count;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
	children[0] = fork();
	if (!children[0]) {
		close(sockets[0]);
		echo(sockets[1], sockets[1]);
	}
	close(sockets[1]);
}

static void round_sockets(unsigned int count)
{
	while (count--)
		must(write(sockets[0], &byte, 1) == 1 &&
		     read(sockets[0], &byte, 1) == 1, "socket");
}

static void unpair_sockets(unsigned int count)
{
	(void)count;
	close(sockets[0]);
	waitpid(children[0], NULL, 0);
}

/* No kernel at all */

static void user(unsigned int count)
{
	unsigned int x = 1;

	while (count--)
		for (int i = 0; i < 1000; i++)
			x = x * 1664525 + 1013904223 + (x >> 16);
	asm volatile("" : : "r" (x));
}

static void nothing(unsigned int count)
{
	(void)count;
}

static const struct op {
	const char *name;
	unsigned int count;	/* in a round: some 10 ms of a native kernel */
	void (*prepare)(unsigned int count);
	void (*run)(unsigned int count);
	void (*away)(unsigned int count);
} ops[] = {
	{ "null", 20000, nothing, null_sysinfo, nothing },
	{ "null-int80", 20000, nothing, null_int80, nothing },
	{ "read", 10000, open_zero, read_zero, close_fd },
	{ "write", 10000, open_null, write_null, close_fd },
	{ "stat", 4000, nothing, stat_file, nothing },
	{ "open-close", 2000, nothing, open_close, nothing },
	{ "select-10", 4000, watch_10, do_select, unwatch },
	{ "select-100", 1000, watch_100, do_select, unwatch },
	{ "clock_gettime", 20000, nothing, clock_get, nothing },
	{ "signal-install", 8000, nothing, install, nothing },
	{ "signal-deliver", 1000, install_once, deliver, nothing },
	{ "protection-fault", 1000, protect, protection_fault, unprotect },
	{ "page-fault-anonymous", 2048, reserve, touch, release },
	{ "page-fault-file", 512, map_file, touch_file, unmap_file },
	{ "mmap-64-pages", 30, nothing, map_touch_unmap, nothing },
	{ "fork-exit", 40, nothing, fork_exit, nothing },
	{ "fork-exit-32-tables", 20, more_tables, fork_exit, fewer_tables },
	{ "fork-exec", 20, nothing, fork_exec, nothing },
	{ "fork-sh", 10, nothing, fork_sh, nothing },
	{ "thread", 200, nothing, create_join, nothing },
	{ "pipe", 800, pair_pipes, round_pipes, unpair_pipes },
	{ "unix-socket", 500, pair_sockets, round_sockets, unpair_sockets },
	{ "ring-1-0", 2000, ring_1_0, go_round, unring },
	{ "ring-1-16", 1000, ring_1_16, go_round, unring },
	{ "ring-1-64", 400, ring_1_64, go_round, unring },
	{ "ring-2-0", 1600, ring_2_0, go_round, unring },
	{ "ring-2-16", 800, ring_2_16, go_round, unring },
	{ "ring-8-16", 800, ring_8_16, go_round, unring },
	{ "ring-16-64", 400, ring_16_64, go_round, unring },
	{ "user", 2000, nothing, user, nothing },
	{ "nothing", 1, nothing, nothing, nothing },
};

static unsigned long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* An instruction of two bytes faults; it is skipped. */
static void skip(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP] += 2;
}

static void mark(unsigned int address)
{
	struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	struct sigaction old;

	sigaction(SIGSEGV, &action, &old);
	asm volatile("movb (%%eax), %%al" : "+a" (address) : : "memory");
	sigaction(SIGSEGV, &old, NULL);
}

static void counted(const struct op *op, unsigned int count)
{
	op->prepare(count);
	mark(MARK_BEGIN);
	op->run(count);
	mark(MARK_END);
	op->away(count);
}

/* The first round is for caches and page tables, and does not count. */
static void timed(const struct op *op, int rounds)
{
	unsigned long long start, end;

	for (int i = 0; i <= rounds; i++) {
		op->prepare(op->count);
		start = nanoseconds();
		op->run(op->count);
		end = nanoseconds();
		op->away(op->count);
		if (i)
			printf("%llu ", (end - start) * 1000 / op->count);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (argc == 2 && !strcmp(name, "nothing"))
		return 0;
	self = argv[0];
	for (unsigned int i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (!strcmp(name, "list"))
			printf("%s %u\n", ops[i].name, ops[i].count);
		if (strcmp(name, ops[i].name))
			continue;
		if (argc == 4 && !strcmp(argv[2], "count"))
			counted(&ops[i], atoi(argv[3]));
		else
			timed(&ops[i], argc > 2 ? atoi(argv[2]) : 5);
		return 0;
	}
	if (strcmp(name, "list"))
		errx(2, "usage: ops list | OPERATION [ROUNDS] | OPERATION count COUNT");
	return 0;
}
