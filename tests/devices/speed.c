// SPDX-License-Identifier: GPL-2.0
/*
 * speed read FILE MIB           so much from a disk, past the page cache
 * speed write FILE MIB          so much to a disk, and flushed
 * speed send ADDRESS PORT MIB   so much to there, until all of it was taken
 * speed take PORT MIB           so much from the first caller
 *
 * Prints MIB and how many nanoseconds it took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB (1 << 20)

static char *buf;
static struct timespec start;

static void done(int mib)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%d %lld\n", mib, (now.tv_sec - start.tv_sec) * 1000000000ll
	       + now.tv_nsec - start.tv_nsec);
}

static void move(int fd, int in, int mib)
{
	long long left = (long long)mib * MIB;
	size_t size;
	ssize_t n;

	for (; left; left -= n) {
		size = left < MIB ? left : MIB;
		n = in ? read(fd, buf, size) : write(fd, buf, size);
		if (n <= 0)
			err(1, "%lld bytes before the end", left);
	}
}

static void disk(const char *path, int in, int mib)
{
	int fd = open(path, (in ? O_RDONLY : O_WRONLY) | O_DIRECT);

	if (fd < 0)
		err(1, "%s", path);
	clock_gettime(CLOCK_MONOTONIC, &start);
	move(fd, in, mib);
	if (!in && fsync(fd))
		err(1, "%s", path);
	done(mib);
}

static void net(const char *address, int port, int mib)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (address) {
		if (!inet_aton(address, &to.sin_addr))
			errx(2, "%s is no address", address);
		if (connect(fd, (void *)&to, sizeof(to)))
			err(1, "%s", address);
		clock_gettime(CLOCK_MONOTONIC, &start);
		move(fd, 0, mib);
		if (shutdown(fd, SHUT_WR) || read(fd, buf, 1) != 0)
			err(1, "the other side");
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (void *)&to, sizeof(to)) || listen(fd, 1))
			err(1, "port %d", port);
		fd = accept(fd, NULL, NULL);
		clock_gettime(CLOCK_MONOTONIC, &start);
		move(fd, 1, mib);
	}
	done(mib);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	buf = aligned_alloc(4096, MIB);
	memset(buf, 0x55, MIB);
	if (argc == 4 && (!strcmp(what, "read") || !strcmp(what, "write")))
		disk(argv[2], *what == 'r', atoi(argv[3]));
	else if (argc == 5 && !strcmp(what, "send"))
		net(argv[2], atoi(argv[3]), atoi(argv[4]));
	else if (argc == 4 && !strcmp(what, "take"))
		net(NULL, atoi(argv[2]), atoi(argv[3]));
	else
		errx(2, "usage: speed read|write FILE MIB | send ADDRESS PORT MIB | take PORT MIB");
	return 0;
}
