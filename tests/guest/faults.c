// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions: what signal each becomes, with which si_code, si_addr, trap
 * number, error code and instruction pointer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "check.h"
#include "fault.h"

#define KERNEL	0x80	/* SI_KERNEL */

/*
 * An instruction by itself: name() prepares registers, runs it and returns.
 * name_at is its address and name_next the address after it.
 */
#define INSN(name, setup, insn)						\
	asm(".text\n"							\
	    ".type " #name ", @function\n"				\
	    #name ":\n" setup "\n"					\
	    #name "_at: " insn "\n"					\
	    #name "_next: ret\n");					\
	extern void name(void);						\
	extern char name##_at[], name##_next[]

/* #GP for a privileged instruction */
INSN(i_hlt, "", "hlt");
INSN(i_cli, "", "cli");
INSN(i_sti, "", "sti");
INSN(i_in_b, "xorl %eax, %eax", "inb $0x80, %al");
INSN(i_in_dx, "movl $0x3f8, %edx", "inl %dx, %eax");
INSN(i_out_b, "xorl %eax, %eax", "outb %al, $0x80");
INSN(i_out_dx, "movl $0xcf8, %edx; xorl %eax, %eax", "outl %eax, %dx");
INSN(i_insb, "movl $0x60, %edx; leal scratch, %ecx; xchgl %edi, %ecx",
     "insb; xchgl %edi, %ecx");
INSN(i_outsb, "movl $0x80, %edx; leal scratch, %ecx; xchgl %esi, %ecx",
     "outsb; xchgl %esi, %ecx");
INSN(i_lgdt, "", "lgdt scratch");
INSN(i_lidt, "", "lidt scratch");
INSN(i_lldt, "xorl %eax, %eax", "lldt %ax");
INSN(i_ltr, "movl $0x40, %eax", "ltr %ax");
INSN(i_lmsw, "movl $1, %eax", "lmsw %ax");
INSN(i_clts, "", "clts");
INSN(i_invlpg, "", "invlpg scratch");
INSN(i_invd, "", "invd");
INSN(i_wbinvd, "", "wbinvd");
INSN(i_read_cr0, "", "movl %cr0, %eax");
INSN(i_read_cr2, "", "movl %cr2, %eax");
INSN(i_read_cr3, "", "movl %cr3, %eax");
INSN(i_read_cr4, "", "movl %cr4, %eax");
INSN(i_write_cr0, "movl $0x80050033, %eax", "movl %eax, %cr0");
INSN(i_write_cr3, "xorl %eax, %eax", "movl %eax, %cr3");
INSN(i_read_dr7, "", "movl %dr7, %eax");
INSN(i_write_dr7, "xorl %eax, %eax", "movl %eax, %dr7");
INSN(i_rdmsr, "movl $0x174, %ecx", "rdmsr");
INSN(i_wrmsr, "movl $0x174, %ecx; xorl %eax, %eax; xorl %edx, %edx", "wrmsr");
INSN(i_iret_nt, "pushfl; orl $0x4000, (%esp); popfl", "iret");

/* software interrupts */
INSN(i_int00, "", "int $0x00");
INSN(i_int02, "", "int $0x02");
INSN(i_int03, "", ".byte 0xcd, 0x03");
INSN(i_int04, "", "int $0x04");
INSN(i_int08, "", "int $0x08");
INSN(i_int0d, "", "int $0x0d");
INSN(i_int0e, "", "int $0x0e");
INSN(i_int20, "", "int $0x20");
INSN(i_int21, "", "int $0x21");
INSN(i_int40, "", "int $0x40");
INSN(i_int7f, "", "int $0x7f");
INSN(i_int81, "", "int $0x81");
INSN(i_int82, "movl $17, %eax", "int $0x82");	/* a hypercall's number */
INSN(i_intf3, "", "int $0xf3");
INSN(i_intff, "", "int $0xff");

/* processor exceptions */
INSN(i_divide, "xorl %edx, %edx; xorl %ecx, %ecx", "divl %ecx");
INSN(i_idiv_overflow, "movl $0x80000000, %eax; cltd; movl $-1, %ecx",
     "idivl %ecx");
INSN(i_ud2, "", "ud2");
INSN(i_bad_lock, "", ".byte 0xf0, 0x90");		/* lock nop */
INSN(i_int3, "", "int3");
INSN(i_into, "movb $0x7f, %al; addb $1, %al", "into");
INSN(i_into_clear, "xorl %eax, %eax", "into");
INSN(i_bound, "movl $5, %eax", "boundl %eax, bounds");
INSN(i_bound_inside, "movl $1, %eax", "boundl %eax, bounds");
INSN(i_icebp, "", ".byte 0xf1");
INSN(i_mov_cs, "movl $0x2b, %eax", ".byte 0x8e, 0xc8");
INSN(i_align, "pushfl; orl $0x40000, (%esp); popfl", "movl scratch + 1, %eax\n"
     "pushfl; andl $~0x40000, (%esp); popfl");

/* what UMIP may hide */
INSN(i_smsw, "", "smsw %eax");
INSN(i_sgdt, "", "sgdt scratch");
INSN(i_sidt, "", "sidt scratch");
INSN(i_sldt, "", "sldt %eax");
INSN(i_str, "", "str %eax");
INSN(i_rdpmc, "xorl %ecx, %ecx", "rdpmc");
INSN(i_rdtsc, "", "rdtsc");
INSN(i_xgetbv, "xorl %ecx, %ecx", "xgetbv");

unsigned char scratch[64] __attribute__((aligned(16)));
int bounds[2] = { 0, 4 };

enum ip_is { AT, NEXT };

struct expectation {
	const char *name;
	void (*fn)(void);
	const char *at, *next;
	int sig, code;
	unsigned int trapno, err;
	enum ip_is ip;
};

#define E(n, s, c, t, e, i)						\
	{ #n, i_##n, i_##n##_at, i_##n##_next, s, c, t, e, i }
#define GP(n)		E(n, SIGSEGV, KERNEL, 13, 0, AT)
#define SOFT(n, vec)	E(n, SIGSEGV, KERNEL, 13, (vec) * 8 + 2, AT)

static const struct expectation expectations[] = {
	GP(hlt), GP(cli), GP(sti), GP(in_b), GP(in_dx), GP(out_b), GP(out_dx),
	GP(insb), GP(outsb), GP(lgdt), GP(lidt), GP(lldt), GP(ltr), GP(lmsw),
	GP(clts), GP(invlpg), GP(invd), GP(wbinvd), GP(read_cr0), GP(read_cr2),
	GP(read_cr3), GP(read_cr4), GP(write_cr0), GP(write_cr3), GP(read_dr7),
	GP(write_dr7), GP(rdmsr), GP(wrmsr),
	SOFT(int00, 0x00), SOFT(int02, 0x02), SOFT(int08, 0x08),
	SOFT(int0d, 0x0d), SOFT(int0e, 0x0e), SOFT(int20, 0x20),
	SOFT(int21, 0x21), SOFT(int40, 0x40), SOFT(int7f, 0x7f),
	SOFT(int81, 0x81), SOFT(int82, 0x82), SOFT(intf3, 0xf3),
	SOFT(intff, 0xff),
	E(int03, SIGTRAP, KERNEL, 3, 0, NEXT),
	E(int04, SIGSEGV, KERNEL, 4, 0, NEXT),
	E(int3, SIGTRAP, KERNEL, 3, 0, NEXT),
	E(into, SIGSEGV, KERNEL, 4, 0, NEXT),
	E(into_clear, 0, 0, 0, 0, AT),
	E(bound, SIGSEGV, KERNEL, 5, 0, AT),
	E(bound_inside, 0, 0, 0, 0, AT),
	E(divide, SIGFPE, FPE_INTDIV, 0, 0, AT),
	E(idiv_overflow, SIGFPE, FPE_INTDIV, 0, 0, AT),
	E(ud2, SIGILL, ILL_ILLOPN, 6, 0, AT),
	E(bad_lock, SIGILL, ILL_ILLOPN, 6, 0, AT),
	E(mov_cs, SIGILL, ILL_ILLOPN, 6, 0, AT),
	E(rdtsc, 0, 0, 0, 0, AT),
};

static const struct expectation unknowns[] = {
	GP(smsw), GP(sgdt), GP(sidt), GP(sldt), GP(str), GP(rdpmc),
	GP(xgetbv), GP(icebp), GP(align), GP(iret_nt),
};

static void run_expectation(const struct expectation *e)
{
	int good = fault_run(e->fn) == e->sig;

	if (good && e->sig) {
		const char *ip = e->ip == AT ? e->at : e->next;

		good = fault.code == e->code && fault.trapno == e->trapno &&
		       fault.err == e->err && fault.eip == (unsigned int)ip;
		if (e->sig == SIGFPE || e->sig == SIGILL)
			good = good && fault.addr == (unsigned int)e->at;
		else
			good = good && !fault.addr;
	}
	CHECK(good, e->name, "%s, eip %+d, si_addr %#x", fault_text(),
	      (int)(fault.eip - (unsigned int)e->at), fault.addr);
}

static void run_unknown(const struct expectation *e)
{
	fault_run(e->fn);
	if (fault.sig)
		VALUE(check_name("%s", e->name), "%s eip%+d", fault_text(),
		      (int)(fault.eip - (unsigned int)e->at));
	else
		VALUE(check_name("%s", e->name), "no fault");
}

/* Page faults: signal, code, address and error code */
static void page_fault(const char *name, int code, unsigned int err,
		       volatile void *addr)
{
	CHECK(fault.sig == SIGSEGV && fault.code == code && fault.trapno == 14 &&
	      fault.err == err && fault.addr == (unsigned int)addr, name,
	      "%s, si_addr %+d", fault_text(),
	      (int)(fault.addr - (unsigned int)addr));
}

static void test_page_faults(void)
{
	volatile char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *p;
	int fd;

	p = NULL;
	fault_read(p);
	page_fault("null_read", SEGV_MAPERR, 4, p);
	fault_write(p, 1);
	page_fault("null_write", SEGV_MAPERR, 6, p);
	p = (void *)0x123;
	fault_read(p);
	page_fault("low_read", SEGV_MAPERR, 4, p);
	fault_run(0x10);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR &&
	      fault.addr == 0x10 && fault.eip == 0x10 && (fault.err & ~0x10) == 4,
	      "null_call", "%s", fault_text());
	VALUE("null_call_error", "%#x", fault.err);

	*page = 1;
	p = page + 77;
	mprotect((void *)page, PAGE, PROT_READ);
	fault_write(p, 2);
	page_fault("read_only_write", SEGV_ACCERR, 7, p);
	CHECK(*page == 1, "read_only_keeps", "%d", *page);
	mprotect((void *)page, PAGE, PROT_NONE);
	fault_read(p);
	VALUE("prot_none_read_error", "%#x", fault.err);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_ACCERR &&
	      fault.addr == (unsigned int)p && (fault.err & ~1) == 4,
	      "prot_none_read", "%s", fault_text());
	fault_write(p, 1);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_ACCERR &&
	      fault.addr == (unsigned int)p && (fault.err & ~1) == 6,
	      "prot_none_write", "%s", fault_text());
	mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
	CHECK(*page == 1, "prot_none_keeps", "%d", *page);

	/* a page without PROT_EXEC runs where there is no NX */
	*page = 0xc3;
	fault_run(page);
	VALUE("no_exec_page", "%s", fault_text());
	mprotect((void *)page, PAGE, PROT_READ | PROT_EXEC);
	fault_run(page);
	CHECK(!fault.sig, "exec_page", "%s", fault_text());
	munmap((void *)page, PAGE);
	fault_read(p);
	page_fault("unmapped_read", SEGV_MAPERR, 4, p);
	fault_write(p, 1);
	page_fault("unmapped_write", SEGV_MAPERR, 6, p);

	/* beyond the end of a file */
	fd = memfd_create("short", 0);
	if (ftruncate(fd, 100))
		exit(99);
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p = page + PAGE + 5;
	fault_read(page);
	CHECK(!fault.sig, "file_inside", "%s", fault_text());
	fault_read(p);
	CHECK(fault.sig == SIGBUS && fault.code == BUS_ADRERR &&
	      fault.addr == (unsigned int)p && fault.trapno == 14 &&
	      fault.err == 4, "file_beyond_read", "%s", fault_text());
	fault_write(p, 1);
	CHECK(fault.sig == SIGBUS && fault.code == BUS_ADRERR &&
	      fault.addr == (unsigned int)p && fault.trapno == 14 &&
	      fault.err == 6, "file_beyond_write", "%s", fault_text());
	munmap((void *)page, 2 * PAGE);
	close(fd);
}

