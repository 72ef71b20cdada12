// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of a program's own: LDT entries by modify_ldt and TLS entries by
 * set_thread_area; loaded, used, inherited, and kept apart between processes.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"
#include "fault.h"

#define LDT_SEL(n)	((n) * 8 + 7)
#define GDT_SEL(n)	((n) * 8 + 3)

static struct user_desc data_segment(unsigned int entry, unsigned int base,
				     unsigned int limit)
{
	struct user_desc desc = {
		.entry_number = entry, .base_addr = base,
		.limit = limit, .seg_32bit = 1, .useable = 1,
	};

	return desc;
}

static long write_ldt(const struct user_desc *desc)
{
	return RAW(SYS_modify_ldt, 0x11, desc, sizeof(*desc));
}

static long clear_ldt(unsigned int entry)
{
	struct user_desc desc = {
		.entry_number = entry, .read_exec_only = 1, .seg_not_present = 1,
	};

	return write_ldt(&desc);
}

static long read_ldt(void *buf, unsigned int size)
{
	return RAW(SYS_modify_ldt, 0, buf, size);
}

static void load_fs(unsigned int sel)
{
	asm volatile("movl %0, %%fs" : : "r" (sel));
}

static unsigned int fs_word(unsigned int offset)
{
	unsigned int word;

	asm volatile("movl %%fs:(%1), %0" : "=r" (word) : "r" (offset));
	return word;
}

static void fs_store(unsigned int offset, unsigned int word)
{
	asm volatile("movl %1, %%fs:(%0)" : : "r" (offset), "r" (word) : "memory");
}

static unsigned int gs_word(unsigned int sel, unsigned int offset)
{
	unsigned int word;

	asm volatile("pushl %%gs; movl %1, %%gs; movl %%gs:(%2), %0; popl %%gs"
		     : "=&r" (word) : "r" (sel), "r" (offset));
	return word;
}

static unsigned int limit_of(unsigned int sel)
{
	unsigned int limit = ~0u;

	asm volatile("lsl %1, %0" : "+r" (limit) : "r" (sel) : "cc");
	return limit;
}

static unsigned int area[1024] __attribute__((aligned(4096)));
#define AREA	((unsigned int)area)

static void test_data(void)
{
	struct user_desc desc = data_segment(0, AREA, 0xfff);
	unsigned char raw[16];
	long ret;

	memset(raw, 0xaa, sizeof(raw));
	ret = read_ldt(raw, sizeof(raw));
	CHECK(ret == 0, "read_empty", "returned %ld", ret);
	area[0] = 0xfeedface;
	area[5] = 0x12345678;
	ret = write_ldt(&desc);
	CHECK(!ret, "write", "returned %ld", ret);
	CHECK(!fault_run1(load_fs, LDT_SEL(0)) && read_fs() == LDT_SEL(0),
	      "load_fs", "%s, fs %#x", fault_text(), read_fs());
	CHECK(fs_word(0) == 0xfeedface && fs_word(20) == 0x12345678, "read_fs",
	      "%#x", fs_word(0));
	fs_store(8, 77);
	CHECK(area[2] == 77, "store_fs", "%u", area[2]);
	CHECK(gs_word(LDT_SEL(0), 20) == 0x12345678, "read_gs", "wrong");
	CHECK(limit_of(LDT_SEL(0)) == 0xfff, "limit", "%#x", limit_of(LDT_SEL(0)));

	/* the entry as the processor has it */
	ret = read_ldt(raw, sizeof(raw));
	CHECK(ret >= 8 && raw[0] == 0xff && raw[1] == 0x0f &&
	      raw[2] == ((unsigned int)area & 0xff) &&
	      raw[3] == ((unsigned int)area >> 8 & 0xff) &&
	      raw[7] == (unsigned int)area >> 24, "read_back", "returned %ld", ret);
	VALUE("entry_rights", "%#x", (raw[5] | raw[6] << 8) & 0xf0fe);

	/* changed while loaded: seen at the next load */
	desc.base_addr += 20;
	write_ldt(&desc);
	load_fs(LDT_SEL(0));
	CHECK(fs_word(0) == 0x12345678, "changed_base", "%#x", fs_word(0));

	/* beyond the limit: hardware's job, which an emulator may not do */
	desc = data_segment(1, AREA, 15);
	write_ldt(&desc);
	load_fs(LDT_SEL(1));
	CHECK(!fault_run1(fs_word, 12), "inside_limit", "%s", fault_text());
	fault_run1(fs_word, 13);
	VALUE("across_limit", "%s", fault_text());
	load_fs(0);
	desc.read_exec_only = 1;
	write_ldt(&desc);
	load_fs(LDT_SEL(1));
	fault_call((fault_fn)(unsigned int)fs_store, 0, 1);
	VALUE("read_only_store", "%s", fault_text());
	load_fs(0);
}

