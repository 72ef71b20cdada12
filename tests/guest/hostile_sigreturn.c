// SPDX-License-Identifier: GPL-2.0
/*
 * Signal frames a program has tampered with: the return goes to where user
 * mode may be, or the program dies of a signal. The kernel checks little of a
 * frame itself and leaves the rest to the processor (or the hypervisor), so
 * each case is a fault at the very end of the way out of the kernel.
 *
 * Every case is a process of its own and one value line: how it ended, and if
 * it went on, with which segment registers.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

#include "check.h"
#include "raw.h"

enum field {
	CS = REG_CS, SS = REG_SS, DS = REG_DS, ES = REG_ES, FS = REG_FS,
	GS = REG_GS, EFL = REG_EFL, EIP = REG_EIP, ESP = REG_ESP,
	EFL_SET = 100, EFL_CLEAR, FPSTATE, FPU_MXCSR, FPU_MAGIC,
};

/* What the child tells its parent, in shared memory */
struct outcome {
	unsigned int resumed;
	unsigned int sig, code, trapno, err;
	unsigned int cs, ss, ds, es, fs, gs, eflags;
	unsigned int mxcsr;
};

static struct outcome *out;
static enum field what;
static unsigned int new_value;
static int legacy;	/* the frame of a handler without SA_SIGINFO */
static char alt_stack[65536] __attribute__((aligned(64)));

/* Reached with any segment register contents: nothing of libc's here. */
static void tamper(struct sigcontext *sc)
{
	volatile unsigned int *field;
	volatile unsigned int *fp = (void *)sc->fpstate;

	/* sigcontext begins with the gregs, in the order of enum field */
	field = (volatile unsigned int *)sc;
	switch ((int)what) {
	case EFL_SET:
		field[REG_EFL] |= new_value;
		break;
	case EFL_CLEAR:
		field[REG_EFL] &= ~new_value;
		break;
	case FPSTATE:
		*(volatile unsigned int *)&sc->fpstate = new_value;
		break;
	case FPU_MXCSR:
		fp[28 + 6] = new_value;		/* in the FXSAVE image at 112 */
		break;
	case FPU_MAGIC:
		fp[27] = new_value;
		break;
	default:
		field[what] = new_value;
	}
}

static void rt_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
		       void *context)
{
	tamper((struct sigcontext *)&((ucontext_t *)context)->uc_mcontext);
}

static void legacy_handler(int sig __maybe_unused, struct sigcontext sc)
{
	tamper(&sc);
}

static void death_handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	/* SIGTRAP comes once, after the first instruction: go on from there. */
	out->sig = sig;
	out->code = si->si_code;
	out->trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	out->err = uc->uc_mcontext.gregs[REG_ERR];
	RAW(SYS_exit_group, 1);
}

