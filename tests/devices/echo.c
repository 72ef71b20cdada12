// SPDX-License-Identifier: GPL-2.0
/*
 * echo serve PORT               send back what comes, on any number of connections
 * echo ask ADDRESS PORT FILE    one connection: a block and its answer, again and
 *                               again until FILE is gone
 *
 * ask prints "N answers, longest wait M ms". A connection that ends, or an answer
 * that is not what was asked, is an error.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char out[1024], in[1024];

static void write_all(int fd, const char *data, ssize_t size)
{
	ssize_t done, n;

	for (done = 0; done < size; done += n) {
		n = write(fd, data + done, size - done);
		if (n <= 0)
			err(1, "write");
	}
}

static void read_all(int fd, char *data, ssize_t size)
{
	ssize_t done, n;

	for (done = 0; done < size; done += n) {
		n = read(fd, data + done, size - done);
		if (n < 0)
			err(1, "read");
		if (!n)
			errx(1, "the connection has ended");
	}
}

static void serve(int fd)
{
	ssize_t n;
	int peer;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		peer = accept(fd, NULL, NULL);
		if (peer < 0)
			err(1, "accept");
		if (fork()) {
			close(peer);
			continue;
		}
		while ((n = read(peer, in, sizeof(in))) > 0)
			write_all(peer, in, n);
		exit(n != 0);
	}
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void ask(int fd, const char *file)
{
	long long start, longest = 0;
	unsigned long answers = 0;

	while (!access(file, F_OK)) {
		memset(out, answers, sizeof(out));
		snprintf(out, sizeof(out), "%lu", answers);
		start = now();
		write_all(fd, out, sizeof(out));
		read_all(fd, in, sizeof(in));
		if (memcmp(in, out, sizeof(in)))
			errx(1, "answer %lu is not what was asked", answers);
		if (now() - start > longest)
			longest = now() - start;
		answers++;
		usleep(5000);
	}
	printf("%lu answers, longest wait %lld ms\n", answers, longest);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc == 3 && !strcmp(argv[1], "serve")) {
		address.sin_port = htons(atoi(argv[2]));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 8))
			err(1, "port %s", argv[2]);
		serve(fd);
	}
	if (argc != 5 || strcmp(argv[1], "ask") || !inet_aton(argv[2], &address.sin_addr))
		errx(2, "usage: echo serve PORT | echo ask ADDRESS PORT FILE");
	address.sin_port = htons(atoi(argv[3]));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (void *)&address, sizeof(address)))
		err(1, "%s port %s", argv[2], argv[3]);
	ask(fd, argv[4]);
	return 0;
}
