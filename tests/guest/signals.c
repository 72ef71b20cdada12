// SPDX-License-Identifier: GPL-2.0
/*
 * Signal delivery and return: handlers, alternate stacks, restarts, timers,
 * and every register as it was afterwards.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <time.h>

#include "check.h"
#include "raw.h"

static volatile sig_atomic_t hits, nested_hits, depth, max_depth;
static volatile int seen_code, seen_value, seen_pid, on_alt;
static volatile unsigned long long in_order;
static char alt_stack[65536] __attribute__((aligned(64)));

static void count_handler(int sig __maybe_unused)
{
	hits++;
}

static void set_handler(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void set_sigaction(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {
		.sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO
	};

	sigaction(sig, &sa, NULL);
}

static void info_handler(int sig __maybe_unused, siginfo_t *si,
			 void *context __maybe_unused)
{
	seen_code = si->si_code;
	seen_value = si->si_value.sival_int;
	seen_pid = si->si_pid;
	hits++;
}

static void test_plain(void)
{
	unsigned int i, rounds = check_scaled(1000);
	union sigval value = { .sival_int = 0x1234abcd };

	hits = 0;
	set_handler(SIGUSR1, count_handler, 0);
	for (i = 0; i < rounds; i++)
		kill(getpid(), SIGUSR1);
	CHECK(hits == (int)rounds, "handler", "%d of %u", hits, rounds);

	hits = 0;
	set_sigaction(SIGUSR1, info_handler, 0);
	for (i = 0; i < rounds; i++)
		kill(getpid(), SIGUSR1);
	CHECK(hits == (int)rounds, "rt_handler", "%d of %u", hits, rounds);
	CHECK(seen_code == SI_USER && seen_pid == getpid(), "siginfo_kill",
	      "code %d pid %d", seen_code, seen_pid);
	sigqueue(getpid(), SIGUSR1, value);
	CHECK(seen_code == SI_QUEUE && seen_value == 0x1234abcd, "siginfo_queue",
	      "code %d value %#x", seen_code, seen_value);
	raise(SIGUSR1);
	CHECK(seen_code == SI_TKILL, "siginfo_tkill", "code %d", seen_code);

	hits = 0;
	set_handler(SIGUSR1, count_handler, SA_RESETHAND);
	raise(SIGUSR1);
	set_handler(SIGUSR2, SIG_IGN, 0);
	raise(SIGUSR2);
	CHECK(hits == 1 && signal(SIGUSR1, SIG_DFL) == SIG_DFL, "resethand",
	      "%d hits", hits);
}

static void nest_handler(int sig)
{
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	nested_hits++;
	if (nested_hits < 20)
		raise(sig == SIGUSR1 ? SIGUSR2 : SIGUSR1);
	depth--;
}

static void order_handler(int sig)
{
	in_order = in_order * 10 + sig - SIGRTMIN;
}

static void test_nested(void)
{
	sigset_t set, old;
	int i;

	nested_hits = 0;
	max_depth = 0;
	set_handler(SIGUSR1, nest_handler, SA_NODEFER);
	set_handler(SIGUSR2, nest_handler, SA_NODEFER);
	raise(SIGUSR1);
	CHECK(nested_hits == 20 && max_depth == 20 && depth == 0, "nested",
	      "%d hits, depth %d, then %d", nested_hits, max_depth, depth);

	/* without SA_NODEFER the second of a kind waits for the first's return */
	nested_hits = 0;
	max_depth = 0;
	set_handler(SIGUSR1, nest_handler, 0);
	set_handler(SIGUSR2, nest_handler, 0);
	raise(SIGUSR1);
	CHECK(nested_hits == 20 && max_depth == 2, "nested_masked",
	      "%d hits, depth %d", nested_hits, max_depth);

	/* several pending at once: all are delivered on one way out */
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (i = 1; i <= 5; i++) {
		set_handler(SIGRTMIN + i, order_handler, 0);
		raise(SIGRTMIN + i);
		raise(SIGRTMIN + i);
	}
	in_order = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(in_order != 0, "pending_delivered", "none");
	VALUE("pending_order", "%llu", in_order);
}

static void alt_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			void *context __maybe_unused)
{
	char here;

	on_alt = &here >= alt_stack && &here < alt_stack + sizeof(alt_stack);
}

