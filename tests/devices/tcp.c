// SPDX-License-Identifier: GPL-2.0
/*
 * tcp listen PORT            what the first caller sends, to standard output
 * tcp connect ADDRESS PORT   standard input to there; done when the other side
 *                            has taken all of it
 *
 * Busybox's nc ends when either direction does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buf[65536];

static void copy(int from, int to)
{
	ssize_t size, done, n;

	while ((size = read(from, buf, sizeof(buf))) > 0) {
		for (done = 0; done < size; done += n) {
			n = write(to, buf + done, size - done);
			if (n <= 0)
				err(1, "write");
		}
	}
	if (size < 0)
		err(1, "read");
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, peer;

	if (argc == 3 && !strcmp(argv[1], "listen")) {
		address.sin_port = htons(atoi(argv[2]));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1))
			err(1, "port %s", argv[2]);
		peer = accept(fd, NULL, NULL);
		if (peer < 0)
			err(1, "accept");
		copy(peer, 1);
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "connect") || !inet_aton(argv[2], &address.sin_addr))
		errx(2, "usage: tcp listen PORT | tcp connect ADDRESS PORT");
	address.sin_port = htons(atoi(argv[3]));
	if (connect(fd, (void *)&address, sizeof(address)))
		err(1, "%s port %s", argv[2], argv[3]);
	copy(0, fd);
	if (shutdown(fd, SHUT_WR) || read(fd, buf, 1) != 0)
		err(1, "the other side");
	return 0;
}
