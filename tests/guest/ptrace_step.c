// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace: single steps, breakpoints in text and in debug registers, registers
 * read and written, system calls stopped at, changed and emulated.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "check.h"
#include "raw.h"

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA	25
#endif
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU		31
#endif
#define REQUEST(nr)	((enum __ptrace_request)(nr))
#define DEBUGREG(n)	offsetof(struct user, u_debugreg[n])

typedef struct user_regs_struct regs_t;

/*
 * The blocks the child runs; each ends in int3 at <name>_end. The parent sets
 * the child's eip to one and counts steps to the end.
 */
#define BLOCK(name, body)						\
	asm(".text\n" #name ":\n" body "\n" #name "_end: int3\nud2\n");	\
	extern char name[], name##_end[]

BLOCK(b_nops, "nop; nop; nop; nop; nop; nop; nop; nop; nop; nop");
BLOCK(b_loop, "movl $10, %ecx\n1: decl %ecx\n jnz 1b");
BLOCK(b_call, "call 1f\n nop\n jmp 2f\n1: nop\n ret\n2:");
BLOCK(b_rep, "movl $5, %ecx; movl $b_buffer, %edi; cld; rep stosb");
BLOCK(b_int80, "movl $20, %eax; int $0x80; nop; nop");
BLOCK(b_bad_syscall, "movl $9999, %eax; int $0x80; nop");
BLOCK(b_vsyscall, "movl $20, %eax; call *b_sysinfo; nop");
BLOCK(b_pushf, "pushfl; popl %eax; pushfl; popfl; pushfl; popl %edx");
BLOCK(b_popf_tf, "pushfl; orl $0x100, (%esp); popfl; nop; nop\n"
      "pushfl; andl $~0x100, (%esp); popfl; nop");
BLOCK(b_iret, "pushfl; pushl %cs; pushl $1f; iret; ud2\n1: nop");
BLOCK(b_movss, "movl %ss, %eax; movl %eax, %ss; nop; nop");
BLOCK(b_seg, "pushl %es; popl %es; pushl %ds; popl %ds; nop");
BLOCK(b_fpu, "fninit; fld1; fldpi; movaps b_xmm, %xmm3; nop");
BLOCK(b_store, "movl $1, b_buffer; movl $2, b_buffer + 4\n"
      "movl b_buffer + 8, %eax; movb $3, b_buffer + 11; nop");
BLOCK(b_target, "nop; nop\n.globl b_here\nb_here: nop; nop");
BLOCK(b_syscalls, "movl $20, %eax; int $0x80; movl %eax, %esi\n"
      "movl $20, %eax; int $0x80; movl %eax, %edi");
BLOCK(b_fault, "xorl %eax, %eax; movl (%eax), %edx; nop");
BLOCK(b_long, "movl $100000, %ecx\n1: decl %ecx\n jnz 1b");
BLOCK(b_forever, "1: jmp 1b");

extern char b_here[];
unsigned int b_buffer[64] __attribute__((aligned(64)));
unsigned int b_xmm[4] __attribute__((aligned(16))) = { 1, 2, 3, 4 };
unsigned int b_sysinfo;

static pid_t child;

static int child_main(void *arg __maybe_unused)
{
	alarm(100);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (;;)
		pause();
	return 0;
}

/* Let it go on by request and wait; returns waitpid()'s status */
static int go(int request, int sig)
{
	int status = -1;

	if (ptrace(REQUEST(request), child, 0, sig))
		return -1;
	waitpid(child, &status, 0);
	return status;
}

static int stopped_by(int status, int sig)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == sig;
}

static void get_regs(regs_t *regs)
{
	memset(regs, 0, sizeof(*regs));
	ptrace(PTRACE_GETREGS, child, 0, regs);
}

static regs_t start_regs;

/* Put the child at a block, with the registers it started with */
static void put_at(char *block)
{
	regs_t regs = start_regs;

	regs.eip = (long)block;
	regs.orig_eax = -1;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
}

/* Steps from block to end; a negative number is a stop that was no step */
static int count_steps(char *block, char *end, regs_t *regs)
{
	int steps = 0, status;
	siginfo_t si;

	put_at(block);
	for (;;) {
		get_regs(regs);
		if (regs->eip == (long)end)
			return steps;
		status = go(PTRACE_SINGLESTEP, 0);
		if (!stopped_by(status, SIGTRAP) || steps > 1000)
			return -1 - steps;
		ptrace(PTRACE_GETSIGINFO, child, 0, &si);
		if (si.si_code != TRAP_TRACE && si.si_code != TRAP_BRKPT)
			return -1000 - si.si_code;
		steps++;
	}
}

