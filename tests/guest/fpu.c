// SPDX-License-Identifier: GPL-2.0
/*
 * The floating-point state: each process's own over context switches, forks,
 * execs and signals, and its exceptions.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "check.h"
#include "fault.h"

/* The FXSAVE image, as far as we look at it */
struct fxsave {
	unsigned short cwd, swd, twd, fop;
	unsigned int fip, fcs, foo, fos, mxcsr, mxcsr_mask;
	unsigned char st[8][16];
	unsigned char xmm[8][16];
	unsigned char rest[224];
} __attribute__((aligned(16)));

static int have_avx;

static void fxsave(struct fxsave *fx)
{
	asm volatile("fxsave %0" : "=m" (*fx));
}

static void fxrstor(const struct fxsave *fx)
{
	asm volatile("fxrstor %0" : : "m" (*fx));
}

/* A state of its own for each seed, without exceptions pending */
static void make_state(struct fxsave *fx, unsigned int seed)
{
	unsigned int i, j;

	memset(fx, 0, sizeof(*fx));
	fx->cwd = 0x037f & ~((seed % 4) << 10);		/* rounding */
	fx->cwd |= (seed % 4) << 10;
	fx->swd = (seed % 8) << 11;			/* top of stack */
	fx->twd = 0xff;					/* all valid */
	fx->mxcsr = 0x1f80 | (seed % 4) << 13;
	for (i = 0; i < 8; i++) {
		for (j = 0; j < 8; j++)
			fx->st[i][j] = seed * 31 + i * 8 + j;
		fx->st[i][7] |= 0x80;			/* normalised */
		fx->st[i][8] = seed + i;
		fx->st[i][9] = 0x3f;
		for (j = 0; j < 16; j++)
			fx->xmm[i][j] = seed * 17 + i * 16 + j;
	}
}

static int same_state(const struct fxsave *a, const struct fxsave *b)
{
	unsigned int i;

	if (a->cwd != b->cwd || a->swd != b->swd || a->twd != b->twd ||
	    a->mxcsr != b->mxcsr)
		return 0;
	for (i = 0; i < 8; i++)
		if (memcmp(a->st[i], b->st[i], 10))
			return 0;
	return !memcmp(a->xmm, b->xmm, sizeof(a->xmm));
}

static void ymm_load(const unsigned char *ymm)
{
	asm volatile("vmovdqu %0, %%ymm0; vmovdqu %1, %%ymm7"
		     : : "m" (*(const unsigned char (*)[32])ymm),
		     "m" (*(const unsigned char (*)[32])(ymm + 32)));
}

static void ymm_store(unsigned char *ymm)
{
	asm volatile("vmovdqu %%ymm0, %0; vmovdqu %%ymm7, %1"
		     : "=m" (*(unsigned char (*)[32])ymm),
		     "=m" (*(unsigned char (*)[32])(ymm + 32)));
}

/* Hold a state over a system call that gives the processor away */
static int keeps_over_yields(unsigned int seed, unsigned int rounds)
{
	struct fxsave want, seen, normal;
	unsigned char ymm[64], ymm_seen[64];
	unsigned int i, bad = 0;

	fxsave(&normal);
	for (i = 0; i < rounds; i++) {
		make_state(&want, seed + i * 8);
		fxrstor(&want);
		RAW(SYS_sched_yield);
		fxsave(&seen);
		bad += !same_state(&want, &seen);
		if (!have_avx)
			continue;
		memset(ymm, seed + i, sizeof(ymm));
		ymm_load(ymm);
		RAW(SYS_sched_yield);
		ymm_store(ymm_seen);
		bad += memcmp(ymm, ymm_seen, sizeof(ymm)) != 0;
	}
	fxrstor(&normal);
	return bad;
}