static void test_altstack(void)
{
	stack_t ss = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	stack_t now;

	sigaltstack(&ss, NULL);
	set_sigaction(SIGUSR1, alt_handler, SA_ONSTACK);
	on_alt = 0;
	raise(SIGUSR1);
	CHECK(on_alt, "onstack", "handler ran on the normal stack");
	set_sigaction(SIGUSR1, alt_handler, 0);
	on_alt = 1;
	raise(SIGUSR1);
	CHECK(!on_alt, "not_onstack", "handler ran on the alternate stack");
	sigaltstack(NULL, &now);
	CHECK(!(now.ss_flags & SS_ONSTACK), "left_altstack", "flags %d", now.ss_flags);
}

/* The handler must run with a state of its own: DF and TF clear. */
static volatile unsigned int handler_flags, handler_ds, handler_es, handler_ss;
static volatile unsigned int handler_cs;

static void flags_handler(int sig __maybe_unused)
{
	handler_flags = read_eflags();
	handler_cs = read_cs();
	handler_ds = read_ds();
	handler_es = read_es();
	handler_ss = read_ss();
}

static void test_handler_state(void)
{
	unsigned int pid = getpid();

	set_handler(SIGUSR1, flags_handler, 0);
	asm volatile("pushl %%es; pushl $0; popl %%es; std\n"
		     "int $0x80\n"
		     "cld; popl %%es"
		     : : "a" (SYS_kill), "b" (pid), "c" (SIGUSR1) : "memory", "cc");
	CHECK(!(handler_flags & (EFLAGS_DF | EFLAGS_TF)), "handler_flags", "%#x",
	      handler_flags);
	CHECK(handler_cs == read_cs() && handler_ds == read_ds() &&
	      handler_es == read_ds() && handler_ss == read_ss(),
	      "handler_segments", "cs %#x ds %#x es %#x ss %#x", handler_cs,
	      handler_ds, handler_es, handler_ss);
}

/*
 * Every integer register and the flags hold a pattern over a signal that is
 * delivered by a system call of our own, and over one that comes from outside.
 */
extern unsigned int regs_probe(unsigned int pid, unsigned int sig);
unsigned int regs_esp, regs_out[8];

asm(".text\n"
	".type regs_probe, @function\n"
	"regs_probe:\n"
	"	pushl %ebp\n"
	"	pushl %ebx\n"
	"	pushl %esi\n"
	"	pushl %edi\n"
	"	movl 20(%esp), %ebx\n"
	"	movl 24(%esp), %ecx\n"
	"	movl %esp, regs_esp\n"
	"	movl $37, %eax\n"		/* kill */
	"	movl $0x3d3d3d3d, %edx\n"
	"	movl $0x51515151, %esi\n"
	"	movl $0xd1d1d1d1, %edi\n"
	"	movl $0xb9b9b9b9, %ebp\n"
	"	pushl $0xcd7\n"			/* OF DF SF ZF AF PF CF */
	"	popfl\n"
	"	int $0x80\n"
	"	pushfl\n"
	"	cld\n"
	"	movl %eax, regs_out\n"
	"	movl %ebx, regs_out + 4\n"
	"	movl %ecx, regs_out + 8\n"
	"	movl %edx, regs_out + 12\n"
	"	movl %esi, regs_out + 16\n"
	"	movl %edi, regs_out + 20\n"
	"	movl %ebp, regs_out + 24\n"
	"	popl regs_out + 28\n"
	"	xorl %eax, %eax\n"
	"	cmpl %esp, regs_esp\n"
	"	setne %al\n"
	"	movl regs_esp, %esp\n"
	"	popl %edi\n"
	"	popl %esi\n"
	"	popl %ebx\n"
	"	popl %ebp\n"
	"	ret\n");

static void clobber_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			    void *context __maybe_unused)
{
	asm volatile("xorl %%eax, %%eax; xorl %%ecx, %%ecx; xorl %%edx, %%edx\n"
		     "xorl %%esi, %%esi; xorl %%edi, %%edi"
		     : : : "eax", "ecx", "edx", "esi", "edi", "cc", "memory");
	hits++;
}

static void clobber_handler_old(int sig __maybe_unused)
{
	clobber_handler(0, NULL, NULL);
}

