// SPDX-License-Identifier: GPL-2.0
/*
 * privcmd DEVICE version            Xen's version, by a hypercall
 * privcmd DEVICE console FRAME      map the page of the domain's own console in
 *                                   many places, with frames between that are
 *                                   none, and see the console's output in it
 * privcmd DEVICE foreign DOM FRAME  ask for a frame of another domain, all ways
 *                                   there are; prints what the answers are
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* <xen/privcmd.h> needs a header that is not installed. */
typedef unsigned long frame_t;

struct hypercall {
	uint64_t op, arg[5];
};

struct entry {
	uint64_t va, frame, pages;
};

struct map {
	int num;
	uint16_t dom;
	struct entry *entry;
};

struct batch {
	unsigned int num;
	uint16_t dom;
	uint64_t addr;
	const frame_t *frame;
	int *err;
};

struct resource {
	uint16_t dom;
	uint32_t type, id, idx;
	uint64_t num, addr;
};

#define HYPERCALL	_IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))
#define MAP		_IOC(_IOC_NONE, 'P', 2, sizeof(struct map))
#define BATCH		_IOC(_IOC_NONE, 'P', 4, sizeof(struct batch))
#define RESOURCE	_IOC(_IOC_NONE, 'P', 7, sizeof(struct resource))

#define XEN_VERSION	17
#define SELF		0x7ff0
#define NO_FRAME	0x7fffffff
#define PAGE		4096

/* Across the tables of two megabytes that the driver fills in pieces of 32. */
#define PAGES		600
static const int bad[] = { 0, 31, 32, 33, 300, 511, 512, 599 };

/* io/console.h */
struct console {
	char in[1024], out[2048];
	uint32_t in_cons, in_prod, out_cons, out_prod;
	char unused[];
};

static int fd;
static sigjmp_buf fault;

static void caught(int sig)
{
	siglongjmp(fault, sig);
}

/* The signal a read there ends with, or 0. */
static int touch(volatile char *at)
{
	struct sigaction action = { .sa_handler = caught };
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		(void)*at;
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

static char *area(int pages)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mmap");
	return at;
}

static void version(void)
{
	char extra[16] = "";
	struct hypercall call = { .op = XEN_VERSION };
	int number = ioctl(fd, HYPERCALL, &call);

	if (number < 0)
		err(1, "hypercall");
	call.arg[0] = 1;
	call.arg[1] = (unsigned long)extra;
	if (ioctl(fd, HYPERCALL, &call))
		err(1, "hypercall with a buffer");
	printf("%d.%d%s\n", number >> 16, number & 0xffff, extra);
}

static int is_bad(int page)
{
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (bad[i] == page)
			return 1;
	return 0;
}

static int found(const struct console *ring, const char *text)
{
	static char twice[2 * sizeof(ring->out)];

	memcpy(twice, ring->out, sizeof(ring->out));
	memcpy(twice + sizeof(ring->out), ring->out, sizeof(ring->out));
	return memmem(twice, sizeof(twice), text, strlen(text)) != NULL;
}

static void check_page(char *at, frame_t frame, const char *mark)
{
	struct console *ring = (struct console *)at;

	if (!found(ring, mark))
		errx(1, "frame %#lx at %p does not have the console's output", frame, at);
	if (strcmp(ring->unused, mark))
		errx(1, "frame %#lx at %p does not have what was written elsewhere", frame, at);
}

static void console(frame_t frame)
{
	static frame_t frames[PAGES];
	static int errors[PAGES], none[PAGES];
	char mark[64], *many = area(PAGES), *one = area(1);
	struct batch batch = { PAGES, SELF, (unsigned long)many, frames, errors };
	struct entry entry = { (unsigned long)one, frame, 1 };
	struct map map = { 1, SELF, &entry };
	int i, status, refused = 0;

	for (i = 0; i < PAGES; i++)
		frames[i] = is_bad(i) ? NO_FRAME : frame;
	if (ioctl(fd, BATCH, &batch))
		err(1, "map in a batch");
	if (ioctl(fd, MAP, &map))
		err(1, "map one");
	batch.err = none;
	if (!ioctl(fd, BATCH, &batch) || errno != EINVAL)
		err(1, "what is mapped was mapped again");

	snprintf(mark, sizeof(mark), "mark %d %lx", getpid(), (unsigned long)mark);
	puts(mark);
	fflush(stdout);
	tcdrain(1);
	strcpy(((struct console *)one)->unused, mark);
	check_page(one, frame, mark);
	for (i = 0; i < PAGES; i++) {
		if (!errors[i]) {
			check_page(many + i * PAGE, frame, mark);
		} else {
			refused++;
			if (touch(many + i * PAGE) != SIGBUS)
				errx(1, "refused page %d is there", i);
		}
		if ((errors[i] != 0) != is_bad(i))
			errx(1, "page %d: error %d", i, errors[i]);
	}
	/* A child does not get them. */
	if (!fork())
		_exit(touch(one) == SIGSEGV ? 0 : 1);
	if (wait(&status) < 0 || status)
		errx(1, "the child has the frame as well");

	entry.va = (unsigned long)area(1);
	entry.frame = NO_FRAME;
	if (!ioctl(fd, MAP, &map))
		errx(1, "a frame that is none got mapped");
	if (touch((char *)(unsigned long)entry.va) != SIGBUS)
		errx(1, "what was refused is there");
	/* In one piece; the other area goes when the program ends. */
	if (!munmap(many, PAGE) || munmap(many, PAGES * PAGE) || touch(many + PAGE) != SIGSEGV)
		errx(1, "still there after munmap, or went in pieces");
	printf("mapped %d, refused %d\n", PAGES - refused, refused);
}

static void answer(const char *what, int error, char *at)
{
	printf("%s: %s%s\n", what, error ? strerror(error) : "allowed",
	       touch(at) == SIGBUS ? "" : ", and it is there");
}

static void foreign(int dom, frame_t frame)
{
	int error = 0;
	char *at = area(1);
	struct batch batch = { 1, dom, (unsigned long)at, &frame, &error };
	struct entry entry = { 0, frame, 1 };
	struct map map = { 1, dom, &entry };
	struct resource resource = { .dom = dom, .type = 1, .num = 1 };

	if (ioctl(fd, BATCH, &batch))
		error = -errno;
	answer("batch", -error, at);
	/* An area takes one request. */
	at = area(1);
	entry.va = (unsigned long)at;
	error = ioctl(fd, MAP, &map) ? errno : 0;
	answer("map", error, at);
	at = area(1);
	resource.addr = (unsigned long)at;
	error = ioctl(fd, RESOURCE, &resource) ? errno : 0;
	answer("resource", error, at);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: privcmd DEVICE version | console FRAME | foreign DOM FRAME");
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	if (argc == 3 && !strcmp(argv[2], "version"))
		version();
	else if (argc == 4 && !strcmp(argv[2], "console"))
		console(strtoul(argv[3], NULL, 0));
	else if (argc == 5 && !strcmp(argv[2], "foreign"))
		foreign(atoi(argv[3]), strtoul(argv[4], NULL, 0));
	else
		errx(2, "%s: not understood", argv[2]);
	return 0;
}