/* The same while timer ticks take it away from a loop without system calls */
static int keeps_over_ticks(unsigned int seed, unsigned int spins)
{
	struct fxsave want, seen, normal;
	unsigned int i, j, bad = 0;

	fxsave(&normal);
	for (i = 0; i < spins; i++) {
		make_state(&want, seed + i * 8);
		fxrstor(&want);
		for (j = 0; j < 20000; j++)
			asm volatile("" : : : "memory");
		fxsave(&seen);
		bad += !same_state(&want, &seen);
	}
	fxrstor(&normal);
	return bad;
}

static int yield_child(void *arg)
{
	return keeps_over_yields((unsigned int)arg, check_scaled(500)) != 0;
}

static int tick_child(void *arg)
{
	return keeps_over_ticks((unsigned int)arg, check_scaled(500)) != 0;
}

/* Of four, one does not use the FPU at all until late. */
static int late_child(void *arg __maybe_unused)
{
	struct fxsave fx, normal;
	unsigned int i;

	fxsave(&normal);
	for (i = 0; i < check_scaled(300); i++)
		RAW(SYS_sched_yield);
	fxsave(&fx);
	return !same_state(&fx, &normal);
}

static void test_processes(const char *name, int (*fn)(void *))
{
	int i, status, bad = 0, last = 0;
	pid_t pid[4];

	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(i == 3 ? late_child(NULL) : fn((void *)(i * 37 + 1)));
	}
	for (i = 0; i < 4; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || status) {
			bad++;
			last = status;
		}
	CHECK(!bad, name, "%d of 4 processes, %s", bad, status_text(last));
}

static void *yield_thread(void *arg)
{
	return (void *)keeps_over_yields((unsigned int)arg, check_scaled(200));
}

static void test_threads(void)
{
	pthread_t threads[3];
	unsigned int i, bad = 0;
	void *result;

	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, yield_thread, (void *)(i * 51 + 3));
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &result);
		bad += (unsigned int)result;
	}
	CHECK(!bad, "threads", "%u wrong", bad);
}

static void test_fork(void)
{
	struct fxsave want, seen, normal;
	int status;
	long pid;

	fxsave(&normal);
	make_state(&want, 91);
	fxrstor(&want);
	pid = RAW(SYS_fork);
	fxsave(&seen);
	fxrstor(&normal);
	if (pid == 0)
		RAW(SYS_exit_group, !same_state(&want, &seen));
	waitpid(pid, &status, 0);
	CHECK(same_state(&want, &seen), "fork_parent", "changed");
	CHECK(status == 0, "fork_child", "%s", status_text(status));
}

static void test_exec(const char *self)
{
	const char *argv[] = { "fpu", "exec", NULL }, *envp[] = { NULL };
	struct fxsave state;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		make_state(&state, 13);
		fxrstor(&state);
		RAW(SYS_execve, self, argv, envp);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0, "exec_fresh", "%s", status_text(status));
}

/* What a program starts with; libc has not used the upper registers yet */
static int exec_main(void)
{
	struct fxsave fx;

	fxsave(&fx);
	if (fx.cwd != 0x37f)
		return 1;
	if (fx.mxcsr != 0x1f80)
		return 2;
	return 0;
}

static struct fxsave handler_saw, handler_set, frame_had;
static int handler_mode;
static volatile int handler_hits;

static void fpu_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			void *context)
{
	ucontext_t *uc = context;
	/* a legacy image of 112 bytes, then the FXSAVE one */
	struct fxsave *fx = (void *)((char *)uc->uc_mcontext.fpregs + 112);

	fxsave(&handler_saw);
	memcpy(&frame_had, fx, sizeof(frame_had));
	fxrstor(&handler_set);
	if (handler_mode)
		memset(fx->xmm[2], 0x77, 16);
	handler_hits++;
}