static void probe_registers(const char *name)
{
	unsigned int pid = getpid(), esp_moved, flags;

	hits = 0;
	esp_moved = regs_probe(pid, SIGUSR1);
	flags = regs_out[7];
	CHECK(hits == 1 && !esp_moved && regs_out[0] == 0 && regs_out[1] == pid &&
	      regs_out[2] == SIGUSR1 && regs_out[3] == 0x3d3d3d3d &&
	      regs_out[4] == 0x51515151 && regs_out[5] == 0xd1d1d1d1 &&
	      regs_out[6] == 0xb9b9b9b9, name,
	      "hits %d esp %d eax %#x ebx %#x ecx %#x edx %#x esi %#x edi %#x ebp %#x",
	      hits, esp_moved, regs_out[0], regs_out[1], regs_out[2], regs_out[3],
	      regs_out[4], regs_out[5], regs_out[6]);
	CHECK((flags & 0xdd7) == 0xcd7, check_name("%s_flags", name), "%#x", flags);
}

/*
 * The context the handler sees, and what it writes there, is what the program
 * had and what it gets: through ud2, which the handler steps over.
 */
extern void context_probe(void);
extern char context_ud2[];
unsigned int context_out[8];
static volatile int context_good;

asm(".text\n"
	".type context_probe, @function\n"
	"context_probe:\n"
	"	pushal\n"
	"	movl $1, %eax\n"
	"	movl $2, %ebx\n"
	"	movl $3, %ecx\n"
	"	movl $4, %edx\n"
	"	movl $5, %esi\n"
	"	movl $6, %edi\n"
	"	movl $7, %ebp\n"
	"	stc\n"
	"context_ud2: ud2\n"
	"	movl %eax, context_out\n"
	"	movl %ebx, context_out + 4\n"
	"	movl %ecx, context_out + 8\n"
	"	movl %edx, context_out + 12\n"
	"	movl %esi, context_out + 16\n"
	"	movl %edi, context_out + 20\n"
	"	movl %ebp, context_out + 24\n"
	"	pushfl\n"
	"	popl context_out + 28\n"
	"	popal\n"
	"	ret\n");

static void context_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			    void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	context_good = r[REG_EAX] == 1 && r[REG_EBX] == 2 && r[REG_ECX] == 3 &&
		r[REG_EDX] == 4 && r[REG_ESI] == 5 && r[REG_EDI] == 6 &&
		r[REG_EBP] == 7 && r[REG_EIP] == (greg_t)context_ud2 &&
		(r[REG_EFL] & EFLAGS_CF) && (r[REG_EFL] & EFLAGS_IF) &&
		(r[REG_CS] & 0xffff) == (greg_t)read_cs() &&
		(r[REG_SS] & 0xffff) == (greg_t)read_ss() &&
		(r[REG_GS] & 0xffff) == (greg_t)read_gs();
	r[REG_EAX] = 11;
	r[REG_EBX] = 12;
	r[REG_ECX] = 13;
	r[REG_EDX] = 14;
	r[REG_ESI] = 15;
	r[REG_EDI] = 16;
	r[REG_EBP] = 17;
	r[REG_EFL] &= ~EFLAGS_CF;
	r[REG_EIP] += 2;
}

static void test_context(void)
{
	unsigned int i, wrong = 0;

	set_sigaction(SIGILL, context_handler, 0);
	context_probe();
	CHECK(context_good, "context_read", "the handler saw other registers");
	for (i = 0; i < 7; i++)
		wrong += context_out[i] != 11 + i;
	CHECK(!wrong && !(context_out[7] & EFLAGS_CF), "context_write",
	      "%u registers wrong, flags %#x", wrong, context_out[7]);
	signal(SIGILL, SIG_DFL);
}

/* A read of a pipe interrupted by a signal: restarted, or EINTR */
static int interrupted_read(int flags, char *c)
{
	int data[2], len, err, status;
	pid_t pid, parent = getpid();

	if (pipe(data))
		exit(99);
	hits = 0;
	set_handler(SIGUSR1, count_handler, flags);
	pid = fork();
	if (pid == 0) {
		usleep(100000);
		kill(parent, SIGUSR1);
		usleep(100000);
		_exit(write(data[1], "y", 1) == 1 ? 0 : 1);
	}
	errno = 0;
	len = read(data[0], c, 1);
	err = len < 0 ? errno : 0;
	waitpid(pid, &status, 0);
	close(data[0]);
	close(data[1]);
	return err;
}

static void test_restart(void)
{
	char c = 0;
	int err;

	err = interrupted_read(SA_RESTART, &c);
	CHECK(err == 0 && c == 'y' && hits == 1, "restart", "errno %d, %d hits", err,
	      hits);
	c = 0;
	err = interrupted_read(0, &c);
	CHECK(err == EINTR && hits == 1, "no_restart", "errno %d, %d hits", err, hits);
}