static void test_steps(void)
{
	static const struct {
		const char *name;
		char *block, *end;
		int steps;	/* 0: print it */
	} cases[] = {
		{ "nops", b_nops, b_nops_end, 10 },
		{ "loop", b_loop, b_loop_end, 21 },
		{ "call", b_call, b_call_end, 5 },
		{ "int80", b_int80, b_int80_end, 4 },
		{ "bad_syscall", b_bad_syscall, b_bad_syscall_end, 3 },
		{ "pushf", b_pushf, b_pushf_end, 6 },
		{ "iret", b_iret, b_iret_end, 5 },
		{ "seg", b_seg, b_seg_end, 5 },
		{ "fpu", b_fpu, b_fpu_end, 5 },
		{ "popf_tf", b_popf_tf, b_popf_tf_end, 9 },
		{ "rep", b_rep, b_rep_end, 0 },
		{ "movss", b_movss, b_movss_end, 0 },
	};
	unsigned int i;
	regs_t regs;
	int steps;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = check_name("step_%s", cases[i].name);

		steps = count_steps(cases[i].block, cases[i].end, &regs);
		if (cases[i].steps)
			CHECK(steps == cases[i].steps, name, "%d steps", steps);
		else
			CHECK(steps > 0, name, "%d steps", steps);
		if (!cases[i].steps)
			VALUE(name, "%d", steps);
		/* a popf of what pushf showed makes the flag the program's own */
		VALUE(check_name("%s_tf", name), "%d", !!(regs.eflags & EFLAGS_TF));
		CHECK((regs.xcs & 0xffff) == (long)read_cs() &&
		      (regs.xss & 0xffff) == (long)read_ss() &&
		      regs.esp == start_regs.esp, check_name("%s_state", name),
		      "flags %#lx cs %#lx ss %#lx esp moved %ld", regs.eflags,
		      regs.xcs, regs.xss, regs.esp - start_regs.esp);
	}
	count_steps(b_int80, b_int80_end, &regs);
	CHECK(regs.eax == child, "step_int80_result", "%ld", regs.eax);
	count_steps(b_bad_syscall, b_bad_syscall_end, &regs);
	CHECK(regs.eax == -ENOSYS, "step_bad_syscall_result", "%ld", regs.eax);
	count_steps(b_pushf, b_pushf_end, &regs);
	VALUE("pushf_shows_tf", "%d %d", !!(regs.eax & EFLAGS_TF),
	      !!(regs.edx & EFLAGS_TF));

	b_sysinfo = getauxval(AT_SYSINFO);
	VALUE("sysinfo", "%s", b_sysinfo ? "there" : "none");
	if (b_sysinfo) {
		ptrace(PTRACE_POKEDATA, child, &b_sysinfo, b_sysinfo);
		steps = count_steps(b_vsyscall, b_vsyscall_end, &regs);
		CHECK(steps > 0 && regs.eax == child &&
		      regs.esp == start_regs.esp, "step_vsyscall",
		      "%d steps, result %ld", steps, regs.eax);
		VALUE("step_vsyscall", "%d", steps);
	}
}

/* Many steps, for speed and to see that none is lost */
static void test_many_steps(void)
{
	unsigned int i, rounds = check_scaled(2000);
	regs_t regs;
	int status = 0;

	put_at(b_long);
	for (i = 0; i < rounds; i++) {
		status = go(PTRACE_SINGLESTEP, 0);
		if (!stopped_by(status, SIGTRAP))
			break;
	}
	get_regs(&regs);
	CHECK(i == rounds && regs.ecx == 100000 - (long)rounds / 2, "many_steps",
	      "%u of %u, ecx %ld, %s", i, rounds, regs.ecx, status_text(status));
}

static void test_breakpoint(void)
{
	unsigned int word;
	siginfo_t si;
	regs_t regs;
	int status;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, child, b_here, 0);
	CHECK(!errno && word == *(unsigned int *)b_here, "peektext", "%#x", word);
	put_at(b_target);
	ptrace(PTRACE_POKETEXT, child, b_here, (word & ~0xff) | 0xcc);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	ptrace(PTRACE_GETSIGINFO, child, 0, &si);
	CHECK(stopped_by(status, SIGTRAP) && regs.eip == (long)b_here + 1 &&
	      si.si_code == SI_KERNEL, "breakpoint", "%s, eip %+ld, code %d",
	      status_text(status), regs.eip - (long)b_here, si.si_code);
	CHECK(*(unsigned char *)b_here == 0x90, "poketext_is_private",
	      "the parent's own text changed");
	ptrace(PTRACE_POKETEXT, child, b_here, word);
	regs.eip--;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP) && regs.eip == (long)b_target_end + 1,
	      "breakpoint_removed", "%s, eip %+ld", status_text(status),
	      regs.eip - (long)b_target_end);
}

