// SPDX-License-Identifier: GPL-2.0
/*
 * dom0-ring DOMAIN REF PORT SLOT COMMAND...
 *
 * The backend's end of a ring, for a backend that does wrong. REF is the grant of
 * the ring's page, PORT the frontend's event channel, SLOT the size of an entry.
 * At the end nothing is mapped or bound any more. The commands, one by one:
 *
 *	next LENGTH	wait for a request that has no response yet; print its number
 *			and so many bytes of it in hexadecimal
 *	put N HEX	write bytes into the Nth entry
 *	produce COUNT	say that there are so many responses, and send an event
 *	refuse		answer every request of a disk by an error, until killed
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/evtchn.h>
#include <xen/gntdev.h>

#define PAGE 4096
#define PATIENCE 60
#define FOREVER (365 * 86400)

/* See xen/interface/io/ring.h */
struct ring {
	uint32_t req_prod, req_event;
	uint32_t rsp_prod, rsp_event;
	uint8_t pad[48];
	uint8_t slots[];
};

/* See xen/interface/io/blkif.h; these parts are as a 32-bit frontend has them. */
#define BLK_ID 4
#define BLK_ERROR (-1)
struct blk_response {
	uint8_t id[8];
	uint8_t operation, pad;
	int16_t status;
};

static volatile struct ring *ring;
static unsigned int slot_size, slots;
static int channel;
static struct ioctl_evtchn_notify port;

static void map_ring(unsigned int domain, unsigned int ref)
{
	struct ioctl_gntdev_map_grant_ref map = {
		.count = 1, .refs = { { .domid = domain, .ref = ref } },
	};
	int fd = open("/dev/xen/gntdev", O_RDWR);

	if (fd < 0 || ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map))
		err(1, "/dev/xen/gntdev");
	ring = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.index);
	if (ring == MAP_FAILED)
		err(1, "cannot map grant %u of domain %u", ref, domain);
}

static void bind_channel(unsigned int domain, unsigned int remote)
{
	struct ioctl_evtchn_bind_interdomain bind = {
		.remote_domain = domain, .remote_port = remote,
	};
	int local;

	channel = open("/dev/xen/evtchn", O_RDWR);
	local = channel < 0 ? -1 : ioctl(channel, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
	if (local < 0)
		err(1, "cannot bind event channel %u of domain %u", remote, domain);
	port.port = local;
}

/* Until the frontend has made more than COUNT requests. */
static void wait_for_request(uint32_t count, int patience)
{
	struct pollfd poll_for = { .fd = channel, .events = POLLIN };
	time_t end = time(NULL) + patience;
	uint32_t fired;

	for (;;) {
		/* Ask for an event before the look that decides. */
		ring->req_event = count + 1;
		__sync_synchronize();
		if ((int32_t)(ring->req_prod - count) > 0)
			return;
		if (time(NULL) >= end)
			errx(1, "no request but %u within %d s", ring->req_prod, patience);
		if (poll(&poll_for, 1, 1000) > 0 &&
		    (read(channel, &fired, sizeof(fired)) != sizeof(fired) ||
		     write(channel, &fired, sizeof(fired)) != sizeof(fired)))
			err(1, "/dev/xen/evtchn");
	}
}

static void produce(uint32_t count)
{
	__sync_synchronize();
	ring->rsp_prod = count;
	__sync_synchronize();
	if (ioctl(channel, IOCTL_EVTCHN_NOTIFY, &port))
		err(1, "cannot send an event");
}

static uint8_t *slot(uint32_t n)
{
	return (uint8_t *)ring->slots + n % slots * slot_size;
}

static void next(unsigned int length)
{
	uint32_t n = ring->rsp_prod;
	unsigned int i;

	wait_for_request(n, PATIENCE);
	printf("%u ", n);
	for (i = 0; i < length; i++)
		printf("%02x", slot(n)[i]);
	putchar('\n');
}

static void put(uint32_t n, const char *hex)
{
	uint8_t *to = slot(n);

	for (; hex[0] && hex[1]; hex += 2)
		if (sscanf(hex, "%2hhx", to++) != 1)
			errx(1, "not hexadecimal: %s", hex);
}

static void refuse(void)
{
	uint32_t n;

	for (n = ring->rsp_prod;; n++) {
		struct blk_response response = { .status = BLK_ERROR };

		wait_for_request(n, FOREVER);
		response.operation = slot(n)[0];
		memcpy(response.id, slot(n) + BLK_ID, sizeof(response.id));
		memcpy(slot(n), &response, sizeof(response));
		produce(n + 1);
	}
}

static uint32_t number(char **words)
{
	if (!*words)
		errx(1, "too few words; see the head of dom0-ring.c");
	return strtoul(*words, NULL, 0);
}

int main(int argc, char **argv)
{
	char **word = argv + 5;

	if (argc < 6)
		errx(1, "usage: dom0-ring DOMAIN REF PORT SLOT COMMAND...");
	map_ring(number(argv + 1), number(argv + 2));
	bind_channel(number(argv + 1), number(argv + 3));
	slot_size = number(argv + 4);
	/* A power of two, as many as there is room for. */
	for (slots = 1; slots * 2 * slot_size <= PAGE - sizeof(struct ring);)
		slots *= 2;
	while (*word) {
		if (!strcmp(*word, "next")) {
			next(number(word + 1));
			word += 2;
		} else if (!strcmp(*word, "put") && word[1] && word[2]) {
			put(number(word + 1), word[2]);
			word += 3;
		} else if (!strcmp(*word, "produce")) {
			produce(number(word + 1));
			word += 2;
		} else if (!strcmp(*word, "refuse")) {
			refuse();
		} else {
			errx(1, "unknown command '%s'", *word);
		}
	}
	return 0;
}