/* Nothing above the user's part can be read, written or run, wherever. */
static void test_kernel_addresses(void)
{
	unsigned int addr, bad = 0, bad_addr = 0, probes = 0;
	unsigned int step = 0x400000;
	volatile char *p;
	static const unsigned int extra[] = {
		0xc0000000, 0xc0100000, 0xc1000000, 0xf57ff000, 0xf5800000,
		0xf5801000, 0xfbfff000, 0xfc000000, 0xffbff000, 0xffffe000,
		0xfffff000,
	};
	unsigned int i;

	/* A 64-bit kernel's compatible mode has no such part. */
	if ((unsigned int)&i >= 0xc0000000) {
		VALUE("kernel_addresses", "none");
		return;
	}
	VALUE("kernel_addresses", "some");
	for (addr = 0xc0000000; addr; addr += step) {
		p = (void *)addr;
		fault_read(p);
		probes++;
		if (fault.sig != SIGSEGV || fault.addr != addr || fault.err != 5 ||
		    fault.code != SEGV_MAPERR) {
			bad++;
			bad_addr = addr;
		}
	}
	CHECK(!bad, "kernel_read", "%u of %u, last %#x", bad, probes, bad_addr);
	bad = 0;
	for (i = 0; i < ARRAY_SIZE(extra); i++) {
		p = (void *)extra[i];
		fault_read(p);
		if (fault.sig != SIGSEGV || fault.addr != extra[i] || fault.err != 5)
			bad_addr = extra[i], bad++;
		fault_write(p, 0);
		if (fault.sig != SIGSEGV || fault.addr != extra[i] || fault.err != 7)
			bad_addr = extra[i], bad++;
		fault_run(p);
		if (fault.sig != SIGSEGV || fault.addr != extra[i] ||
		    fault.eip != extra[i] || (fault.err & ~0x10) != 5)
			bad_addr = extra[i], bad++;
	}
	CHECK(!bad, "kernel_touch", "%u, last %#x: %s", bad, bad_addr, fault_text());
}

