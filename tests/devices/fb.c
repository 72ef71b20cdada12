// SPDX-License-Identifier: GPL-2.0
/*
 * fb write SEED      fill the frame buffer with a picture by write(2)
 * fb map SEED        the same through a mapping
 * fb dot X Y COLOUR  one point, through a mapping
 *
 * The colour of a point is (SEED + 7 * X + 1031 * Y) & 0xffffff, red first. Prints
 * width, height, bits per point.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	uint32_t *picture, seed;
	size_t size, x, y, done;
	int fd, by_write = !strcmp(what, "write");

	if (!by_write && strcmp(what, "map") && (strcmp(what, "dot") || argc != 5))
		errx(2, "usage: fb write|map SEED | fb dot X Y COLOUR");
	fd = open("/dev/fb0", O_RDWR);
	if (fd < 0)
		err(1, "/dev/fb0");
	if (ioctl(fd, FBIOGET_VSCREENINFO, &var) || ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		err(1, "ioctl");
	if (var.bits_per_pixel != 32 || fix.line_length != var.xres * 4)
		errx(1, "%u bits, lines of %u bytes", var.bits_per_pixel, fix.line_length);
	size = fix.line_length * var.yres;
	picture = by_write ? malloc(size)
			   : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!picture || picture == MAP_FAILED)
		err(1, "mmap");
	seed = strtoul(argv[2], NULL, 0);
	if (*what == 'd') {
		picture[atoi(argv[3]) * var.xres + atoi(argv[2])] = strtoul(argv[4], NULL, 0);
	} else {
		for (y = 0; y < var.yres; y++)
			for (x = 0; x < var.xres; x++)
				picture[y * var.xres + x] = (seed + 7 * x + 1031 * y) & 0xffffff;
	}
	for (done = 0; by_write && done < size;) {
		ssize_t n = write(fd, (char *)picture + done, size - done);

		if (n <= 0)
			err(1, "write");
		done += n;
	}
	printf("%u %u %u\n", var.xres, var.yres, var.bits_per_pixel);
	return 0;
}
