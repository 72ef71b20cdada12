// SPDX-License-Identifier: GPL-2.0
/*
 * grants DOMAIN
 *
 * Grant pages to DOMAIN until the kernel has no more grants, say how many it
 * were, and keep them until killed. Needs /dev/xen/gntalloc, with its limit above
 * what the table has.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef uint16_t domid_t;
#include <xen/gntalloc.h>

int main(int argc, char **argv)
{
	int fd = open("/dev/xen/gntalloc", O_RDWR);
	int count;

	if (argc != 2)
		errx(1, "usage: grants DOMAIN");
	if (fd < 0)
		err(1, "/dev/xen/gntalloc");
	for (count = 0;; count++) {
		struct ioctl_gntalloc_alloc_gref grant = {
			.domid = strtoul(argv[1], NULL, 0), .count = 1,
		};

		if (ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &grant))
			break;
	}
	if (errno != ENOSPC)
		err(1, "grant %d", count + 1);
	printf("%d grants\n", count);
	fflush(stdout);
	pause();
	return 0;
}