static void test_registers(void)
{
	regs_t regs, back;
	long fs, ret;

	regs = start_regs;
	regs.eax = 0x11111111;
	regs.ebx = 0x22222222;
	regs.ecx = 0x33333333;
	regs.edx = 0x44444444;
	regs.esi = 0x55555555;
	regs.edi = 0x66666666;
	regs.ebp = 0x77777777;
	regs.eip = (long)b_nops;
	regs.orig_eax = -1;
	regs.xfs = read_ds();
	regs.xes = 0;
	ret = ptrace(PTRACE_SETREGS, child, 0, &regs);
	CHECK(!ret, "setregs", "errno %d", errno);
	go(PTRACE_CONT, 0);
	get_regs(&back);
	CHECK(back.eax == regs.eax && back.ebx == regs.ebx && back.ecx == regs.ecx &&
	      back.edx == regs.edx && back.esi == regs.esi && back.edi == regs.edi &&
	      back.ebp == regs.ebp && back.esp == regs.esp &&
	      back.eip == (long)b_nops_end + 1, "getregs", "eip %+ld",
	      back.eip - (long)b_nops_end);
	CHECK((back.xfs & 0xffff) == (long)read_ds() && (back.xes & 0xffff) == 0 &&
	      (back.xds & 0xffff) == (long)read_ds() &&
	      (back.xgs & 0xffff) == (long)read_gs(), "getregs_segments",
	      "fs %#lx es %#lx ds %#lx gs %#lx", back.xfs, back.xes, back.xds,
	      back.xgs);

	errno = 0;
	fs = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, regs.xfs), 0);
	CHECK(!errno && (fs & 0xffff) == (long)read_ds(), "peekuser_fs", "%#lx", fs);
	ret = ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eax), 99);
	CHECK(!ret && ptrace(PTRACE_PEEKUSER, child,
			     offsetof(struct user, regs.eax), 0) == 99,
	      "pokeuser_eax", "errno %d", errno);
	put_at(b_nops);
}

/* What a debugger may not set */
static void test_hostile_registers(void)
{
	static const unsigned int selectors[] = {
		0, 0x60, 0x61, 0x68, 0x69, 0x73, 0x7b, 0x08, 0x0f, 0xe019, 0xe021,
		0xe02b, 0xe033, 0xffff,
	};
	static const struct {
		const char *name;
		unsigned int offset;
	} fields[] = {
		{ "cs", offsetof(struct user, regs.xcs) },
		{ "ss", offsetof(struct user, regs.xss) },
		{ "ds", offsetof(struct user, regs.xds) },
		{ "fs", offsetof(struct user, regs.xfs) },
		{ "gs", offsetof(struct user, regs.xgs) },
	};
	unsigned int i, j;
	regs_t regs;
	int status, err;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (j = 0; j < ARRAY_SIZE(selectors); j++) {
			put_at(b_nops);
			err = ptrace(PTRACE_POKEUSER, child, fields[i].offset,
				     selectors[j]) ? errno : 0;
			status = go(PTRACE_CONT, 0);
			get_regs(&regs);
			VALUE(check_name("poke_%s_%#x", fields[i].name, selectors[j]),
			      "errno %d, %s", err, status_text(status));
			if (!WIFSTOPPED(status))
				return;
		}
	}
	put_at(b_nops);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eflags),
	       EFLAGS_IOPL | EFLAGS_NT | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP) && regs.eip == (long)b_nops_end + 1 &&
	      !(regs.eflags & EFLAGS_VM) && (regs.eflags & EFLAGS_IF),
	      "poke_eflags", "%s, flags %#lx",
	      status_text(status), regs.eflags);
	VALUE("poke_eflags_iopl", "%ld", (regs.eflags & EFLAGS_IOPL) >> 12);
	VALUE("poke_eflags_nt", "%d", !!(regs.eflags & EFLAGS_NT));
	/* TF set by hand: one instruction */
	put_at(b_nops);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eflags), EFLAGS_TF);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP) && regs.eip == (long)b_nops + 1,
	      "poke_eflags_tf", "%s, eip %+ld", status_text(status),
	      regs.eip - (long)b_nops);
	put_at(b_nops);
}