/* nanosleep goes on through restart_syscall after a stop and continue */
static int stopped_sleep(void *arg __maybe_unused)
{
	struct timespec ts = { .tv_nsec = 400000000 }, rest = {};

	return nanosleep(&ts, &rest) ? 1 : 0;
}

static void test_restart_block(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(stopped_sleep(NULL));
	usleep(100000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	CHECK(WIFSTOPPED(status), "stop", "%s", status_text(status));
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "restart_block", "%s",
	      status_text(status));
}

static void test_sigsuspend(void)
{
	sigset_t block, old, wait;
	struct timespec zero = {};
	siginfo_t si;

	hits = 0;
	set_handler(SIGUSR1, count_handler, 0);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	raise(SIGUSR1);
	CHECK(hits == 0, "blocked", "%d hits", hits);
	wait = old;
	sigdelset(&wait, SIGUSR1);
	CHECK(sigsuspend(&wait) == -1 && errno == EINTR && hits == 1, "sigsuspend",
	      "errno %d, %d hits", errno, hits);
	raise(SIGUSR1);
	CHECK(sigtimedwait(&block, &si, &zero) == SIGUSR1, "sigtimedwait", "errno %d",
	      errno);
	CHECK(sigtimedwait(&block, &si, &zero) == -1 && errno == EAGAIN,
	      "sigtimedwait_none", "errno %d", errno);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(hits == 1, "sigwait_takes", "%d hits", hits);
}

/*
 * A busy loop that holds a pattern in every register and looks at them all,
 * while timer ticks come and, in the second run, signal handlers with them.
 * Returns 0 when told to stop, 1 when a register was not its own.
 */
extern unsigned int busy_loop(void);
volatile unsigned int busy_stop;
unsigned int busy_esp;

asm(".text\n"
	".type busy_loop, @function\n"
	"busy_loop:\n"
	"	pushal\n"
	"	movl %esp, busy_esp\n"
	"	movl $0x0a0a0a0a, %eax\n"
	"	movl $0x1b1b1b1b, %ebx\n"
	"	movl $0x2c2c2c2c, %ecx\n"
	"	movl $0x3d3d3d3d, %edx\n"
	"	movl $0x4e4e4e4e, %esi\n"
	"	movl $0x5f5f5f5f, %edi\n"
	"	movl $0x60606060, %ebp\n"
	"1:	cmpl $0x0a0a0a0a, %eax\n"
	"	jne 2f\n"
	"	cmpl $0x1b1b1b1b, %ebx\n"
	"	jne 2f\n"
	"	cmpl $0x2c2c2c2c, %ecx\n"
	"	jne 2f\n"
	"	cmpl $0x3d3d3d3d, %edx\n"
	"	jne 2f\n"
	"	cmpl $0x4e4e4e4e, %esi\n"
	"	jne 2f\n"
	"	cmpl $0x5f5f5f5f, %edi\n"
	"	jne 2f\n"
	"	cmpl $0x60606060, %ebp\n"
	"	jne 2f\n"
	"	cmpl %esp, busy_esp\n"
	"	jne 2f\n"
    /* and the arithmetic flags, all set, over the branch that tests for stop */
	"	pushl $0xad7\n"
	"	popfl\n"
	"	nop\n"
	"	nop\n"
	"	nop\n"
	"	pushfl\n"
	"	andl $0xcd5, (%esp)\n"
	"	cmpl $0x8d5, (%esp)\n"
	"	leal 4(%esp), %esp\n"
	"	jne 2f\n"
	"	cmpl $0, busy_stop\n"
	"	je 1b\n"
	"	popal\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"2:	movl busy_esp, %esp\n"
	"	popal\n"
	"	movl $1, %eax\n"
	"	ret\n");

static volatile int busy_ticks, busy_want;

static void busy_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			 void *context __maybe_unused)
{
	clobber_handler(0, NULL, NULL);
	if (++busy_ticks >= busy_want)
		busy_stop = 1;
}

static void busy_run(const char *name, int which, int sig, int ticks, int usec)
{
	struct itimerval timer = {
		.it_interval.tv_usec = usec, .it_value.tv_usec = usec
	};
	struct itimerval off = {};
	unsigned int bad;

	busy_ticks = 0;
	busy_want = ticks;
	busy_stop = 0;
	set_sigaction(sig, busy_handler, 0);
	setitimer(which, &timer, NULL);
	bad = busy_loop();
	setitimer(which, &off, NULL);
	CHECK(!bad && busy_ticks >= ticks, name, "a register changed after %d ticks",
	      busy_ticks);
}

