// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: mapped, protected, moved, shared, copied and dropped in many
 * patterns, with the contents looked at after each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"
#include "fault.h"
#include "pagemap.h"

#define PMD	0x200000u	/* what a PAE page table maps */
#define GIGABYTE	0x40000000u

static volatile unsigned int *word_at(void *base, unsigned int page)
{
	return (unsigned int *)base + page * (PAGE / 4);
}

static void fill(void *base, unsigned int pages, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < pages; i++) {
		*word_at(base, i) = seed + i;
		word_at(base, i)[1023] = ~(seed + i);
	}
}

static unsigned int wrong(void *base, unsigned int pages, unsigned int seed)
{
	unsigned int i, bad = 0;

	for (i = 0; i < pages; i++)
		bad += *word_at(base, i) != seed + i ||
		       word_at(base, i)[1023] != ~(seed + i);
	return bad;
}

static void *anon(unsigned int pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Every protection, every access: the fault's kind and address */
static void test_protections(void)
{
	static const struct {
		const char *name;
		int prot, read, write;
	} cases[] = {
		{ "none", PROT_NONE, 0, 0 },
		{ "read", PROT_READ, 1, 0 },
		{ "read_write", PROT_READ | PROT_WRITE, 1, 1 },
		{ "read_exec", PROT_READ | PROT_EXEC, 1, 0 },
		{ "exec", PROT_EXEC, 1, 0 },
		{ "all", PROT_READ | PROT_WRITE | PROT_EXEC, 1, 1 },
		{ "write", PROT_WRITE, 1, 1 },
	};
	unsigned int i, page, bad;
	char *mem = anon(64), *p;

	fill(mem, 64, 500);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		mprotect(mem, 64 * PAGE, cases[i].prot);
		bad = 0;
		for (page = 0; page < 64; page += 9) {
			p = mem + page * PAGE + page * 50 + 4;
			fault_read(p);
			bad += !!fault.sig == cases[i].read;
			bad += fault.sig && (fault.sig != SIGSEGV ||
					     fault.code != SEGV_ACCERR ||
					     fault.addr != (unsigned int)p);
			fault_write(p, 0x55);
			bad += !!fault.sig == cases[i].write;
			bad += fault.sig && (fault.sig != SIGSEGV ||
					     fault.code != SEGV_ACCERR ||
					     fault.addr != (unsigned int)p);
		}
		CHECK(!bad, check_name("prot_%s", cases[i].name), "%u wrong", bad);
	}
	mprotect(mem, 64 * PAGE, PROT_READ);
	CHECK(!wrong(mem, 64, 500), "prot_contents", "%u pages", wrong(mem, 64, 500));
	munmap(mem, 64 * PAGE);
}

/* Every other page another protection, then joined again */
static void test_stripes(void)
{
	unsigned int pages = check_scaled(1024) & ~3u, i, bad = 0;
	char *mem;

	if (pages < 8)
		pages = 8;
	mem = anon(pages);
	fill(mem, pages, 7000);
	for (i = 0; i < pages; i += 2)
		mprotect(mem + i * PAGE, PAGE, i % 4 ? PROT_NONE : PROT_READ);
	for (i = 0; i < pages; i += pages / 8 / 2 * 2 + 1) {
		fault_write(mem + i * PAGE, 1);
		bad += !!fault.sig != (i % 2 == 0);
		if (!fault.sig)
			*word_at(mem, i) = 7000 + i;
	}
	CHECK(!bad, "stripes", "%u wrong", bad);
	mprotect(mem, pages * PAGE, PROT_READ | PROT_WRITE);
	CHECK(!wrong(mem, pages, 7000), "stripes_contents", "%u of %u",
	      wrong(mem, pages, 7000), pages);

	/* PROT_NONE and back: entries not present that keep their page */
	mprotect(mem, pages * PAGE, PROT_NONE);
	fault_read(mem + PAGE);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_ACCERR, "none", "%s",
	      fault_text());
	mprotect(mem, pages * PAGE, PROT_READ);
	CHECK(!wrong(mem, pages, 7000), "none_restored", "%u of %u",
	      wrong(mem, pages, 7000), pages);
	mprotect(mem, pages * PAGE, PROT_READ | PROT_WRITE);
	fill(mem, pages, 8000);
	CHECK(!wrong(mem, pages, 8000), "none_written", "%u of %u",
	      wrong(mem, pages, 8000), pages);

	/* holes */
	for (i = 0; i < pages; i += 2)
		munmap(mem + i * PAGE, PAGE);
	fault_read(mem);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR, "hole", "%s",
	      fault_text());
	for (i = 1; i < pages; i += 2)
		bad += *word_at(mem, i) != 8000 + i;
	CHECK(!bad, "hole_neighbours", "%u of %u", bad, pages / 2);
	for (i = 0; i < pages; i += 2) {
		mmap(mem + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		bad += *word_at(mem, i) != 0;
	}
	CHECK(!bad, "hole_zeroed", "%u not zero", bad);
	munmap(mem, pages * PAGE);
}

