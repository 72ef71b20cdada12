// SPDX-License-Identifier: GPL-2.0
/*
 * The ways into the kernel and back: int $0x80 and the vsyscall entry the
 * kernel offers (AT_SYSINFO) give the same; the clocks, and port permissions.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

#include "check.h"
#include "fault.h"
#include "pagemap.h"

/* Registers before and after a call: eax ebx ecx edx esi edi ebp eflags */
unsigned int call_in[8], call_out[8];
unsigned int call_entry;	/* 0: int $0x80 */
unsigned int call_esp, call_esp_after;
extern void call(void);

asm(".text\n"
	".type call, @function\n"
	"call:\n"
	"	pushal\n"
	"	movl %esp, call_esp\n"
	"	pushl call_in + 28\n"
	"	popfl\n"
	"	movl call_in, %eax\n"
	"	movl call_in + 4, %ebx\n"
	"	movl call_in + 8, %ecx\n"
	"	movl call_in + 12, %edx\n"
	"	movl call_in + 16, %esi\n"
	"	movl call_in + 20, %edi\n"
	"	movl call_in + 24, %ebp\n"
	"	pushfl\n"
	"	cmpl $0, call_entry\n"
	"	jne 1f\n"
	"	popfl\n"
	"	int $0x80\n"
	"	jmp 2f\n"
	"1:	popfl\n"
	"	call *call_entry\n"
	"2:	pushfl\n"
	"	cld\n"
	"	popl call_out + 28\n"
	"	movl %eax, call_out\n"
	"	movl %ebx, call_out + 4\n"
	"	movl %ecx, call_out + 8\n"
	"	movl %edx, call_out + 12\n"
	"	movl %esi, call_out + 16\n"
	"	movl %edi, call_out + 20\n"
	"	movl %ebp, call_out + 24\n"
	"	movl %esp, call_esp_after\n"
	"	movl call_esp, %esp\n"
	"	popal\n"
	"	ret\n");

/* One call; returns its result, and notes whether anything else changed */
static unsigned int preserved;

static long do_call(unsigned int nr, unsigned int a, unsigned int b, unsigned int c,
		    unsigned int d, unsigned int e, unsigned int f)
{
	unsigned int in[8] = { nr, a, b, c, d, e, f, 0xcd7 };

	memcpy(call_in, in, sizeof(in));
	call();
	preserved = !memcmp(call_in + 1, call_out + 1, 6 * 4) &&
		    call_esp == call_esp_after;
	return call_out[0];
}

