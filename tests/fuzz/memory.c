// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that come, go, move, change their protection and are shared with a
 * child, with touches in between: page tables at every edge of theirs.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "fuzz.h"

#define PAGE		4096u
#define AREA		(8u << 20)

static unsigned char *base;

/* Somewhere in the area, or anywhere; on a page, most often */
static uint32_t address(void)
{
	uint32_t where = below(8) ? (uint32_t)base + below(AREA) : odd_value();

	return below(16) ? where & -PAGE : where;
}

static uint32_t size(void)
{
	switch (below(4)) {
	case 0:
		return PAGE;
	case 1:
		/* A page table's worth, and more */
		return (below(1024) + 1) * PAGE;
	case 2:
		return odd_value();
	default:
		return (below(16) + 1) * PAGE;
	}
}

static void touch(void)
{
	volatile unsigned char *byte = base + below(AREA);

	if (below(2))
		*byte = random32();
	else
		(void)*byte;
}

static void fault(int sig)
{
	(void)sig;
	/* The access is done again with something there. */
	if (RAW(SYS_mmap2, base, AREA, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != (long)base)
		RAW(SYS_exit_group, 1);
}

static void change(void)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_HUGEPAGE,
		MADV_MERGEABLE, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};
	unsigned char there[64];

	switch (below(12)) {
	case 0 ... 1:
		RAW(SYS_mmap2, address(), size(), below(16),
		    MAP_ANONYMOUS | (below(4) ? MAP_PRIVATE : MAP_SHARED) |
		    (below(3) ? MAP_FIXED : 0) | (below(4) ? 0 : MAP_POPULATE) |
		    (below(8) ? 0 : MAP_GROWSDOWN), -1, 0);
		break;
	case 2:
		RAW(SYS_munmap, (uint32_t)base + (below(AREA) & -PAGE), size() & (AREA - 1));
		break;
	case 3 ... 5:
		RAW(SYS_mprotect, address(), size(), below(2) ? below(8) : odd_value());
		break;
	case 6:
		RAW(SYS_mremap, (uint32_t)base + (below(AREA) & -PAGE), size(), size(),
		    below(4), (uint32_t)base + (below(AREA) & -PAGE));
		break;
	case 7 ... 8:
		RAW(SYS_madvise, address(), size(),
		    advice[below(sizeof(advice) / sizeof(*advice))]);
		break;
	case 9:
		RAW(SYS_mincore, address(), size() & 0x3ffff, there);
		RAW(SYS_msync, address(), size(), below(8));
		break;
	case 10:
		RAW(SYS_mlock, address(), size());
		break;
	default:
		RAW(SYS_munlock, address(), size());
	}
}

static void fuzz(void)
{
	struct sigaction action = { .sa_handler = fault, .sa_flags = SA_NODEFER };
	int n, forks = 0;

	base = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (n = 0; n < 150; n++) {
		if (below(3))
			touch();
		else
			change();
		/* It goes on where its parent is. */
		if (!below(60) && forks < 3 && !RAW(SYS_fork))
			forks += 2;
	}
}
