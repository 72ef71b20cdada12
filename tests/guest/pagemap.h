/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says of a program's own pages, see
 * Documentation/admin-guide/mm/pagemap.rst. One copy a program: include it once.
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define PAGEMAP_PRESENT	(1ull << 63)
#define PAGEMAP_SWAPPED	(1ull << 62)
#define PAGEMAP_FRAME	((1ull << 55) - 1)	/* 0 for who is not root */

/* The entries of so many pages from an address on; 0, and zeroes, if it does not say */
static int pagemap(const void *addr, unsigned long long *entries, unsigned int pages)
{
	const int bytes = pages * sizeof(*entries);
	int fd = open("/proc/self/pagemap", O_RDONLY), len;

	memset(entries, 0, bytes);
	len = pread64(fd, entries, bytes,
		      (unsigned long long)((unsigned int)addr / PAGE) * sizeof(*entries));
	close(fd);
	return len == bytes;
}

#endif /* PAGEMAP_H */
