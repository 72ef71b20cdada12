// SPDX-License-Identifier: GPL-2.0
/*
 * evtchn DEVICE PAIRS   so many event channels from this domain to itself: a
 *                       notification arrives at the port it was for, once, and
 *                       the next one when the port has been unmasked, not before
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As <xen/interface/xen.h> has it, which is not installed. */
typedef uint16_t domid_t;
#include <xen/evtchn.h>

#define SELF	0x7ff0
#define MOST	1000

static int fd;

static int bind_unbound(void)
{
	struct ioctl_evtchn_bind_unbound_port bind = { .remote_domain = SELF };

	return ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);
}

static int bind_to(int port)
{
	struct ioctl_evtchn_bind_interdomain bind = { .remote_domain = SELF,
						      .remote_port = port };

	return ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
}

static int notify(int port)
{
	struct ioctl_evtchn_notify notify = { .port = port };

	return ioctl(fd, IOCTL_EVTCHN_NOTIFY, &notify);
}

static int unbind(int port)
{
	struct ioctl_evtchn_unbind unbind = { .port = port };

	return ioctl(fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

/* The next port that something has come for, or -1. */
static int next(int patience)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint32_t port;

	if (poll(&pollfd, 1, patience) <= 0)
		return -1;
	if (read(fd, &port, sizeof(port)) != sizeof(port))
		err(1, "read");
	return port;
}

static void unmask(uint32_t port)
{
	if (write(fd, &port, sizeof(port)) != sizeof(port))
		err(1, "write");
}

int main(int argc, char **argv)
{
	static int here[MOST], there[MOST], came[65536];
	int i, port, pairs = argc == 3 ? atoi(argv[2]) : 0;

	if (pairs < 2 || pairs > MOST)
		errx(2, "usage: evtchn DEVICE PAIRS, 2 to %d of them", MOST);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	for (i = 0; i < pairs; i++) {
		here[i] = bind_unbound();
		there[i] = bind_to(here[i]);
		if (here[i] < 0 || there[i] < 0)
			err(1, "pair %d", i);
	}
	/* The end that binds to another one is told so at once. */
	while ((port = next(1000)) >= 0 && !came[port]++)
		;
	for (i = 0; i < pairs; i++)
		if (came[here[i]] || came[there[i]] > 1)
			errx(1, "pair %d: something came before it was sent", i);
	for (i = 0; i < pairs; i++)
		if (came[there[i]])
			unmask(there[i]);

	for (i = 0; i < pairs; i++)
		if (notify(there[i]) || notify(there[i]))
			err(1, "notify %d", there[i]);
	for (i = 0; i < pairs; i++) {
		port = next(5000);
		if (port < 0)
			errx(1, "%d of %d notifications came", i, pairs);
		came[port] += 10;
	}
	for (i = 0; i < pairs; i++)
		if (came[here[i]] != 10)
			errx(1, "port %d: not notified once", here[i]);
	if (next(200) >= 0)
		errx(1, "one came that was not sent");

	if (notify(there[0]) || notify(there[1]))
		err(1, "notify");
	if (next(200) >= 0)
		errx(1, "one came to a port that is masked");
	unmask(here[1]);
	if (next(5000) != here[1])
		errx(1, "the one that was pending is lost");
	unmask(here[0]);
	if (next(5000) != here[0])
		errx(1, "the other one that was pending is lost");

	if (unbind(here[0]) || !unbind(here[0]) || errno != ENOTCONN)
		err(1, "unbind, twice");
	if (!notify(here[0]) || errno != ENOTCONN)
		err(1, "notify after unbind");
	if (bind_to(here[1]) >= 0)
		errx(1, "a port that is bound was bound again");
	printf("%d pairs\n", pairs);
	return 0;
}