/* #GP or #NP when loaded */
static void load_fails(const char *name, unsigned int sel, int sig,
		       unsigned int trapno)
{
	fault_run1(load_fs, sel);
	CHECK(fault.sig == sig && fault.code == 0x80 && fault.trapno == trapno &&
	      fault.err == (sel & ~3u), name, "%s", fault_text());
}

static void test_invalid(void)
{
	struct user_desc desc = data_segment(2, AREA, 0xfff);
	long ret;

	load_fs(0);
	load_fails("load_empty_entry", LDT_SEL(20), SIGSEGV, 13);
	load_fails("load_beyond_table", LDT_SEL(8191), SIGSEGV, 13);
	desc.seg_not_present = 1;
	ret = write_ldt(&desc);
	CHECK(!ret, "write_absent", "returned %ld", ret);
	load_fails("load_absent", LDT_SEL(2), SIGBUS, 11);
	CHECK(!clear_ldt(0), "clear", "refused");
	load_fails("load_cleared", LDT_SEL(0), SIGSEGV, 13);
	/* execute-only code cannot be loaded into a data register */
	desc = data_segment(3, 0, 0xfffff);
	desc.limit_in_pages = 1;
	desc.contents = 2;
	desc.read_exec_only = 1;
	ret = write_ldt(&desc);
	CHECK(!ret, "write_execute_only", "returned %ld", ret);
	load_fails("load_execute_only", LDT_SEL(3), SIGSEGV, 13);

	desc = data_segment(8192, AREA, 0xfff);
	ret = write_ldt(&desc);
	CHECK(ret == -EINVAL, "write_8192", "returned %ld", ret);
	ret = RAW(SYS_modify_ldt, 0x11, &desc, sizeof(desc) - 1);
	CHECK(ret == -EINVAL, "write_short", "returned %ld", ret);
	ret = RAW(SYS_modify_ldt, 0x11, 16, sizeof(desc));
	CHECK(ret == -EFAULT, "write_bad_pointer", "returned %ld", ret);
	ret = RAW(SYS_modify_ldt, 99, &desc, sizeof(desc));
	CHECK(ret == -ENOSYS, "bad_function", "returned %ld", ret);
	desc = data_segment(4, 0, 0xfffff);
	desc.contents = 3;	/* conforming code must be marked absent */
	ret = write_ldt(&desc);
	VALUE("write_conforming", "%ld", ret);
	clear_ldt(4);
	/* the oldest interface, and what it answers for the default LDT */
	desc = data_segment(5, AREA, 0xfff);
	ret = RAW(SYS_modify_ldt, 1, &desc, sizeof(desc));
	VALUE("write_old_mode", "%ld", ret);
	ret = RAW(SYS_modify_ldt, 2, area, 128);
	VALUE("read_default", "%ld", ret);
	clear_ldt(5);
}

/* Code in an LDT segment of its own, called far and left by lret */
extern unsigned int far_call(unsigned int offset, unsigned int sel);
extern char far_code[], far_code_end[];

asm(".text\n"
	".type far_call, @function\n"
	"far_call:\n"
	"	pushl %ebx\n"
	"	pushl 12(%esp)\n"
	"	pushl 12(%esp)\n"
	"	xorl %ebx, %ebx\n"
	"	lcall *(%esp)\n"
	"	addl $8, %esp\n"
	"	popl %ebx\n"
	"	ret\n"
	"far_code:\n"
	"	movl %cs, %eax\n"
	"	movl $20, %ebx\n"
	"1:	decl %ebx\n"
	"	jnz 1b\n"
	"	lret\n"
	"	movl $20, %eax\n"		/* far_code + 13: getpid in this segment */
	"	int $0x80\n"
	"	lret\n"
	"	ud2\n"
	"far_code_end:\n");