static void test_reuse(void)
{
	unsigned int round, rounds = check_scaled(300), bad = 0, i;
	char *mem;

	/* freed page tables come back clean */
	for (round = 0; round < rounds; round++) {
		mem = anon(64);
		for (i = 0; i < 64; i += 7)
			bad += *word_at(mem, i) != 0;
		fill(mem, 64, round);
		bad += wrong(mem, 64, round);
		munmap(mem, 64 * PAGE);
	}
	CHECK(!bad, "map_touch_unmap", "%u wrong", bad);
}

static void test_mremap(void)
{
	unsigned int pages = 700;	/* more than a page table */
	char *mem = anon(pages), *to, *hole;

	fill(mem, pages, 100);
	hole = mmap(NULL, 8 * PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE, -1, 0);
	/* across a page table's border, at an odd offset */
	to = (char *)(((unsigned int)hole + 2 * PMD) & ~(PMD - 1)) - 5 * PAGE;
	to = mremap(mem, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(to != MAP_FAILED && !wrong(to, pages, 100), "mremap_moved", "errno %d",
	      errno);
	fault_read(mem);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR, "mremap_left", "%s",
	      fault_text());
	mem = mremap(to, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
	CHECK(mem != MAP_FAILED && !wrong(mem, pages, 100) &&
	      !*word_at(mem, pages + 5), "mremap_grown", "errno %d", errno);
	to = mremap(mem, 2 * pages * PAGE, 10 * PAGE, 0);
	CHECK(to == mem && !wrong(mem, 10, 100), "mremap_shrunk", "errno %d", errno);
	fault_read(mem + 10 * PAGE);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR, "mremap_cut", "%s",
	      fault_text());
	munmap(mem, 10 * PAGE);
	/* whole, aligned page tables are moved as such */
	mem = (char *)(((unsigned int)hole + PMD) & ~(PMD - 1));
	mmap(mem, 2 * PMD, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	fill(mem, 2 * PMD / PAGE, 31);
	to = mremap(mem, 2 * PMD, 2 * PMD, MREMAP_MAYMOVE | MREMAP_FIXED,
		    mem + 3 * PMD);
	CHECK(to == mem + 3 * PMD && !wrong(to, 2 * PMD / PAGE, 31), "mremap_tables",
	      "errno %d", errno);
	munmap(hole, 8 * PMD);
}

static void test_boundaries(void)
{
	char *hole = mmap(NULL, 6 * PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			  MAP_NORESERVE, -1, 0);
	char *edge = (char *)(((unsigned int)hole + 2 * PMD) & ~(PMD - 1)), *mem;
	unsigned int i, bad = 0;

	for (i = 0; i < 3; i++) {
		mem = mmap(edge + i * PMD - PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		fill(mem, 2, i * 10);
		/* a word half on either side */
		*(volatile unsigned int *)(mem + PAGE - 2) = 0x11223344;
		bad += *(volatile unsigned short *)(mem + PAGE) != 0x1122;
		mprotect(mem + PAGE, PAGE, PROT_NONE);
		fault_write(mem, 0);
		bad += fault.sig != 0;
		fault_read(mem + PAGE - 1);
		bad += fault.sig != 0;
		fault_read(mem + PAGE);
		bad += fault.sig != SIGSEGV || fault.addr != (unsigned int)mem + PAGE;
	}
	CHECK(!bad, "table_borders", "%u wrong", bad);
	munmap(hole, 6 * PMD);
}

/* Sparse: a page here and there in most of the address space */
static void test_sparse(void)
{
	unsigned int size = 2 * GIGABYTE;
	unsigned int step = (check_percent < 100 ? 100 / check_percent : 1) * PMD +
			    3 * PAGE;
	unsigned int offset, bad = 0, count = 0;
	unsigned char *resident;
	char *mem = MAP_FAILED;

	for (; size && mem == MAP_FAILED; size -= mem == MAP_FAILED ? PMD * 16 : 0)
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			   MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(mem != MAP_FAILED && size >= GIGABYTE, "sparse_map", "errno %d", errno);
	for (offset = 0; offset < size; offset += step)
		*(volatile unsigned int *)(mem + offset) = offset ^ 0x5a5a5a5a;
	for (offset = 0; offset < size; offset += step) {
		bad += *(volatile unsigned int *)(mem + offset) !=
			(offset ^ 0x5a5a5a5a);
		count++;
	}
	CHECK(!bad, "sparse_contents", "%u of %u", bad, count);
	resident = malloc(8 * PMD / PAGE);
	bad = mincore(mem, 8 * PMD, resident);
	for (offset = 0; offset < 8 * PMD; offset += PAGE)
		bad += (resident[offset / PAGE] & 1) != (offset % step == 0);
	CHECK(!bad, "sparse_mincore", "%u wrong", bad);
	free(resident);
	mprotect(mem, size, PROT_READ);
	fault_write(mem + step, 1);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_ACCERR &&
	      fault.addr == (unsigned int)mem + step, "sparse_protect", "%s",
	      fault_text());
	munmap(mem, size);
	fault_read(mem + step);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR, "sparse_unmap", "%s",
	      fault_text());
}