/* Bad pointers given to the kernel: EFAULT, and what was done so far counts */
static void test_efault(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char buf[2 * PAGE];
	struct iovec vec[2];
	int pipefd[2], len;

	if (pipe(pipefd))
		exit(99);
#define EFAULT_IS(name, call)						\
	do {								\
		long ret = (call);					\
									\
		CHECK(ret == -EFAULT, name, "returned %ld", ret);	\
	} while (0)
	EFAULT_IS("efault_null", RAW(SYS_write, pipefd[1], 0, 10));
	EFAULT_IS("efault_kernel", RAW(SYS_write, pipefd[1], 0xffffe000, 10));
	EFAULT_IS("efault_hypervisor", RAW(SYS_write, pipefd[1], 0xffffff00, 10));
	EFAULT_IS("efault_path", RAW(SYS_open, 8, 0, 0));
	EFAULT_IS("efault_sigaction", RAW(SYS_rt_sigaction, SIGUSR1, 16, 0, 8));
	EFAULT_IS("efault_iovec", RAW(SYS_writev, pipefd[1], 16, 2));
	munmap(page + PAGE, PAGE);
	len = RAW(SYS_write, pipefd[1], page + PAGE - 10, 20);
	CHECK(len == 10 || len == -EFAULT, "efault_across", "returned %d", len);
	VALUE("efault_across", "%d", len);
	if (len == 10)
		CHECK(read(pipefd[0], buf, 10) == 10, "efault_across_read", "errno %d",
		      errno);
	len = write(pipefd[1], buf, 100);
	mprotect(page, PAGE, PROT_READ);
	EFAULT_IS("efault_read_only", RAW(SYS_read, pipefd[0], page, 100));
	mprotect(page, PAGE, PROT_NONE);
	EFAULT_IS("efault_prot_none", RAW(SYS_write, pipefd[1], page, 100));
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	len = RAW(SYS_read, pipefd[0], buf, 200);
	VALUE("efault_left_in_pipe", "%d", len);
	vec[0].iov_base = buf;
	vec[0].iov_len = 5;
	vec[1].iov_base = page + PAGE;
	vec[1].iov_len = 5;
	len = RAW(SYS_writev, pipefd[1], vec, 2);
	VALUE("efault_second_vector", "%d", len);
	munmap(page, PAGE);
	close(pipefd[0]);
	close(pipefd[1]);
}