static void test_code(void)
{
	struct user_desc desc = {
		.entry_number = 6, .base_addr = (unsigned int)far_code,
		.limit = far_code_end - far_code - 1, .seg_32bit = 1, .contents = 2,
		.useable = 1,
	};
	unsigned int offset, sel;
	long ret;

	ret = write_ldt(&desc);
	CHECK(!ret, "write_code", "returned %ld", ret);
	sel = far_call(0, LDT_SEL(6));
	CHECK(sel == LDT_SEL(6), "far_call", "cs %#x", sel);
	for (offset = 0; far_code[offset] != (char)0xcb; offset++)
		;
	offset++;
	ret = far_call(offset, LDT_SEL(6));
	CHECK(ret == getpid(), "far_syscall", "wrong process id");
	/* a fault there tells the segment's own eip */
	offset = far_code_end - far_code - 2;
	fault_call((fault_fn)(unsigned int)far_call, offset, LDT_SEL(6));
	CHECK(fault.sig == SIGILL && fault.eip == offset, "far_fault",
	      "%s, eip %#x", fault_text(), fault.eip);
	VALUE("far_fault_addr", "%s", fault.addr == offset ? "offset" :
	      fault.addr == offset + (unsigned int)far_code ? "linear" : "other");
	fault_call((fault_fn)(unsigned int)far_call, 0x1000, LDT_SEL(6));
	CHECK(fault.sig == SIGSEGV && fault.trapno == 13, "far_call_beyond", "%s",
	      fault_text());
	fault_call((fault_fn)(unsigned int)far_call, 0, LDT_SEL(1));
	CHECK(fault.sig == SIGSEGV && fault.trapno == 13 &&
	      fault.err == (LDT_SEL(1) & ~3u), "far_call_data", "%s", fault_text());
	desc.seg_not_present = 1;
	write_ldt(&desc);
	fault_call((fault_fn)(unsigned int)far_call, 0, LDT_SEL(6));
	CHECK(fault.sig == SIGBUS && fault.trapno == 11 &&
	      fault.err == (LDT_SEL(6) & ~3u), "far_call_absent", "%s", fault_text());
	clear_ldt(6);
}

/* A signal while in LDT code, with LDT segments in all data registers */
static volatile unsigned int sig_cs, sig_ds, sig_back, sig_hits;

static void segment_handler(int sig __maybe_unused, siginfo_t *si __maybe_unused,
			    void *context)
{
	ucontext_t *uc = context;

	sig_cs = uc->uc_mcontext.gregs[REG_CS] & 0xffff;
	sig_ds = uc->uc_mcontext.gregs[REG_DS] & 0xffff;
	sig_back = read_ds();
	sig_hits++;
}

/* entries 7, 8 and 9 are flat: code, data and stack */
extern void in_segments(unsigned int pid, unsigned int sig);
unsigned int segments[5];

asm(".text\n"
	".type in_segments, @function\n"
	"in_segments:\n"
	"	movl 4(%esp), %edx\n"
	"	movl 8(%esp), %ecx\n"
	"	pushl %ebx\n"
	"	pushl %ebp\n"
	"	movl %edx, %ebx\n"
	"	pushl %ds\n"
	"	pushl %es\n"
	"	pushl %fs\n"
	"	movl %ss, %ebp\n"
	"	pushl %cs\n"
	"	pushl $2f\n"
	"	movl $0x47, %edx\n"
	"	movl %edx, %ds\n"
	"	movl %edx, %es\n"
	"	movl %edx, %fs\n"
	"	movl $0x4f, %edx\n"
	"	movl %edx, %ss\n"
	"	ljmp $0x3f, $1f\n"
	"1:	movl $37, %eax\n"
	"	int $0x80\n"
	"	movl %cs, %eax\n"
	"	movl %eax, segments\n"
	"	movl %ds, %eax\n"
	"	movl %eax, segments + 4\n"
	"	movl %es, %eax\n"
	"	movl %eax, segments + 8\n"
	"	movl %fs, %eax\n"
	"	movl %eax, segments + 12\n"
	"	movl %ss, %eax\n"
	"	movl %eax, segments + 16\n"
	"	lret\n"
	"2:	movl %ebp, %ss\n"
	"	popl %fs\n"
	"	popl %es\n"
	"	popl %ds\n"
	"	popl %ebp\n"
	"	popl %ebx\n"
	"	ret\n");