static void catch(int sig)
{
	struct sigaction sa = {
		.sa_sigaction = death_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaction(sig, &sa, NULL);
}

/*
 * Send the signal, and if the way back leads here, put down the segments and
 * flags as the first thing. %ss must be good if we are here, and %cs; the
 * other four may be anything, so use %ss to write.
 */
extern void send_and_look(unsigned int pid, unsigned int sig, struct outcome *out);

asm(".text\n"
	".type send_and_look, @function\n"
	"send_and_look:\n"
	"	pushl %ebp\n"
	"	pushl %ebx\n"
	"	pushl %esi\n"
	"	pushl %edi\n"
	"	movl 20(%esp), %ebx\n"
	"	movl 24(%esp), %ecx\n"
	"	movl 28(%esp), %ebp\n"
	"	pushl %ds\n"
	"	pushl %es\n"
	"	pushl %fs\n"
	"	pushl %gs\n"
	"	movl $37, %eax\n"
	"	int $0x80\n"
	"	pushfl\n"
	"	popl 44(%ebp)\n"	/* eflags: %ebp means %ss */
	"	movl %cs, %eax\n"
	"	movl %eax, 20(%ebp)\n"
	"	movl %ss, %eax\n"
	"	movl %eax, 24(%ebp)\n"
	"	movl %ds, %eax\n"
	"	movl %eax, 28(%ebp)\n"
	"	movl %es, %eax\n"
	"	movl %eax, 32(%ebp)\n"
	"	movl %fs, %eax\n"
	"	movl %eax, 36(%ebp)\n"
	"	movl %gs, %eax\n"
	"	movl %eax, 40(%ebp)\n"
	"	movl $1, 0(%ebp)\n"
	"	popl %gs\n"
	"	popl %fs\n"
	"	popl %es\n"
	"	popl %ds\n"
	"	pushl $0x202\n"
	"	popfl\n"
	"	stmxcsr 48(%ebp)\n"
	"	popl %edi\n"
	"	popl %esi\n"
	"	popl %ebx\n"
	"	popl %ebp\n"
	"	ret\n");

static int child(void *arg __maybe_unused)
{
	stack_t ss = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	struct sigaction sa = {};
	static const int deaths[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
	};
	unsigned int i;

	sigaltstack(&ss, NULL);
	for (i = 0; i < ARRAY_SIZE(deaths); i++)
		catch(deaths[i]);
	if (legacy) {
		sa.sa_handler = (void (*)(int))(unsigned int)legacy_handler;
	} else {
		sa.sa_sigaction = rt_handler;
		sa.sa_flags = SA_SIGINFO;
	}
	sigaction(SIGUSR1, &sa, NULL);
	asm volatile("fldz; fstp %%st" : : : "st");	/* so there is an FPU frame */
	send_and_look(getpid(), SIGUSR1, out);
	return 0;
}

static const char *seg_name(char *text, size_t size, const char *seg,
			    unsigned int sel, unsigned int usual)
{
	if (sel == usual)
		text[0] = 0;
	else
		snprintf(text, size, " %s=%#x", seg, sel);
	return text;
}

static void try(const char *name, enum field field, unsigned int value)
{
	char cs[16], ss[16], ds[16], es[16], fs[16], gs[16];
	const char *full;
	int status;

	what = field;
	new_value = value;
	full = check_name("%s%s", legacy ? "old_" : "", name);
	memset(out, 0, sizeof(*out));
	status = run_child(child, NULL);
	if (out->sig) {
		VALUE(full, "signal %u code %d trapno %u err %#x", out->sig,
		      (int)out->code, out->trapno, out->err);
	} else if (out->resumed && status == 0) {
		VALUE(full, "goes on%s%s%s%s%s%s",
		      seg_name(cs, sizeof(cs), "cs", out->cs & 0xffff, read_cs()),
		      seg_name(ss, sizeof(ss), "ss", out->ss & 0xffff, read_ss()),
		      seg_name(ds, sizeof(ds), "ds", out->ds & 0xffff, read_ds()),
		      seg_name(es, sizeof(es), "es", out->es & 0xffff, read_es()),
		      seg_name(fs, sizeof(fs), "fs", out->fs & 0xffff, read_fs()),
		      seg_name(gs, sizeof(gs), "gs", out->gs & 0xffff, read_gs()));
		if (field == EFL || field == EFL_SET || field == EFL_CLEAR)
			VALUE(check_name("%s.flags", full), "%#x",
			      out->eflags & (EFLAGS_IF | EFLAGS_IOPL | EFLAGS_NT |
					     EFLAGS_VM | EFLAGS_RF | EFLAGS_AC |
					     EFLAGS_VIF | EFLAGS_VIP | EFLAGS_TF));
		if (field == FPU_MXCSR)
			VALUE(check_name("%s.mxcsr", full), "%#x", out->mxcsr);
	} else {
		VALUE(full, "%s", status_text(status));
	}
	/* Whatever the outcome, there is one, and it is no hang. */
	CHECK(status >= 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) &&
	      (out->sig || WIFSIGNALED(status) || (out->resumed && status == 0)),
	      check_name("%s.ends", full), "%s, resumed %u", status_text(status),
	      out->resumed);
}

/*
 * Selectors: none, the kernel's own (0x60, 0x68 native; with RPL 1 in a Xen
 * guest), its TSS, LDT, per-CPU and other system entries, entries of an LDT
 * that is not there, those of Xen for ring 1 and 3, and beyond any table.
 */