/* Many of one kind, to see that nothing is used up */
static void test_many(void)
{
	unsigned int i, rounds = check_scaled(1000), bad = 0;
	volatile char *p = NULL;

	for (i = 0; i < rounds; i++) {
		p = (void *)(i % 4096);
		if (fault_write(p, 1) != SIGSEGV || fault.addr != i % 4096)
			bad++;
		if (fault_run(i_divide) != SIGFPE)
			bad++;
		if (fault_run(i_hlt) != SIGSEGV || fault.trapno != 13)
			bad++;
		if (fault_run(i_int3) != SIGTRAP)
			bad++;
	}
	CHECK(!bad, "many", "%u of %u wrong", bad, rounds * 4);
}

/* Without a handler each ends the process with its signal. */
static int default_action(void *arg)
{
	const struct expectation *e = arg;

	signal(e->sig, SIG_DFL);
	e->fn();
	return 0;
}

/* The same for a handler that is blocked: the kernel forces the signal. */
static int blocked_action(void *arg)
{
	const struct expectation *e = arg;
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	e->fn();
	return 0;
}

static void test_deaths(void)
{
	static const char * const which[] = { "hlt", "int3", "divide", "ud2", "into" };
	unsigned int i, j;
	int status;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		for (j = 0; strcmp(expectations[j].name, which[i]); j++)
			;
		status = run_child(default_action, (void *)&expectations[j]);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == expectations[j].sig,
		      check_name("death_%s", which[i]), "%s", status_text(status));
		status = run_child(blocked_action, (void *)&expectations[j]);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == expectations[j].sig,
		      check_name("blocked_%s", which[i]), "%s", status_text(status));
	}
}