static void test_signal(int flags, const char *kind)
{
	struct sigaction sa = {
		.sa_sigaction = fpu_handler, .sa_flags = SA_SIGINFO | flags,
	};
	struct fxsave want, seen, normal;
	unsigned int pid = getpid(), i, bad = 0;

	sigaction(SIGUSR1, &sa, NULL);
	fxsave(&normal);
	handler_hits = 0;
	handler_mode = 0;
	for (i = 0; i < check_scaled(300); i++) {
		make_state(&want, i);
		make_state(&handler_set, i + 100);
		fxrstor(&want);
		RAW(SYS_kill, pid, SIGUSR1);
		fxsave(&seen);
		bad += !same_state(&want, &seen);
	}
	fxrstor(&normal);
	CHECK(!bad && handler_hits == (int)check_scaled(300),
	      check_name("%s_kept", kind), "%u wrong, %d handlers", bad,
	      handler_hits);
	CHECK(handler_saw.cwd == 0x37f && handler_saw.mxcsr == 0x1f80,
	      check_name("%s_fresh", kind), "cwd %#x mxcsr %#x", handler_saw.cwd,
	      handler_saw.mxcsr);
	CHECK(same_state(&want, &frame_had), check_name("%s_frame", kind),
	      "cwd %#x mxcsr %#x xmm0 %#x", frame_had.cwd, frame_had.mxcsr,
	      frame_had.xmm[0][0]);
	handler_mode = 1;
	make_state(&want, 5);
	fxrstor(&want);
	RAW(SYS_kill, pid, SIGUSR1);
	fxsave(&seen);
	fxrstor(&normal);
	memset(want.xmm[2], 0x77, 16);
	CHECK(same_state(&want, &seen), check_name("%s_changed", kind), "xmm2 %#x",
	      seen.xmm[2][0]);
}

/* Signals from a timer into the middle of arithmetic */
static volatile int timer_hits;

static void timer_handler(int sig __maybe_unused)
{
	volatile double x = 3.0;
	volatile long double y = 7.0L;

	x = x / 7.0;
	y = y / 3.0L;
	timer_hits++;
}

