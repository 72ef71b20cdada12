// SPDX-License-Identifier: GPL-2.0
/*
 * Page-table entries of swapped-out pages: a swap area on a loop device over a
 * file in memory, pages sent there and fetched again.
 *
 * Needs root, loop devices and swap; prints one value line where they are not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

#include "check.h"
#include "fault.h"
#include "pagemap.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#define AREA_PAGES	2048u
#define PAGES		512u

static char device[64];
static int loop_fd = -1, file_fd = -1;

static const char *make_device(void)
{
	char page[PAGE] = {};
	int control, nr;

	file_fd = memfd_create("swap", 0);
	if (file_fd < 0 || ftruncate(file_fd, AREA_PAGES * PAGE))
		return "no memfd";
	/* the header mkswap would write */
	*(unsigned int *)(page + 1024) = 1;
	*(unsigned int *)(page + 1028) = AREA_PAGES - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(file_fd, page, PAGE, 0) != PAGE)
		return "no header";
	snprintf(device, sizeof(device), "/tmp/loop-control.%d", getpid());
	mknod(device, S_IFCHR | 0600, makedev(10, 237));
	control = open(device, O_RDWR);
	unlink(device);
	if (control < 0)
		return "no loop-control";
	nr = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	if (nr < 0)
		return "no loop device";
	snprintf(device, sizeof(device), "/tmp/loop.%d", getpid());
	mknod(device, S_IFBLK | 0600, makedev(7, nr));
	loop_fd = open(device, O_RDWR);
	if (loop_fd < 0 || ioctl(loop_fd, LOOP_SET_FD, file_fd))
		return "loop device refused";
	if (swapon(device, 0))
		return "swapon refused";
	return NULL;
}

static void drop_device(void)
{
	if (loop_fd >= 0)
		ioctl(loop_fd, LOOP_CLR_FD, 0);
	unlink(device);
}

static unsigned int out_of(void *mem)
{
	unsigned long long entries[PAGES];
	unsigned int i, count = 0;

	pagemap(mem, entries, PAGES);
	for (i = 0; i < PAGES; i++)
		count += !!(entries[i] & PAGEMAP_SWAPPED);
	return count;
}

static void fill(unsigned int *mem, unsigned int seed)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i++)
		for (j = 0; j < PAGE / 4; j += 31)
			mem[i * PAGE / 4 + j] = seed + i * 1000 + j;
}

static unsigned int wrong(const unsigned int *mem, unsigned int seed)
{
	unsigned int i, j, bad = 0;

	for (i = 0; i < PAGES; i++)
		for (j = 0; j < PAGE / 4; j += 31)
			bad += mem[i * PAGE / 4 + j] != seed + i * 1000 + j;
	return bad;
}

/* Out they go. A page still being written or batched stays: ask again. */
static unsigned int try_page_out(unsigned int *mem)
{
	unsigned int tries, count = 0;

	for (tries = 0; tries < 50 && count <= PAGES / 2; tries++) {
		if (tries)
			usleep(20000);
		madvise(mem, PAGES * PAGE, MADV_PAGEOUT);
		count = out_of(mem);
	}
	return count;
}

static void page_out(const char *name, unsigned int *mem)
{
	unsigned int count = try_page_out(mem);

	CHECK(count > PAGES / 2, name, "%u of %u pages swapped out", count, PAGES);
}

static int reads_back(void *arg)
{
	unsigned int *mem = arg;

	if (wrong(mem, 3))
		return 1;
	fill(mem, 4);
	return wrong(mem, 4) ? 2 : 0;
}

int main(int argc, char **argv)
{
	unsigned int *mem;
	const char *why;
	int status;

	check_start(argc, argv);
	fault_init();
	why = make_device();
	VALUE("available", "%s", why ? why : "yes");
	if (why) {
		drop_device();
		return check_done();
	}
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, 1);
	page_out("out", mem);
	CHECK(!wrong(mem, 1), "back", "%u words", wrong(mem, 1));
	CHECK(!out_of(mem), "all_back", "%u still out", out_of(mem));
	fill(mem, 2);
	page_out("out_again", mem);
	/* changed while out */
	mprotect(mem, PAGES * PAGE, PROT_READ);
	CHECK(out_of(mem) > PAGES / 2, "stays_out_protected", "%u", out_of(mem));
	CHECK(!wrong(mem, 2), "back_read_only", "%u words", wrong(mem, 2));
	fault_write(mem, 1);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_ACCERR, "read_only", "%s",
	      fault_text());
	mprotect(mem, PAGES * PAGE, PROT_READ | PROT_WRITE);
	/* copied by fork while out */
	fill(mem, 3);
	page_out("out_before_fork", mem);
	status = run_child(reads_back, mem);
	CHECK(status == 0, "fork_child", "%s", status_text(status));
	CHECK(!wrong(mem, 3), "fork_parent", "%u words", wrong(mem, 3));
	/* moved and unmapped while out */
	page_out("out_before_move", mem);
	mem = mremap(mem, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
	CHECK(!wrong(mem, 3), "moved", "%u words", wrong(mem, 3));
	page_out("out_before_unmap", mem);
	munmap(mem, PAGES * PAGE);
	fault_read(mem);
	CHECK(fault.sig == SIGSEGV && fault.code == SEGV_MAPERR, "unmapped", "%s",
	      fault_text());
	/* what is out comes in when the area goes */
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, 5);
	page_out("out_before_swapoff", mem);
	CHECK(!swapoff(device), "swapoff", "errno %d", errno);
	CHECK(!out_of(mem) && !wrong(mem, 5), "swapoff_contents", "%u out, %u wrong",
	      out_of(mem), wrong(mem, 5));
	drop_device();
	return check_done();
}