static void test_timers(void)
{
	/* one signal at the end: the ticks before it have no handler */
	busy_run("ticks_without_handler", ITIMER_REAL, SIGALRM, 1,
		 check_scaled(900000));
	busy_run("ticks_with_handler", ITIMER_REAL, SIGALRM, check_scaled(1000), 1000);
	busy_run("virtual_timer", ITIMER_VIRTUAL, SIGVTALRM, check_scaled(50), 1000);
	busy_run("profile_timer", ITIMER_PROF, SIGPROF, check_scaled(50), 1000);

	hits = 0;
	set_handler(SIGALRM, count_handler, 0);
	alarm(1);
	CHECK(pause() == -1 && errno == EINTR && hits == 1, "alarm",
	      "errno %d, %d hits", errno, hits);
}

/* Two processes, each with a busy loop and a timer, take turns. */
static int busy_child(void *arg)
{
	struct itimerval timer = {
		.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000
	};

	busy_ticks = 0;
	busy_want = (int)arg;
	busy_stop = 0;
	set_sigaction(SIGVTALRM, busy_handler, 0);
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	return busy_loop();
}

static void test_busy_pair(void)
{
	pid_t pid[3];
	int i, status, good = 0;

	for (i = 0; i < 3; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(busy_child((void *)check_scaled(50)));
	}
	for (i = 0; i < 3; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && status == 0)
			good++;
	CHECK(good == 3, "busy_processes", "%d of 3", good);
}

/* The trap flag set by the program itself: one SIGTRAP an instruction */
static volatile int trap_hits, trap_code;

static void trap_handler(int sig __maybe_unused, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	trap_hits++;
	trap_code = si->si_code;
	if (trap_hits > 1000)
		uc->uc_mcontext.gregs[REG_EFL] &= ~EFLAGS_TF;
}

static void test_trap_flag(void)
{
	unsigned int pid;

	set_sigaction(SIGTRAP, trap_handler, 0);
	trap_hits = 0;
	asm volatile("pushfl; orl $0x100, (%%esp); popfl\n"
		     "nop; nop; nop; nop; nop\n"
		     "pushfl; andl $~0x100, (%%esp); popfl"
		     : : : "memory", "cc");
	CHECK(trap_hits == 8 && trap_code == TRAP_TRACE, "trap_flag",
	      "%d traps, code %d", trap_hits, trap_code);
	trap_hits = 0;
	asm volatile("pushfl; orl $0x100, (%%esp); popfl\n"
		     "nop\n"
		     "int $0x80\n"
		     "nop\n"
		     "pushfl; andl $~0x100, (%%esp); popfl"
		     : "=a" (pid) : "a" (SYS_getpid) : "memory", "cc");
	CHECK(pid == (unsigned int)getpid(), "trap_flag_syscall", "result %d", pid);
	VALUE("trap_flag_syscall_traps", "%d", trap_hits);
	signal(SIGTRAP, SIG_DFL);
}

/* A handler on a stack that is not there: the process dies, nothing else does */
static int no_stack(void *arg __maybe_unused)
{
	set_handler(SIGUSR1, count_handler, 0);
	asm volatile("movl %%esp, %%edi; movl $16, %%esp; int $0x80; movl %%edi, %%esp"
		     : : "a" (SYS_kill), "b" (getpid()), "c" (SIGUSR1) :
		     "memory", "edi");
	return 0;
}

int main(int argc, char **argv)
{
	int status;

	check_start(argc, argv);
	test_plain();
	test_nested();
	test_altstack();
	test_handler_state();
	set_handler(SIGUSR1, clobber_handler_old, 0);
	probe_registers("registers_sigreturn");
	set_sigaction(SIGUSR1, clobber_handler, 0);
	probe_registers("registers_rt_sigreturn");
	set_sigaction(SIGUSR1, clobber_handler, SA_ONSTACK);
	probe_registers("registers_altstack");
	test_context();
	test_restart();
	test_restart_block();
	test_sigsuspend();
	test_timers();
	test_busy_pair();
	test_trap_flag();
	status = run_child(no_stack, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "no_stack", "%s",
	      status_text(status));
	return check_done();
}