static void test_entry(const char *kind)
{
	unsigned int pid = getpid(), i, bad = 0, rounds = check_scaled(2000);
	static char buf[32] = "six arguments";
	int fd = memfd_create("six", 0), flags;
	char *mem;
	long ret;

#define NAME(what)	check_name("%s_%s", kind, what)
	ret = do_call(SYS_getpid, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66);
	CHECK(ret == (long)pid, NAME("getpid"), "wrong");
	CHECK(preserved, NAME("preserved"),
	      "ebx %#x ecx %#x edx %#x esi %#x edi %#x ebp %#x, esp moved %d",
	      call_out[1], call_out[2], call_out[3], call_out[4], call_out[5],
	      call_out[6], (int)(call_esp_after - call_esp));
	VALUE(NAME("flags_after"), "%#x", call_out[7] & 0xdd7);
	ret = do_call(9999, 1, 2, 3, 4, 5, 6);
	CHECK(ret == -ENOSYS && preserved, NAME("bad_number"), "%ld", ret);
	ret = do_call(-1, 1, 2, 3, 4, 5, 6);
	CHECK(ret == -ENOSYS && preserved, NAME("number_minus_one"), "%ld", ret);
	ret = do_call(0x80000000, 1, 2, 3, 4, 5, 6);
	CHECK(ret == -ENOSYS && preserved, NAME("number_negative"), "%ld", ret);
	ret = do_call(SYS_close, 9999, 0, 0, 0, 0, 0);
	CHECK(ret == -EBADF && preserved, NAME("error"), "%ld", ret);

	/* all six: a file's second page, mapped shared at a chosen place */
	if (ftruncate(fd, 3 * PAGE) || pwrite(fd, buf, 32, PAGE) != 32)
		exit(99);
	mem = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ret = do_call(SYS_mmap2, (unsigned int)mem, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, fd, 1);
	CHECK(ret == (long)mem && preserved && !strcmp(mem, buf), NAME("six"),
	      "returned %ld, %.20s", ret, mem);
	munmap(mem, PAGE);
	/* the sixth looked at alone: a futex operation's last argument */
	flags = 5;
	ret = do_call(SYS_futex, (unsigned int)&flags, FUTEX_CMP_REQUEUE, 0, 0,
		      (unsigned int)&flags + 4, 5);
	CHECK(ret == 0 && preserved, NAME("sixth_same"), "%ld", ret);
	ret = do_call(SYS_futex, (unsigned int)&flags, FUTEX_CMP_REQUEUE, 0, 0,
		      (unsigned int)&flags + 4, 6);
	CHECK(ret == -EAGAIN && preserved, NAME("sixth_other"), "%ld", ret);
	close(fd);

	for (i = 0; i < rounds; i++) {
		ret = do_call(SYS_getpid, i, ~i, i * 3, i * 5, i * 7, i * 9);
		bad += ret != (long)pid || !preserved;
	}
	CHECK(!bad, NAME("many"), "%u of %u", bad, rounds);
}

/* Interrupted by a handler and started again with the same six registers */
static volatile int handler_hits;

static void restart_handler(int sig __maybe_unused)
{
	handler_hits++;
}

static void test_restart(const char *kind)
{
	struct sigaction sa = {
		.sa_handler = restart_handler, .sa_flags = SA_RESTART,
	};
	int data[2], status;
	pid_t pid, parent = getpid();
	char c = 0;
	long ret;

	if (pipe(data))
		exit(99);
	sigaction(SIGUSR1, &sa, NULL);
	handler_hits = 0;
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		kill(parent, SIGUSR1);
		usleep(50000);
		kill(parent, SIGUSR1);
		usleep(50000);
		_exit(write(data[1], "z", 1) != 1);
	}
	ret = do_call(SYS_read, data[0], (unsigned int)&c, 1, 0x44, 0x55, 0x66);
	CHECK(ret == 1 && c == 'z' && handler_hits == 2 && preserved,
	      NAME("restart"), "returned %ld, %d hits, preserved %u", ret,
	      handler_hits, preserved);
	waitpid(pid, &status, 0);
	sa.sa_flags = 0;
	sigaction(SIGUSR1, &sa, NULL);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	ret = do_call(SYS_read, data[0], (unsigned int)&c, 1, 0x44, 0x55, 0x66);
	CHECK(ret == -EINTR && preserved, NAME("interrupted"), "returned %ld", ret);
	waitpid(pid, &status, 0);
	close(data[0]);
	close(data[1]);
}

/* A fault taken inside the call, a fork and an exec through this entry */
static void test_special(const char *kind)
{
	int status;
	long ret;

	ret = do_call(SYS_write, 1, 16, 5, 0, 0, 0);
	CHECK(ret == -EFAULT && preserved, NAME("efault"), "%ld", ret);
	ret = do_call(SYS_fork, 1, 2, 3, 4, 5, 6);
	if (!ret)
		_exit(preserved ? 12 : 13);
	waitpid(ret, &status, 0);
	CHECK(preserved && WIFEXITED(status) && WEXITSTATUS(status) == 12,
	      NAME("fork"), "%s", status_text(status));
}