static void test_faults(void)
{
	siginfo_t si;
	regs_t regs;
	int status;

	put_at(b_fault);
	status = go(PTRACE_CONT, 0);
	ptrace(PTRACE_GETSIGINFO, child, 0, &si);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGSEGV) && si.si_code == SEGV_MAPERR &&
	      !si.si_addr && regs.eip == (long)b_fault + 2, "fault_stop",
	      "%s, code %d, eip %+ld", status_text(status), si.si_code,
	      regs.eip - (long)b_fault);
	/* stepping onto it tells the fault, not a step */
	put_at(b_fault);
	go(PTRACE_SINGLESTEP, 0);
	status = go(PTRACE_SINGLESTEP, 0);
	CHECK(stopped_by(status, SIGSEGV), "fault_step", "%s", status_text(status));
	/* a stop from outside in a busy loop */
	put_at(b_forever);
	ptrace(PTRACE_CONT, child, 0, 0);
	usleep(50000);
	kill(child, SIGUSR1);
	waitpid(child, &status, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGUSR1) && regs.eip == (long)b_forever,
	      "stop_busy", "%s, eip %+ld", status_text(status),
	      regs.eip - (long)b_forever);
	put_at(b_nops);
}

static void set_debug(int n, unsigned long value, int *err)
{
	if (ptrace(PTRACE_POKEUSER, child, DEBUGREG(n), value))
		*err = errno;
}

static unsigned long get_debug(int n)
{
	return ptrace(PTRACE_PEEKUSER, child, DEBUGREG(n), 0);
}

/* dr7: enable n locally; type 0 execute, 1 write, 3 read or write */
static unsigned long dr7(int n, int type, int len)
{
	return 1ul << (n * 2) | (unsigned long)(type | (len - 1) << 2) << (16 + n * 4);
}

static void clear_debug(void)
{
	int i, err = 0;

	set_debug(7, 0, &err);
	for (i = 0; i < 4; i++)
		set_debug(i, 0, &err);
	set_debug(6, 0, &err);
}

static void watch(const char *name, int n, void *addr, int type, int len,
		  char *block, char *want_end, long want_offset)
{
	int err = 0, status;
	siginfo_t si = {};
	regs_t regs;

	put_at(block);
	set_debug(n, (unsigned long)addr, &err);
	set_debug(7, dr7(n, type, len), &err);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	ptrace(PTRACE_GETSIGINFO, child, 0, &si);
	if (want_offset >= 0)
		CHECK(!err && stopped_by(status, SIGTRAP) &&
		      regs.eip == (long)block + want_offset &&
		      si.si_code == TRAP_HWBKPT && (get_debug(6) & 0xf) == 1u << n,
		      name, "errno %d, %s, eip %+ld, code %d, dr6 %#lx", err,
		      status_text(status), regs.eip - (long)block, si.si_code,
		      get_debug(6));
	else
		CHECK(!err && stopped_by(status, SIGTRAP) &&
		      regs.eip == (long)want_end + 1 && si.si_code == SI_KERNEL,
		      name, "errno %d, %s, eip %+ld", err, status_text(status),
		      regs.eip - (long)want_end);
	clear_debug();
}