static void test_arithmetic(void)
{
	struct itimerval timer = {
		.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000
	};
	struct itimerval off = {};
	volatile double sum = 0, first = 0;
	volatile long double product = 1, first_product = 0;
	unsigned int round, i, bad = 0;

	signal(SIGALRM, timer_handler);
	timer_hits = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	for (round = 0; timer_hits < (int)check_scaled(100); round++) {
		sum = 0;
		product = 1;
		for (i = 1; i < 2000; i++) {
			sum += 1.0 / i;
			product = product * 1.0001L + 1.0L / i;
		}
		if (!round) {
			first = sum;
			first_product = product;
		}
		bad += sum != first || product != first_product;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(!bad, "arithmetic_under_timer", "%u wrong", bad);
	CHECK(first > 8.1778 && first < 8.1779, "arithmetic", "%f", (double)first);
}

/* x87: unmasked, the exception comes at the next waiting instruction */
#define X87(name, mask, ops)						\
	static void name(void)						\
	{								\
		static const unsigned short cw = 0x37f & ~(mask);	\
									\
		asm volatile("fninit; fldcw %0\n" ops "\nfwait\nfninit"	\
			     : : "m" (cw));				\
	}

static const double huge = 1e300, tiny = 1e-300;
static double sink;

X87(x87_invalid, 0x01, "fldz; fldz; fdivp")
X87(x87_denormal, 0x02, "fldl x87_denormal_operand; fld1; faddp")
X87(x87_divide, 0x04, "fld1; fldz; fdivrp %%st, %%st(1)")
X87(x87_overflow, 0x08, "fldl x87_huge; fldl x87_huge; fmulp; fstpl x87_sink")
X87(x87_underflow, 0x10, "fldl x87_tiny; fldl x87_tiny; fmulp; fstpl x87_sink")
X87(x87_inexact, 0x20, "fld1; fldl x87_three; fdivrp")
X87(x87_stack, 0x01, "fld1;fld1;fld1;fld1;fld1;fld1;fld1;fld1;fld1")
X87(x87_masked, 0x00, "fldz; fldz; fdivp; fld1; fldz; fdivrp")

double x87_huge = 1e300, x87_tiny = 1e-300, x87_three = 3.0, x87_sink;
unsigned int x87_denormal_operand[2] = { 1, 0 };

/* SSE: at the instruction itself */
static void sse(unsigned int unmask, const double *a, const double *b)
{
	unsigned int mxcsr = 0x1f80 & ~(unmask << 7), normal = 0x1f80;

	asm volatile("ldmxcsr %0" : : "m" (mxcsr));
	if (unmask == 4 || unmask == 1 || unmask == 0x20)
		asm volatile("movsd %1, %%xmm0; divsd %2, %%xmm0; movsd %%xmm0, %0"
			     : "=m" (sink) : "m" (*a), "m" (*b));
	else
		asm volatile("movsd %1, %%xmm0; mulsd %2, %%xmm0; movsd %%xmm0, %0"
			     : "=m" (sink) : "m" (*a), "m" (*b));
	asm volatile("ldmxcsr %0" : : "m" (normal));
}

static void sse_divide(void) { static const double one = 1, zero; sse(4, &one, &zero); }
static void sse_invalid(void) { static const double zero; sse(1, &zero, &zero); }
static void sse_overflow(void) { sse(8, &huge, &huge); }
static void sse_underflow(void) { sse(0x10, &tiny, &tiny); }
static void sse_inexact(void) { static const double one = 1, three = 3; sse(0x20, &one, &three); }

static void bad_mxcsr(void)
{
	unsigned int mxcsr = 0xffff0000;

	asm volatile("ldmxcsr %0" : : "m" (mxcsr));
}

static void misaligned(void)
{
	static struct fxsave fx[2];

	asm volatile("movaps %0, %%xmm1" : : "m" (*((char *)fx + 1)));
}

static void test_exceptions(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		int code;	/* 0: no exception; -1: print it */
	} cases[] = {
		{ "x87_invalid", x87_invalid, FPE_FLTINV },
		{ "x87_divide", x87_divide, FPE_FLTDIV },
		{ "x87_overflow", x87_overflow, FPE_FLTOVF },
		{ "x87_underflow", x87_underflow, FPE_FLTUND },
		{ "x87_inexact", x87_inexact, FPE_FLTRES },
		{ "x87_masked", x87_masked, 0 },
		{ "x87_denormal", x87_denormal, -1 },
		{ "x87_stack", x87_stack, -1 },
		{ "sse_divide", sse_divide, -1 },
		{ "sse_invalid", sse_invalid, -1 },
		{ "sse_overflow", sse_overflow, -1 },
		{ "sse_underflow", sse_underflow, -1 },
		{ "sse_inexact", sse_inexact, -1 },
		{ "sse_misaligned", misaligned, -1 },
		{ "bad_mxcsr", bad_mxcsr, -1 },
	};
	unsigned int i, mxcsr = 0x1f80;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fault_run(cases[i].fn);
		asm volatile("fninit; ldmxcsr %0" : : "m" (mxcsr));
		if (cases[i].code < 0)
			VALUE(cases[i].name, "%s", fault_text());
		else if (!cases[i].code)
			CHECK(!fault.sig, cases[i].name, "%s", fault_text());
		else
			CHECK(fault.sig == SIGFPE && fault.code == cases[i].code &&
			      fault.trapno == 16, cases[i].name, "%s", fault_text());
	}
}

int main(int argc, char **argv)
{
	unsigned int a, b, c, d, xcr0 = 0;

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return exec_main();
	check_start(argc, argv);
	fault_init();
	__cpuid(1, a, b, c, d);
	if (c & bit_OSXSAVE) {
		asm volatile("xgetbv" : "=a" (xcr0), "=d" (d) : "c" (0));
		have_avx = (c & bit_AVX) && (xcr0 & 6) == 6;
	}
	VALUE("avx", "%d", have_avx);
	CHECK(!keeps_over_yields(1, check_scaled(100)), "alone", "changed");
	test_processes("processes_yield", yield_child);
	test_processes("processes_ticks", tick_child);
	test_threads();
	test_fork();
	test_exec(self_path(argv));
	test_signal(0, "signal");
	test_signal(SA_ONSTACK, "altstack_signal");
	test_arithmetic();
	test_exceptions();
	return check_done();
}
