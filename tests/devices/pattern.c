// SPDX-License-Identifier: GPL-2.0
/*
 * pattern write SEED MIB   so many MiB of a pattern to standard output
 * pattern check SEED MIB   that standard input holds them, to the byte, and
 *                          nothing behind them if it is a pipe
 *
 * No byte depends on where the data went through, and any 8 of them say which
 * block of 4096 they belong to. check prints "same MIB MiB", or the first byte
 * that differs.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536
#define BLOCK 4096

static void fill(uint64_t *block, uint64_t seed, uint64_t number)
{
	uint64_t x = (seed << 40) ^ (number * 0x9e3779b97f4a7c15ull) ^ 0x5851f42d4c957f2dull;
	int i;

	for (i = 0; i < BLOCK / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		block[i] = x;
	}
}

static size_t read_all(void *buf, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size) {
		n = read(0, (char *)buf + got, size - got);
		if (n < 0)
			err(1, "read");
		if (!n)
			break;
		got += n;
	}
	return got;
}

int main(int argc, char **argv)
{
	static uint64_t want[CHUNK / 8], have[CHUNK / 8];
	uint64_t seed, done, total;
	struct stat st;
	size_t got, i;
	int check;

	if (argc != 4)
		errx(2, "usage: pattern write|check SEED MIB");
	check = !strcmp(argv[1], "check");
	seed = strtoull(argv[2], NULL, 0);
	total = strtoull(argv[3], NULL, 0) << 20;
	for (done = 0; done < total; done += CHUNK) {
		for (i = 0; i < CHUNK / BLOCK; i++)
			fill(want + i * BLOCK / 8, seed, done / BLOCK + i);
		if (!check) {
			for (got = 0; got < CHUNK;) {
				ssize_t n = write(1, (char *)want + got, CHUNK - got);

				if (n <= 0)
					err(1, "write at %llu", (unsigned long long)(done + got));
				got += n;
			}
			continue;
		}
		got = read_all(have, CHUNK);
		for (i = 0; i < got && ((char *)have)[i] == ((char *)want)[i]; i++)
			;
		if (i < CHUNK)
			errx(1, "%s at byte %llu of %llu", i < got ? "different" : "ends",
			     (unsigned long long)(done + i), (unsigned long long)total);
	}
	if (!check)
		return 0;
	if (!fstat(0, &st) && !S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode) && read_all(have, 1))
		errx(1, "more than %llu bytes", (unsigned long long)total);
	printf("same %llu MiB\n", (unsigned long long)(total >> 20));
	return 0;
}