static const unsigned int selectors[] = {
	0, 1, 2, 3, 0x08, 0x0b, 0x33, 0x3b, 0x43, 0x60, 0x61, 0x62, 0x63, 0x68,
	0x69, 0x6b, 0x70, 0x73, 0x78, 0x79, 0x7a, 0x7b, 0x80, 0x83, 0x88, 0x8b,
	0x90, 0xa3, 0xc3, 0xd0, 0xd3, 0xd8, 0xdb, 0xe3, 0xeb, 0xf3, 0xfb, 0x100,
	0x07, 0x0f, 0x17, 0x87, 0xfff, 0xe008, 0xe00b, 0xe010, 0xe013, 0xe019,
	0xe01b, 0xe021, 0xe023, 0xe02b, 0xe033, 0xe038, 0xe03b, 0xe043, 0xdff8,
	0xfff8, 0xfffc, 0xffff,
};

static void try_selectors(enum field field, const char *seg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selectors); i++)
		try(check_name("%s_%#x", seg, selectors[i]), field, selectors[i]);
}

static void try_flags(void)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} flags[] = {
		{ "iopl", EFLAGS_IOPL }, { "iopl1", 0x1000 }, { "nt", EFLAGS_NT },
		{ "vm", EFLAGS_VM }, { "rf", EFLAGS_RF }, { "ac", EFLAGS_AC },
		{ "vif", EFLAGS_VIF }, { "vip", EFLAGS_VIP }, { "df", EFLAGS_DF },
		{ "tf", EFLAGS_TF }, { "bit1", 2 }, { "high", 0xffc00000 },
		{ "vm_iopl_nt", EFLAGS_VM | EFLAGS_IOPL | EFLAGS_NT },
		{ "all", ~EFLAGS_TF & ~EFLAGS_AC },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		try(check_name("set_%s", flags[i].name), EFL_SET, flags[i].bits);
	try("clear_if", EFL_CLEAR, EFLAGS_IF);
	try("clear_all", EFL, 0);
	try("all_ones", EFL, ~(EFLAGS_TF | EFLAGS_AC));
}