static void test_debug_registers(void)
{
	char *bytes = (char *)b_buffer;
	int err = 0, status, i;
	regs_t regs;

	/* b_store: 10 + 10 + 5 + 7 bytes of instructions */
	watch("hw_execute", 0, b_here, 0, 1, b_target, b_target_end, 2);
	watch("hw_execute_3", 3, b_here, 0, 1, b_target, b_target_end, 2);
	watch("hw_write", 1, bytes, 1, 4, b_store, b_store_end, 10);
	watch("hw_write_second", 2, bytes + 4, 1, 4, b_store, b_store_end, 20);
	watch("hw_read", 0, bytes + 8, 3, 4, b_store, b_store_end, 25);
	watch("hw_write_byte", 3, bytes + 11, 1, 1, b_store, b_store_end, 32);
	watch("hw_write_elsewhere", 0, bytes + 16, 1, 4, b_store, b_store_end, -1);
	watch("hw_execute_elsewhere", 0, b_nops, 0, 1, b_target, b_target_end, -1);

	/* all four at once, each hit in turn */
	put_at(b_store);
	for (i = 0; i < 3; i++)
		set_debug(i, (unsigned long)(bytes + i * 4), &err);
	set_debug(3, (unsigned long)b_store_end, &err);
	set_debug(7, dr7(0, 1, 4) | dr7(1, 1, 4) | dr7(2, 3, 4) | dr7(3, 0, 1), &err);
	for (i = 0; i < 5; i++) {
		static const int hits[] = { 0, 1, 2, 2, 3 };

		status = go(PTRACE_CONT, 0);
		if (!stopped_by(status, SIGTRAP) ||
		    (get_debug(6) & 0xf) != 1u << hits[i])
			break;
		set_debug(6, 0, &err);
	}
	CHECK(i == 5 && !err, "hw_four", "hit %d: dr6 %#lx, %s, errno %d", i,
	      get_debug(6), status_text(status), err);
	CHECK(get_debug(0) == (unsigned long)bytes &&
	      get_debug(3) == (unsigned long)b_store_end, "hw_read_back",
	      "%#lx %#lx", get_debug(0), get_debug(3));
	clear_debug();

	/* a watchpoint does not show in another process: the parent writes too */
	put_at(b_store);
	set_debug(0, (unsigned long)bytes, &err);
	set_debug(7, dr7(0, 1, 4), &err);
	for (i = 0; i < 100; i++) {
		((volatile unsigned int *)b_buffer)[0] = i;
		getppid();
	}
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(regs.eip == (long)b_store + 10, "hw_own_process", "eip %+ld",
	      regs.eip - (long)b_store);
	clear_debug();

	/* refused: kernel addresses, I/O breakpoints, dr4, reserved lengths */
	err = 0;
	set_debug(0, 0xfffff000, &err);
	set_debug(7, dr7(0, 1, 4), &err);
	CHECK(err != 0, "hw_kernel_address", "accepted");
	clear_debug();
	err = 0;
	set_debug(4, 1, &err);
	VALUE("hw_dr4", "errno %d", err);
	err = 0;
	set_debug(0, (unsigned long)bytes + 1, &err);
	set_debug(7, dr7(0, 1, 4), &err);
	VALUE("hw_misaligned", "errno %d", err);
	clear_debug();
	err = 0;
	set_debug(0, (unsigned long)bytes, &err);
	set_debug(7, dr7(0, 2, 4), &err);
	VALUE("hw_io", "errno %d", err);
	clear_debug();
	/*
	 * Not tried: a single step over a watched store. QEMU's TCG makes two
	 * debug exceptions of it, the second in the kernel's entry code.
	 */
	put_at(b_nops);
}

static void test_syscalls(void)
{
	regs_t regs;
	int status;

	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
	put_at(b_syscalls);
	status = go(PTRACE_SYSCALL, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP | 0x80) && regs.orig_eax == SYS_getpid &&
	      regs.eax == -ENOSYS, "syscall_entry", "%s, orig_eax %ld, eax %ld",
	      status_text(status), regs.orig_eax, regs.eax);
	status = go(PTRACE_SYSCALL, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP | 0x80) && regs.orig_eax == SYS_getpid &&
	      regs.eax == child, "syscall_exit", "%s, orig_eax %ld, eax %ld",
	      status_text(status), regs.orig_eax, regs.eax);
	/* change the second: number at entry, result at exit */
	go(PTRACE_SYSCALL, 0);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.orig_eax),
	       SYS_getppid);
	go(PTRACE_SYSCALL, 0);
	get_regs(&regs);
	CHECK(regs.eax == getpid(), "syscall_changed", "result %ld", regs.eax);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eax), 4711);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP) && regs.esi == child && regs.edi == 4711,
	      "syscall_result_changed", "esi %ld edi %ld", regs.esi, regs.edi);
	CHECK(regs.orig_eax == -1, "orig_eax_after", "%ld", regs.orig_eax);

	/* a call cancelled by number -1 */
	put_at(b_syscalls);
	go(PTRACE_SYSCALL, 0);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.orig_eax), -1);
	go(PTRACE_SYSCALL, 0);
	get_regs(&regs);
	CHECK(regs.eax == -ENOSYS, "syscall_cancelled", "eax %ld", regs.eax);
	go(PTRACE_CONT, 0);

	/* emulated: entered, never done, no exit stop */
	put_at(b_syscalls);
	status = go(PTRACE_SYSEMU, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP | 0x80) && regs.orig_eax == SYS_getpid,
	      "sysemu_entry", "%s, orig_eax %ld", status_text(status), regs.orig_eax);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eax), 1234);
	status = go(PTRACE_SYSEMU, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP | 0x80) && regs.esi == 1234, "sysemu_result",
	      "%s, esi %ld", status_text(status), regs.esi);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.eax), 5678);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(regs.edi == 5678, "sysemu_second", "edi %ld", regs.edi);

	/* the same through the vsyscall entry */
	if (b_sysinfo) {
		put_at(b_vsyscall);
		status = go(PTRACE_SYSCALL, 0);
		get_regs(&regs);
		CHECK(stopped_by(status, SIGTRAP | 0x80) &&
		      regs.orig_eax == SYS_getpid && regs.ebp == start_regs.ebp,
		      "vsyscall_entry", "%s, orig_eax %ld", status_text(status),
		      regs.orig_eax);
		ptrace(PTRACE_POKEUSER, child,
		       offsetof(struct user, regs.orig_eax), SYS_getppid);
		status = go(PTRACE_SYSCALL, 0);
		get_regs(&regs);
		CHECK(stopped_by(status, SIGTRAP | 0x80) && regs.eax == getpid(),
		      "vsyscall_exit", "%s, eax %ld", status_text(status), regs.eax);
		go(PTRACE_CONT, 0);
	}

	/* SETREGS at a stop in a restartable call: the handler's way back */
	put_at(b_nops);
	status = go(PTRACE_CONT, 0);
	get_regs(&regs);
	CHECK(stopped_by(status, SIGTRAP) && regs.eip == (long)b_nops_end + 1,
	      "after_syscalls", "%s", status_text(status));
}