static void test_signal(void)
{
	struct user_desc code = {
		.entry_number = 7, .limit = 0xfffff, .limit_in_pages = 1,
		.seg_32bit = 1, .contents = 2, .useable = 1,
	};
	struct user_desc data = code, stack = code;
	struct sigaction sa = {
		.sa_sigaction = segment_handler, .sa_flags = SA_SIGINFO,
	};

	data.entry_number = 8;
	data.contents = 0;
	stack.entry_number = 9;
	stack.contents = 0;
	write_ldt(&code);
	write_ldt(&data);
	write_ldt(&stack);
	sigaction(SIGUSR1, &sa, NULL);
	in_segments(getpid(), SIGUSR1);
	CHECK(sig_hits == 1 && sig_cs == LDT_SEL(7) && sig_ds == LDT_SEL(8),
	      "signal_segments", "cs %#x ds %#x", sig_cs, sig_ds);
	CHECK(sig_back == read_ds(), "signal_handler_ds", "%#x", sig_back);
	CHECK(segments[0] == LDT_SEL(7) && segments[1] == LDT_SEL(8) &&
	      segments[2] == LDT_SEL(8) && segments[3] == LDT_SEL(8) &&
	      segments[4] == LDT_SEL(9), "sigreturn_segments",
	      "cs %#x ds %#x es %#x fs %#x ss %#x", segments[0], segments[1],
	      segments[2], segments[3], segments[4]);
}

/* 16-bit segments, where the processor leaves the high half of %esp alone */
static void test_16bit(void)
{
	struct user_desc desc = {
		.entry_number = 10, .base_addr = (unsigned int)area, .limit = 0xfff,
		.contents = 0, .seg_32bit = 0, .useable = 1,
	};
	unsigned int i, leaks = 0, low_bad = 0;
	unsigned int before = 0, after;
	long ret;

	ret = write_ldt(&desc);
	VALUE("write_16bit", "%ld", ret);
	if (ret)
		return;
	area[3] = 0xabcd1234;
	load_fs(LDT_SEL(10));
	CHECK(fs_word(12) == 0xabcd1234, "read_16bit", "%#x", fs_word(12));
	load_fs(0);
	for (i = 0; i < 100; i++) {
		/* a system call on a 16-bit stack: is %esp's high half kept? */
		asm volatile("movl %%ss, %%ecx; movl %%esp, %%edi\n"
			     "movl $0x57, %%edx; movl %%edx, %%ss\n"
			     "movl $0x5a5a0800, %%esp\n"
			     "movl $158, %%eax; int $0x80\n"	/* sched_yield */
			     "movl %%esp, %0\n"
			     "movl %%ecx, %%ss; movl %%edi, %%esp\n"
			     : "=&S" (after) : : "eax", "ecx", "edx", "edi",
			     "memory", "cc");
		leaks += (after >> 16) != 0x5a5a;
		low_bad += (after & 0xffff) != 0x0800;
		before = after;
	}
	CHECK(!low_bad, "stack_16bit", "%u of 100 lost the low half, last %#x",
	      low_bad, before);
	VALUE("stack_16bit_high_half", "%s", leaks ? "not kept" : "kept");
	clear_ldt(10);
}

/* Entries all over the table: on every page of it */
static void test_many(void)
{
	static unsigned char table[65536];
	unsigned int step = check_percent >= 100 ? 1 : 100 / check_percent;
	unsigned int n, bad = 0, count = 0;
	struct user_desc desc;
	long ret;

	area[0] = 0x600d;
	for (n = 11; n < 8192; n += step) {
		desc = data_segment(n, AREA - n * 4, 0xfffff);
		if (write_ldt(&desc))
			bad++;
		count++;
	}
	desc = data_segment(8191, AREA - 8191 * 4, 0xfffff);
	bad += write_ldt(&desc) != 0;
	CHECK(!bad, "many_write", "%u of %u refused", bad, count);
	for (n = 11; n < 8192; n += step) {
		load_fs(LDT_SEL(n));
		if (fs_word(n * 4) != 0x600d)
			bad++;
	}
	load_fs(LDT_SEL(8191));
	bad += fs_word(8191 * 4) != 0x600d;
	load_fs(0);
	CHECK(!bad, "many_load", "%u of %u wrong", bad, count);
	ret = read_ldt(table, sizeof(table));
	CHECK(ret == sizeof(table), "many_read", "returned %ld", ret);
	for (n = 11; n < 8192; n += step) {
		unsigned char *e = table + n * 8;
		unsigned int base = e[2] | e[3] << 8 | e[4] << 16 |
				    (unsigned int)e[7] << 24;

		if (base != (unsigned int)area - n * 4 || !(e[5] & 0x80))
			bad++;
	}
	CHECK(!bad, "many_read_back", "%u of %u wrong", bad, count);
}