static void try_addresses(void)
{
	static const unsigned int addresses[] = {
		0, 1, 0x1000, 0xbffff000, 0xc0000000, 0xc0100000, 0xf57fffff,
		0xf5800000, 0xfc000000, 0xffffe000, 0xfffffff0, 0xffffffff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		try(check_name("eip_%#x", addresses[i]), EIP, addresses[i]);
	/* %ebp still holds the outcome's address: but popf etc. need a stack */
	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		try(check_name("esp_%#x", addresses[i]), ESP, addresses[i]);
}

static void try_fpu(void)
{
	static const unsigned int pointers[] = {
		0, 1, 0x1000, 0xc0000000, 0xf5800000, 0xfffff000, 0xffffffff,
	};
	static const unsigned int mxcsrs[] = { 0x1f80, 0x1f00, 0xffff, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++)
		try(check_name("fpstate_%#x", pointers[i]), FPSTATE, pointers[i]);
	for (i = 0; i < ARRAY_SIZE(mxcsrs); i++)
		try(check_name("mxcsr_%#x", mxcsrs[i]), FPU_MXCSR, mxcsrs[i]);
	try("fpu_magic_ffff", FPU_MAGIC, 0xffff0000);
	try("fpu_magic_5555", FPU_MAGIC, 0x55550000);
}

/* The same with an LDT: not-present, data, code, and 16-bit entries */
static void set_ldt(unsigned int entry, unsigned int contents, int read_only,
		    int not_present)
{
	struct user_desc desc = {
		.entry_number = entry, .base_addr = 0, .limit = 0xfffff,
		.seg_32bit = 1, .contents = contents, .limit_in_pages = 1,
		.read_exec_only = read_only, .seg_not_present = not_present,
		.useable = 1,
	};

	RAW(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

static void try_ldt(void)
{
	static const struct {
		unsigned int sel;
		const char *name;
	} entries[] = {
		{ 0x07, "data" }, { 0x0f, "read_only" }, { 0x17, "code" },
		{ 0x1f, "execute_only" }, { 0x27, "data_absent" },
		{ 0x2f, "code_absent" }, { 0x37, "conforming" },
		{ 0x3f, "expand_down" }, { 0x47, "beyond" }, { 0x04, "data_rpl0" },
		{ 0x14, "code_rpl0" },
	};
	unsigned int i;

	set_ldt(0, 0, 0, 0);
	set_ldt(1, 0, 1, 0);
	set_ldt(2, 2, 0, 0);
	set_ldt(3, 2, 1, 0);
	set_ldt(4, 0, 0, 1);
	set_ldt(5, 2, 0, 1);
	set_ldt(6, 3, 0, 0);
	set_ldt(7, 1, 0, 0);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		try(check_name("ldt_cs_%s", entries[i].name), CS, entries[i].sel);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		try(check_name("ldt_ss_%s", entries[i].name), SS, entries[i].sel);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		try(check_name("ldt_ds_%s", entries[i].name), DS, entries[i].sel);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		try(check_name("ldt_gs_%s", entries[i].name), GS, entries[i].sel);
}

/* A frame that is not there at all, and one of junk on the stack */
static int no_frame(void *arg)
{
	unsigned int nr = (unsigned int)arg;

	asm volatile("movl $16, %%esp; int $0x80; ud2" : : "a" (nr) : "memory");
	return 0;
}

static int kernel_frame(void *arg)
{
	unsigned int nr = (unsigned int)arg;

	asm volatile("movl $0xc0001000, %%esp; int $0x80; ud2" : : "a" (nr) : "memory");
	return 0;
}

static unsigned int junk[1024];

static int junk_frame(void *arg)
{
	unsigned int nr = (unsigned int)arg;

	asm volatile("movl %1, %%esp; int $0x80; ud2"
		     : : "a" (nr), "r" (&junk[64]) : "memory");
	return 0;
}

static void try_junk(void)
{
	unsigned int i, round, rounds = check_scaled(200), alive = 0;
	unsigned int seed = 1;
	int status;

	static const struct {
		const char *name;
		int (*fn)(void *);
		int nr;
	} cases[] = {
		{ "no_frame", no_frame, SYS_rt_sigreturn },
		{ "old_no_frame", no_frame, SYS_sigreturn },
		{ "kernel_frame", kernel_frame, SYS_rt_sigreturn },
		{ "old_kernel_frame", kernel_frame, SYS_sigreturn },
		{ "zero_frame", junk_frame, SYS_rt_sigreturn },
		{ "old_zero_frame", junk_frame, SYS_sigreturn },
	};

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		status = run_child(cases[i].fn, (void *)cases[i].nr);
		CHECK(WIFSIGNALED(status), cases[i].name, "%s", status_text(status));
		VALUE(cases[i].name, "%s", status_text(status));
	}
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < ARRAY_SIZE(junk); i++) {
			seed = seed * 1103515245 + 12345;
			junk[i] = seed ^ seed >> 16;
			/* half of it small, as selectors are */
			if (seed & 0x10000)
				junk[i] &= 0xff;
		}
		/* no FPU frame, so that it is the registers that matter */
		status = run_child(junk_frame,
				   (void *)(round & 1 ? SYS_sigreturn : SYS_rt_sigreturn));
		alive += !WIFSIGNALED(status);
	}
	CHECK(!alive, "junk_frames", "%u of %u did not die", alive, rounds);
}

int main(int argc, char **argv)
{
	check_start(argc, argv);
	out = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		   -1, 0);
	for (legacy = 0; legacy < 2; legacy++) {
		try("unchanged", EFL_SET, 0);
		CHECK(out->resumed && !out->sig, legacy ? "old_control" : "control",
		      "signal %u", out->sig);
		try_selectors(CS, "cs");
		try_selectors(SS, "ss");
		try_flags();
		if (legacy)
			break;
		try_selectors(DS, "ds");
		try_selectors(ES, "es");
		try_selectors(FS, "fs");
		try_selectors(GS, "gs");
		try_addresses();
		try_fpu();
		try_ldt();
	}
	try_junk();
	return check_done();
}
