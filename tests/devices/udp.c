// SPDX-License-Identifier: GPL-2.0
/*
 * udp echo PORT                  send every datagram back
 * udp ask ADDRESS PORT COUNT     send COUNT datagrams of many sizes, one after
 *                                the other, and compare what comes back
 * udp silence ADDRESS PORT FILE  send one every few milliseconds until FILE is gone
 *
 * ask prints "COUNT of COUNT came back". Sizes go from 1 byte to 60,000, which
 * is 41 fragments on an ordinary network. silence prints "N came back, longest
 * silence M ms".
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static unsigned char out[65536], in[65536];

static int echo(int fd, struct sockaddr_in *address)
{
	struct sockaddr_in from;

	if (bind(fd, (void *)address, sizeof(*address)))
		err(1, "bind");
	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, in, sizeof(in), 0, (void *)&from, &len);

		if (n < 0)
			err(1, "recvfrom");
		if (sendto(fd, in, n, 0, (void *)&from, len) != n)
			err(1, "sendto");
	}
}

static int ask(int fd, struct sockaddr_in *address, int count)
{
	struct timeval patience = { .tv_sec = 10 };
	int number, good = 0, size, i;
	unsigned int x = 1;

	if (connect(fd, (void *)address, sizeof(*address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "connect");
	for (number = 0; number < count; number++) {
		x = x * 1664525 + 1013904223;
		size = 1 + (x >> 16) % (number % 8 ? 1472 : 60000);
		for (i = 0; i < size; i++)
			out[i] = (x >> 24) + i * 7 + number;
		if (send(fd, out, size, 0) != size)
			err(1, "send of %d bytes", size);
		i = recv(fd, in, sizeof(in), 0);
		if (i == size && !memcmp(in, out, size))
			good++;
		else
			warnx("datagram %d of %d bytes: %d came back", number, size, i);
	}
	printf("%d of %d came back\n", good, count);
	return good != count;
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void silence(int fd, struct sockaddr_in *address, const char *file)
{
	struct timeval patience = { .tv_usec = 4000 };
	long long last = 0, longest = 0;
	unsigned long answers = 0;

	if (connect(fd, (void *)address, sizeof(*address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "connect");
	while (!access(file, F_OK)) {
		/* A host that is not there is what this looks for. */
		send(fd, out, 1, 0);
		if (recv(fd, in, sizeof(in), 0) < 0)
			continue;
		if (answers++ && now() - last > longest)
			longest = now() - last;
		last = now();
		usleep(2000);
	}
	printf("%lu came back, longest silence %lld ms\n", answers, longest);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc == 3 && !strcmp(argv[1], "echo")) {
		address.sin_port = htons(atoi(argv[2]));
		return echo(fd, &address);
	}
	if (argc != 5 || !inet_aton(argv[2], &address.sin_addr))
		errx(2, "usage: udp echo PORT | udp ask ADDRESS PORT COUNT |"
		     " udp silence ADDRESS PORT FILE");
	address.sin_port = htons(atoi(argv[3]));
	if (!strcmp(argv[1], "silence")) {
		silence(fd, &address, argv[4]);
		return 0;
	}
	return ask(fd, &address, atoi(argv[4]));
}