static int inherits(void *arg __maybe_unused)
{
	struct user_desc desc;

	load_fs(LDT_SEL(8191));
	if (fs_word(8191 * 4) != 0x600d)
		return 1;
	/* the child's changes are its own */
	desc = data_segment(8191, AREA - 8191 * 4 + 4, 0xfffff);
	write_ldt(&desc);
	load_fs(LDT_SEL(8191));
	return fs_word(8191 * 4) == area[1] ? 0 : 2;
}

static int exec_self(void *arg)
{
	char *argv[] = { "ldt", "exec", NULL };

	load_fs(LDT_SEL(8191));
	execv(arg, argv);
	return 99;
}

/* After exec there is no LDT. */
static int exec_main(void)
{
	unsigned char raw[16];

	fault_init();
	if (read_ldt(raw, sizeof(raw)) != 0)
		return 1;
	if (read_fs() & ~3u)
		return 2;
	if (fault_run1(load_fs, LDT_SEL(8191)) != SIGSEGV)
		return 3;
	return 0;
}

static void test_processes(char *self)
{
	int status;

	area[1] = 0x51de;
	load_fs(LDT_SEL(8191));
	status = run_child(inherits, NULL);
	CHECK(status == 0, "fork_inherits", "%s", status_text(status));
	CHECK(read_fs() == LDT_SEL(8191) && fs_word(8191 * 4) == 0x600d,
	      "fork_keeps_own", "%#x", fs_word(8191 * 4));
	load_fs(LDT_SEL(8191));
	CHECK(fs_word(8191 * 4) == 0x600d, "fork_keeps_own_table", "%#x",
	      fs_word(8191 * 4));
	load_fs(0);
	status = run_child(exec_self, self);
	CHECK(status == 0, "exec_drops", "%s", status_text(status));
}

/*
 * Processes that take turns, each with LDT and TLS entries of the same numbers
 * and contents of its own; every other one has no LDT at all.
 */
static int turns(void *arg)
{
	unsigned int id = (unsigned int)arg, rounds = check_scaled(200), i;
	struct user_desc desc = data_segment(3, AREA, 0xfff);
	struct user_desc tls = data_segment(-1, AREA + 2048, 0xff);
	unsigned int tls_sel;

	area[0] = id * 1000;
	area[512] = id * 1000 + 500;
	if (RAW(SYS_set_thread_area, &tls))
		return 1;
	tls_sel = GDT_SEL(tls.entry_number);
	if (id % 2 && write_ldt(&desc))
		return 2;
	for (i = 0; i < rounds; i++) {
		load_fs(id % 2 && i % 2 ? LDT_SEL(3) : tls_sel);
		area[0] = id * 1000 + i;
		area[512] = id * 1000 + i;
		RAW(SYS_sched_yield);
		if (fs_word(0) != id * 1000 + i)
			return 3;
		if (gs_word(tls_sel, 0) != id * 1000 + i)
			return 4;
		if (id % 2 == 0 && limit_of(LDT_SEL(3)) != ~0u)
			return 5;
	}
	return 0;
}

static void test_turns(void)
{
	pid_t pid[4];
	int i, status, bad = 0, last = 0;

	/* no LDT from here on: it would be inherited */
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(turns((void *)i));
	}
	for (i = 0; i < 4; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || status) {
			bad++;
			last = status;
		}
	CHECK(!bad, "processes_take_turns", "%d of 4, %s", bad, status_text(last));
}

/* Threads share the LDT and have TLS entries of their own. */
static pthread_barrier_t barrier;