static long long now(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return -1;
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Twice the same clock, by the vDSO and by the system call, never backwards */
static void test_clocks(void)
{
	static const struct {
		const char *name;
		clockid_t id;
	} clocks[] = {
		{ "realtime", CLOCK_REALTIME }, { "monotonic", CLOCK_MONOTONIC },
		{ "monotonic_raw", CLOCK_MONOTONIC_RAW },
		{ "boottime", CLOCK_BOOTTIME },
		{ "monotonic_coarse", CLOCK_MONOTONIC_COARSE },
		{ "process", CLOCK_PROCESS_CPUTIME_ID },
	};
	unsigned int i, j, rounds, back, still;
	long long last, t, first, from;
	struct timespec ts;
	struct timeval tv;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		rounds = check_scaled(i < 2 ? 100000 : 10000);
		back = 0;
		still = 0;
		first = now(clocks[i].id);
		last = first;
		for (j = 0; j < rounds; j++) {
			if (j % 16 == 15) {
				RAW(SYS_clock_gettime, clocks[i].id, &ts);
				t = ts.tv_sec * 1000000000ll + ts.tv_nsec;
			} else {
				t = now(clocks[i].id);
			}
			back += t < last;
			still += t == last;
			last = t;
		}
		CHECK(!back && first > 0, check_name("%s_forward", clocks[i].name),
		      "%u of %u steps backwards", back, rounds);
		/* and it does go */
		usleep(30000);
		for (j = 0; j < 100000 && now(clocks[i].id) == first; j++)
			;
		CHECK(now(clocks[i].id) > first, check_name("%s_goes", clocks[i].name),
		      "stands still");
	}
	back = 0;
	for (j = 0; j < check_scaled(1000); j++) {
		from = now(CLOCK_REALTIME) / 1000;
		gettimeofday(&tv, NULL);
		t = tv.tv_sec * 1000000ll + tv.tv_usec;
		last = now(CLOCK_REALTIME) / 1000;
		back += t < from || t > last;
	}
	CHECK(!back, "gettimeofday", "%u outside of CLOCK_REALTIME", back);
	t = time(NULL);
	CHECK(llabs(t - now(CLOCK_REALTIME) / 1000000000) <= 1, "time", "differs");

	/* sleeps last as long as asked, and not absurdly longer */
	for (i = 0; i < 3; i++) {
		static const long asked[] = { 1000000, 20000000, 200000000 };

		ts.tv_sec = 0;
		ts.tv_nsec = asked[i];
		from = now(CLOCK_MONOTONIC);
		nanosleep(&ts, NULL);
		t = now(CLOCK_MONOTONIC) - from;
		CHECK(t >= asked[i] && t < asked[i] + 2000000000ll,
		      check_name("nanosleep_%ldms", asked[i] / 1000000),
		      "%lld ns for %ld", t, asked[i]);
	}
	/* the two clocks go at the same speed over half a second */
	from = now(CLOCK_MONOTONIC);
	first = now(CLOCK_REALTIME);
	usleep(500000);
	t = now(CLOCK_MONOTONIC) - from;
	last = now(CLOCK_REALTIME) - first;
	CHECK(llabs(t - last) < 50000000, "clocks_agree", "%lld and %lld ns", t, last);
	clock_getres(CLOCK_MONOTONIC, &ts);
	VALUE("resolution", "%ld", ts.tv_nsec);
}

static void do_in(void)
{
	asm volatile("inb $0x80, %%al" : : : "eax");
}

static void do_out(void)
{
	asm volatile("outb %%al, $0x80" : : "a" (0));
}

static void do_cli(void)
{
	asm volatile("cli");
}

static void do_sti(void)
{
	asm volatile("sti");
}

/* Where the kernel has the page of an address in its own memory; 0 if not known */
static unsigned int kernel_address(const void *page)
{
	const unsigned int lowmem = 0x37000;	/* frames */
	unsigned long long frame;

	pagemap(page, &frame, 1);
	frame &= PAGEMAP_FRAME;
	return frame && frame < lowmem ? 0xc0000000 + frame * PAGE : 0;
}