static void test_areas(void)
{
	struct user_fpxregs_struct fpx = {};
	struct user_fpregs_struct fp = {};
	struct user_desc desc = {}, own = {};
	regs_t regs;
	long ret;

	/* the child's TLS is its parent's: the same address by fork */
	own.entry_number = read_gs() >> 3;
	RAW(SYS_get_thread_area, &own);
	ret = ptrace(REQUEST(PTRACE_GET_THREAD_AREA), child, read_gs() >> 3, &desc);
	CHECK(!ret && desc.base_addr == own.base_addr && desc.limit == own.limit &&
	      desc.seg_32bit == own.seg_32bit, "get_thread_area",
	      "returned %ld, base differs by %d", ret,
	      (int)(desc.base_addr - own.base_addr));

	count_steps(b_fpu, b_fpu_end, &regs);
	ret = ptrace(PTRACE_GETFPREGS, child, 0, &fp);
	CHECK(!ret && (fp.cwd & 0xffff) == 0x37f &&
	      ((unsigned short *)fp.st_space)[4] == 0x4000 &&
	      fp.st_space[1] == (long)0xc90fdaa2, "getfpregs",
	      "cwd %#lx st0 %#lx", fp.cwd, fp.st_space[1]);
	ret = ptrace(PTRACE_GETFPXREGS, child, 0, &fpx);
	CHECK(!ret && fpx.xmm_space[12] == 1 && fpx.xmm_space[15] == 4, "getfpxregs",
	      "xmm3 %#lx %#lx", fpx.xmm_space[12], fpx.xmm_space[15]);
	fpx.xmm_space[12] = 77;
	fpx.cwd = 0x27f;
	ret = ptrace(PTRACE_SETFPXREGS, child, 0, &fpx);
	count_steps(b_nops, b_nops_end, &regs);
	memset(&fpx, 0, sizeof(fpx));
	ptrace(PTRACE_GETFPXREGS, child, 0, &fpx);
	CHECK(!ret && fpx.xmm_space[12] == 77 && fpx.cwd == 0x27f, "setfpxregs",
	      "xmm3 %#lx cwd %#x", fpx.xmm_space[12], fpx.cwd);
}

int main(int argc, char **argv)
{
	int status;

	check_start(argc, argv);
	child = fork();
	if (child == 0)
		_exit(child_main(NULL));
	waitpid(child, &status, 0);
	CHECK(stopped_by(status, SIGSTOP), "traceme", "%s", status_text(status));
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
	get_regs(&start_regs);
	start_regs.esp = (start_regs.esp - 1024) & ~15;
	test_steps();
	test_many_steps();
	test_breakpoint();
	test_registers();
	test_faults();
	test_areas();
	test_syscalls();
	test_debug_registers();
	test_hostile_registers();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "killed", "%s",
	      status_text(status));
	return check_done();
}