static int shared_child(void *arg)
{
	char *mem = arg;

	if (wrong(mem, 128, 60))
		return 1;
	fill(mem, 128, 61);
	mprotect(mem, 128 * PAGE, PROT_READ);
	return wrong(mem, 128, 61) ? 2 : 0;
}

static void test_files(void)
{
	int fd = memfd_create("pages", 0), status;
	char *shared, *private, *again;
	unsigned int word;

	if (ftruncate(fd, 128 * PAGE))
		exit(99);
	shared = mmap(NULL, 128 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	again = mmap(NULL, 128 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	private = mmap(NULL, 128 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	fill(shared, 128, 60);
	CHECK(!wrong(again, 128, 60), "file_two_views", "%u pages",
	      wrong(again, 128, 60));
	CHECK(!wrong(private, 128, 60), "file_private_view", "%u pages",
	      wrong(private, 128, 60));
	fill(private, 64, 99);
	CHECK(!wrong(shared, 128, 60) && !wrong(private, 64, 99), "file_private_cow",
	      "shared %u, private %u", wrong(shared, 128, 60), wrong(private, 64, 99));
	if (pread(fd, &word, 4, 5 * PAGE) != 4)
		word = 0;
	CHECK(word == 65, "file_read", "%u", word);
	word = 0xabcdef;
	if (pwrite(fd, &word, 4, 7 * PAGE + 8) != 4)
		exit(99);
	CHECK(word_at(again, 7)[2] == 0xabcdef, "file_write", "%#x",
	      word_at(again, 7)[2]);
	status = run_child(shared_child, shared);
	CHECK(status == 0 && !wrong(again, 128, 61), "file_shared_with_child", "%s",
	      status_text(status));
	CHECK(!msync(shared, 128 * PAGE, MS_SYNC), "msync", "errno %d", errno);
	/* cut under a mapping: the pages go from all of them */
	if (ftruncate(fd, 10 * PAGE))
		exit(99);
	fault_read(again + 11 * PAGE);
	CHECK(fault.sig == SIGBUS, "file_truncated", "%s", fault_text());
	fault_read(private + 20 * PAGE);
	CHECK(fault.sig == SIGBUS, "file_truncated_private", "%s", fault_text());
	CHECK(!wrong(again, 10, 61), "file_kept", "%u pages", wrong(again, 10, 61));
	munmap(shared, 128 * PAGE);
	munmap(again, 128 * PAGE);
	munmap(private, 128 * PAGE);
	close(fd);

	fd = open("/proc/self/exe", O_RDONLY);
	private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(fd >= 0 && !memcmp(private, "\177ELF", 4), "file_of_program",
	      "errno %d", errno);
	close(fd);
	munmap(private, PAGE);
}

/* The stack grows by faults, a recursion deep */
static unsigned int recurse(unsigned int depth)
{
	volatile char frame[3000];

	frame[0] = depth;
	frame[sizeof(frame) - 1] = depth;
	if (depth)
		return recurse(depth - 1) + (frame[0] == frame[sizeof(frame) - 1]);
	return 0;
}

static int grow_stack(void *arg __maybe_unused)
{
	return recurse(1500) == 1500 ? 0 : 1;	/* 4.5 MB */
}

static int overflow_stack(void *arg __maybe_unused)
{
	struct rlimit limit = { 256 * 1024, 256 * 1024 };

	setrlimit(RLIMIT_STACK, &limit);
	signal(SIGSEGV, SIG_DFL);
	return recurse(100000) & 1;
}

static void test_stack_and_brk(void)
{
	char *start = sbrk(0), *end;
	int status;

	status = run_child(grow_stack, NULL);
	CHECK(status == 0, "stack_grows", "%s", status_text(status));
	status = run_child(overflow_stack, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "stack_limit", "%s",
	      status_text(status));
	start = (char *)(((unsigned int)start + PAGE - 1) & ~(PAGE - 1));
	CHECK(!brk(start + 300 * PAGE), "brk", "errno %d", errno);
	fill(start, 300, 9);
	CHECK(!wrong(start, 300, 9), "brk_contents", "%u pages", wrong(start, 300, 9));
	end = start + 100 * PAGE;
	CHECK(!brk(end), "brk_shrink", "errno %d", errno);
	fault_read(end);
	CHECK(fault.sig == SIGSEGV && fault.addr == (unsigned int)end, "brk_cut", "%s",
	      fault_text());
	CHECK(!wrong(start, 100, 9), "brk_kept", "%u pages", wrong(start, 100, 9));
}

static void test_advice(void)
{
	char *mem = anon(64);
	unsigned long long entry;
	unsigned char resident[64];
	unsigned int i, bad = 0;

	fill(mem, 64, 3);
	CHECK(!madvise(mem + 8 * PAGE, 16 * PAGE, MADV_DONTNEED), "dontneed",
	      "errno %d", errno);
	mincore(mem, 64 * PAGE, resident);
	for (i = 0; i < 64; i++)
		bad += (resident[i] & 1) != (i < 8 || i >= 24);
	CHECK(!bad, "dontneed_mincore", "%u wrong", bad);
	for (i = 8; i < 24; i++)
		bad += *word_at(mem, i) != 0;
	CHECK(!bad, "dontneed_zeroed", "%u wrong", bad);
	CHECK(!wrong(mem, 8, 3), "dontneed_kept", "%u", wrong(mem, 8, 3));

	if (pagemap(mem, &entry, 1)) {
		VALUE("pagemap_bits", "%#llx", entry >> 55);
		pagemap(mem + 64 * PAGE - PAGE, &entry, 1);
		CHECK(entry & PAGEMAP_PRESENT, "pagemap_present", "bits %#llx", entry >> 55);
		madvise(mem, PAGE, MADV_DONTNEED);
		pagemap(mem, &entry, 1);
		CHECK(!(entry & PAGEMAP_PRESENT), "pagemap_absent", "bits %#llx", entry >> 55);
	} else {
		VALUE("pagemap_bits", "none");
	}
	munmap(mem, 64 * PAGE);

	/* moved to other frames through migration entries, if that can be asked */
	i = check_scaled(2000);
	mem = anon(i);
	fill(mem, i, 11);
	for (bad = 0; bad < i; bad += 2)
		madvise(mem + bad * PAGE, PAGE, MADV_DONTNEED);
	bad = open("/proc/sys/vm/compact_memory", O_WRONLY);
	if ((int)bad >= 0) {
		VALUE("compact", "%d", write(bad, "1\n", 2) == 2);
		close(bad);
	} else {
		VALUE("compact", "none");
	}
	{
		unsigned int page, lost = 0;

		for (page = 0; page < i; page++)
			lost += *word_at(mem, page) != (page % 2 ? 11 + page : 0);
		CHECK(!lost, "compact_contents", "%u of %u", lost, i);
	}
	munmap(mem, i * PAGE);
}

static int big_child(void *arg)
{
	char *mem = arg;
	unsigned int i, bad = 0;

	for (i = 0; i < 128; i++)
		bad += *(volatile unsigned int *)(mem + i * PMD) != i + 1;
	for (i = 0; i < 128; i++)
		*(volatile unsigned int *)(mem + i * PMD) = ~i;
	for (i = 0; i < 128; i++)
		bad += *(volatile unsigned int *)(mem + i * PMD) != ~i;
	return bad ? 1 : 0;
}

/* A fork that copies many page tables, some of them PROT_NONE */
static void test_big_fork(void)
{
	char *mem = mmap(NULL, 128 * PMD, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int i, round, bad = 0;
	char *none = anon(32);
	int status = 0;

	fill(none, 32, 77);
	mprotect(none, 32 * PAGE, PROT_NONE);
	for (i = 0; i < 128; i++)
		*(volatile unsigned int *)(mem + i * PMD) = i + 1;
	for (round = 0; round < check_scaled(20) && !status; round++)
		status = run_child(big_child, mem);
	CHECK(status == 0, "big_fork_child", "%s", status_text(status));
	for (i = 0; i < 128; i++)
		bad += *(volatile unsigned int *)(mem + i * PMD) != i + 1;
	CHECK(!bad, "big_fork_parent", "%u of 128", bad);
	mprotect(none, 32 * PAGE, PROT_READ);
	CHECK(!wrong(none, 32, 77), "big_fork_none", "%u", wrong(none, 32, 77));
	munmap(mem, 128 * PMD);
	munmap(none, 32 * PAGE);
}

/* The list of mappings shows what was made, in order and without overlap */
static void test_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int start, end, last = 0, bad = 0, found = 0;
	char *mem = anon(5), line[512], perms[8], want[8] = "";

	mprotect(mem + PAGE, PAGE, PROT_READ);
	mprotect(mem + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(mem + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%x-%x %7s", &start, &end, perms) != 3) {
			bad++;
			continue;
		}
		bad += start >= end || start < last || (start | end) % PAGE;
		last = end;
		if (start == (unsigned int)mem + PAGE)
			found += !strcmp(perms, "r--p") && end == start + PAGE;
		if (start == (unsigned int)mem + 2 * PAGE)
			found += !strcmp(perms, "---p") && end == start + PAGE;
		if (start == (unsigned int)mem + 3 * PAGE)
			found += !strcmp(perms, "r-xp") && end == start + PAGE;
		if (strstr(line, "[stack]"))
			strcpy(want, perms);
	}
	CHECK(maps && !bad && found == 3, "maps", "%u bad lines, %u of 3 found", bad,
	      found);
	VALUE("maps_stack", "%s", want);
	if (maps)
		fclose(maps);
	munmap(mem, 5 * PAGE);
}

static int lock_all(void *arg __maybe_unused)
{
	char *mem;

	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return errno == EPERM || errno == ENOMEM ? 50 : 1;
	mem = anon(64);
	if (mem == MAP_FAILED)
		return 2;
	if (wrong(mem, 1, 0) != 1)	/* zeroes are not the pattern */
		return 3;
	fill(mem, 64, 5);
	if (mprotect(mem, 64 * PAGE, PROT_READ) || wrong(mem, 64, 5))
		return 4;
	munlockall();
	return wrong(mem, 64, 5) ? 5 : 0;
}

static void test_errors(void)
{
	char *mem;

	mem = mmap((void *)0xc0000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		   MAP_FIXED, -1, 0);
	CHECK(mem == MAP_FAILED && errno == ENOMEM, "map_kernel", "errno %d", errno);
	mem = mmap((void *)0xf5800000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		   MAP_FIXED, -1, 0);
	CHECK(mem == MAP_FAILED && errno == ENOMEM, "map_hypervisor", "errno %d",
	      errno);
	CHECK(mprotect((void *)0xc0000000, PAGE, PROT_READ | PROT_WRITE) &&
	      errno == ENOMEM, "protect_kernel", "errno %d", errno);
	CHECK(munmap((void *)0xc0000000, PAGE) && errno == EINVAL, "unmap_kernel",
	      "errno %d", errno);
	CHECK(mprotect((void *)1, PAGE, PROT_READ) && errno == EINVAL,
	      "protect_misaligned", "errno %d", errno);
	mem = mmap((void *)0xbffff000, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		   MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	VALUE("map_last_page", "%s", mem == MAP_FAILED ? strerror(errno) : "mapped");
	if (mem != MAP_FAILED) {
		fault_write(mem + PAGE - 1, 1);
		CHECK(!fault.sig, "write_last_byte", "%s", fault_text());
		munmap(mem, PAGE);
	}
}

int main(int argc, char **argv)
{
	int status;

	check_start(argc, argv);
	fault_init();
	test_protections();
	test_stripes();
	test_reuse();
	test_mremap();
	test_boundaries();
	test_sparse();
	test_files();
	test_stack_and_brk();
	test_advice();
	test_big_fork();
	test_maps();
	test_errors();
	status = run_child(lock_all, NULL);
	CHECK(status == 0, "mlockall", "%s", status_text(status));
	return check_done();
}