/* Which selectors LAR lets a program see: hardware's view of the GDT */
static void test_visible_selectors(void)
{
	unsigned int sel, rights;
	char seen[512];
	int len = 0;

	seen[0] = 0;
	for (sel = 3; sel < 0x10000; sel += 8) {
		asm volatile("xorl %0, %0; lar %1, %0" : "=&r" (rights) : "r" (sel) :
			     "cc");
		if (rights && len < (int)sizeof(seen) - 20)
			len += snprintf(seen + len, sizeof(seen) - len, " %#x:%#x", sel,
					rights & 0xf0ff00);
	}
	VALUE("visible_selectors", "%s", seen);
}

static void load_fs(unsigned int sel)
{
	asm volatile("movl %0, %%fs" : : "r" (sel));
}

static void load_ss(unsigned int sel)
{
	asm volatile("movl %0, %%ss" : : "r" (sel));
}

static void use_fs(void)
{
	asm volatile("movl %%fs:0, %%eax" : : : "eax");
}

static void test_selector_loads(void)
{
	/* the kernel's own of this and of a native kernel, Xen's, and none */
	static const unsigned int selectors[] = {
		0x08, 0x10, 0x60, 0x61, 0x68, 0x69, 0x80, 0xf8, 0xe009, 0xe011,
		0xe019, 0xe01b, 0xe021, 0xe023, 0xe038, 0xfff8,
	};
	/* Xen's flat user segments and its per-CPU one: there under Xen only */
	static const unsigned int maybe[] = {
		0x7b, 0x73, 0xdb, 0xe02b, 0xe033, 0xe03b, 0xe043,
	};
	unsigned int i, old = read_fs(), sel;

	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		sel = selectors[i];
		fault_run1(load_fs, sel);
		CHECK(fault.sig == SIGSEGV && fault.code == KERNEL &&
		      fault.trapno == 13 && fault.err == (sel & ~3u) &&
		      read_fs() == old, check_name("load_fs_%#x", sel), "%s, fs %#x",
		      fault_text(), read_fs());
		load_fs(old);
		fault_run1(load_ss, sel);
		CHECK(fault.sig == SIGSEGV && fault.code == KERNEL &&
		      fault.trapno == 13 && fault.err == (sel & ~3u),
		      check_name("load_ss_%#x", sel), "%s", fault_text());
	}
	for (i = 0; i < ARRAY_SIZE(maybe); i++) {
		sel = maybe[i];
		fault_run1(load_fs, sel);
		VALUE(check_name("load_fs_%#x", sel), "%s", fault_text());
		load_fs(old);
	}
	fault_run1(load_ss, 0);
	CHECK(fault.sig == SIGSEGV && fault.trapno == 13 && fault.err == 0,
	      "load_ss_null", "%s", fault_text());
	fault_run1(load_fs, 3);
	CHECK(!fault.sig && read_fs() == 3, "load_fs_null_3", "%s, fs %#x",
	      fault_text(), read_fs());
	fault_run(use_fs);
	CHECK(fault.sig == SIGSEGV, "use_fs_null", "%s", fault_text());
	VALUE("use_fs_null", "%s", fault_text());
	load_fs(old);
}

int main(int argc, char **argv)
{
	unsigned int i;

	check_start(argc, argv);
	fault_init();
	for (i = 0; i < ARRAY_SIZE(expectations); i++)
		run_expectation(&expectations[i]);
	for (i = 0; i < ARRAY_SIZE(unknowns); i++)
		run_unknown(&unknowns[i]);
	test_page_faults();
	test_kernel_addresses();
	test_efault();
	test_selector_loads();
	test_visible_selectors();
	test_many();
	test_deaths();
	return check_done();
}