static void *thread(void *arg)
{
	unsigned int id = (unsigned int)arg, i, bad = 0;
	struct user_desc tls = data_segment(-1, 0, 0xff);
	unsigned int mine[64];

	tls.base_addr = (unsigned int)mine;
	mine[0] = id;
	if (RAW(SYS_set_thread_area, &tls))
		return (void *)1;
	pthread_barrier_wait(&barrier);
	for (i = 0; i < check_scaled(100); i++) {
		load_fs(GDT_SEL(tls.entry_number));
		mine[0] = id * 100000 + i;
		RAW(SYS_sched_yield);
		bad += fs_word(0) != id * 100000 + i;
		load_fs(LDT_SEL(30));
		RAW(SYS_sched_yield);
		bad += fs_word(0) != 0xcafe;
	}
	return (void *)bad;
}

static void test_threads(void)
{
	struct user_desc desc = data_segment(30, AREA + 2800, 0xff);
	pthread_t threads[4];
	unsigned int bad = 0, i;
	void *result;

	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, thread, (void *)i);
	/* an entry that is made when the threads are running already */
	area[700] = 0xcafe;
	write_ldt(&desc);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		bad += (unsigned int)result;
	}
	CHECK(!bad, "threads_take_turns", "%u wrong", bad);
}

static void test_thread_area(void)
{
	struct user_desc desc = data_segment(-1, AREA, 0xfff), back, more;
	unsigned int first, raw_rights;
	long ret;

	ret = RAW(SYS_set_thread_area, &desc);
	CHECK(!ret, "set_thread_area", "returned %ld", ret);
	first = desc.entry_number;
	VALUE("thread_area_entry", "%u", first);
	area[9] = 4242;
	load_fs(GDT_SEL(first));
	CHECK(fs_word(36) == 4242, "thread_area_fs", "%u", fs_word(36));
	memset(&back, 0, sizeof(back));
	back.entry_number = first;
	ret = RAW(SYS_get_thread_area, &back);
	CHECK(!ret && back.base_addr == desc.base_addr && back.limit == 0xfff &&
	      back.seg_32bit && back.useable && !back.seg_not_present,
	      "get_thread_area", "returned %ld, limit %#x", ret, back.limit);
	asm volatile("lar %1, %0" : "=r" (raw_rights) : "r" (GDT_SEL(first)) : "cc");
	VALUE("thread_area_rights", "%#x", raw_rights & 0xf0fe00);
	/* changed while loaded: the base in use changes too */
	desc.base_addr += 4;
	ret = RAW(SYS_set_thread_area, &desc);
	CHECK(!ret && fs_word(32) == 4242, "thread_area_changed", "returned %ld", ret);
	more = data_segment(-1, AREA, 0xfff);
	ret = RAW(SYS_set_thread_area, &more);
	CHECK(!ret && more.entry_number != first, "thread_area_third", "returned %ld",
	      ret);
	ret = RAW(SYS_set_thread_area, &more);
	more.entry_number = -1;
	ret = RAW(SYS_set_thread_area, &more);
	CHECK(ret == -ESRCH, "thread_area_full", "returned %ld", ret);
	more.entry_number = 1;
	ret = RAW(SYS_set_thread_area, &more);
	CHECK(ret == -EINVAL, "thread_area_kernel_entry", "returned %ld", ret);
	more.entry_number = first;
	more.seg_32bit = 0;
	ret = RAW(SYS_set_thread_area, &more);
	CHECK(ret == -EINVAL, "thread_area_16bit", "returned %ld", ret);
	/* an empty one frees the entry; what was loaded goes */
	memset(&back, 0, sizeof(back));
	back.entry_number = first;
	back.read_exec_only = 1;
	back.seg_not_present = 1;
	ret = RAW(SYS_set_thread_area, &back);
	CHECK(!ret, "thread_area_free", "returned %ld", ret);
	VALUE("thread_area_freed_fs", "%#x", read_fs());
	load_fs(0);
	load_fails("load_freed", GDT_SEL(first), SIGSEGV, 13);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return exec_main();
	check_start(argc, argv);
	fault_init();
	test_turns();
	test_data();
	test_invalid();
	test_code();
	test_signal();
	test_16bit();
	test_many();
	test_processes((char *)self_path(argv));
	test_threads();
	test_thread_area();
	return check_done();
}