static unsigned int ins_to;

static void do_ins(void)
{
	unsigned int to = ins_to;

	asm volatile("insl" : "+D" (to) : "d" (0x1234) : "memory");
}

/* Ports or not, the kernel's memory is not to be written by a program. */
static void test_ins(void)
{
	unsigned int *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page[0] = 0x11111111;
	ins_to = kernel_address(page);
	CHECK(ins_to, "ins_address", "the page's frame is not known");
	fault_run(do_ins);
	CHECK(page[0] == 0x11111111, "ins_to_kernel", "%#x", page[0]);
	CHECK(fault.sig == SIGSEGV, "ins_to_kernel_faults", "%s", fault_text());
}

/* What a program may be given of the ports; a guest's hypervisor may refuse */
static void test_ports(void)
{
	int ret;

	fault_run(do_in);
	VALUE("in_first", "%s", fault_text());
	ret = ioperm(0x80, 1, 1);
	VALUE("ioperm", "%s", ret ? strerror(errno) : "granted");
	fault_run(do_in);
	VALUE("ioperm_in", "%s", fault_text());
	fault_run(do_out);
	VALUE("ioperm_out", "%s", fault_text());
	ioperm(0x80, 1, 0);
	fault_run(do_in);
	VALUE("ioperm_dropped_in", "%s", fault_text());
	ret = ioperm(0x10000, 1, 1);
	CHECK(ret && errno == EINVAL, "ioperm_range", "returned %d, errno %d", ret,
	      errno);
	ret = iopl(3);
	VALUE("iopl", "%s", ret ? strerror(errno) : "granted");
	VALUE("iopl_flags", "%u", (read_eflags() & EFLAGS_IOPL) >> 12);
	fault_run(do_in);
	VALUE("iopl_in", "%s", fault_text());
	test_ins();
	fault_run(do_cli);
	VALUE("iopl_cli", "%s", fault_text());
	VALUE("iopl_cli_if", "%d", !!(read_eflags() & EFLAGS_IF));
	fault_run(do_sti);
	VALUE("iopl_sti", "%s", fault_text());
	RAW(SYS_sched_yield);
	usleep(10000);
	fault_run(do_in);
	VALUE("iopl_in_after_sleep", "%s", fault_text());
	ret = iopl(0);
	VALUE("iopl_0", "%s", ret ? strerror(errno) : "granted");
	fault_run(do_in);
	CHECK(fault.sig == SIGSEGV && fault.trapno == 13, "in_after_iopl_0", "%s",
	      fault_text());
	ret = iopl(4);
	CHECK(ret && errno == EINVAL, "iopl_4", "returned %d, errno %d", ret, errno);
}

int main(int argc, char **argv)
{
	unsigned int cpu = ~0u, node = ~0u, i, bad = 0;
	struct utsname uts;

	check_start(argc, argv);
	fault_init();
	uname(&uts);
	VALUE("machine", "%s", uts.machine);
	CHECK(sizeof(void *) == 4, "pointers", "%zu bytes", sizeof(void *));

	call_entry = 0;
	test_entry("int80");
	test_restart("int80");
	test_special("int80");
	call_entry = getauxval(AT_SYSINFO);
	VALUE("sysinfo", "%s", call_entry ? "there" : "none");
	if (call_entry) {
		test_entry("vsyscall");
		test_restart("vsyscall");
		test_special("vsyscall");
	}
	VALUE("vdso", "%s", getauxval(AT_SYSINFO_EHDR) ? "there" : "none");
	test_clocks();
	for (i = 0; i < 1000; i++)
		bad += getcpu(&cpu, &node) != 0 || (int)cpu >= get_nprocs_conf() ||
		       node != 0;
	CHECK(!bad, "getcpu", "%u wrong, cpu %u node %u", bad, cpu, node);
	CHECK(sched_getcpu() >= 0, "sched_getcpu", "errno %d", errno);
	test_ports();
	return check_done();
}
