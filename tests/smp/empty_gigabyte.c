// SPDX-License-Identifier: GPL-2.0
/*
 * empty_gigabyte SECONDS: a thread maps and unmaps the only page of a gigabyte, for
 * which generic code unhooks and hooks in the table of PMDs above it, while others
 * have the kernel look the page up without a lock (a shared futex: GUP-fast), and
 * fault it in.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A static program has nothing else from 0x40000000 to 0x7fffffff. */
#define PAGE_AT		((void *)0x50000000)
#define PAGE_SIZE	4096
#define WORD		0x600df00d

static atomic_bool over;
static atomic_ulong found, missed;

static void count(long result)
{
	if (!result)
		atomic_fetch_add(&found, 1);
	else if (errno == EFAULT)
		atomic_fetch_add(&missed, 1);
	else
		err(2, "asked for the page");
}

static void *looker(void *arg)
{
	while (!atomic_load(&over))
		count(syscall(SYS_futex, PAGE_AT, FUTEX_WAKE, 1, NULL, NULL, 0));
	return arg;
}

/* The kernel's fault; a store of our own would end us. */
static void *toucher(void *arg)
{
	/* Not where main() looks. */
	struct timespec *now = (struct timespec *)((char *)PAGE_AT + 64);

	while (!atomic_load(&over))
		count(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now));
	return arg;
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0, wrong = 0;
	volatile unsigned int *page;
	pthread_t thread;
	bool looks;
	time_t end;

	looks = argc == 3 && !strcmp(argv[2], "looked");
	if (!looks && (argc != 3 || strcmp(argv[2], "touched")))
		errx(2, "usage: empty_gigabyte SECONDS looked|touched");

	if (pthread_create(&thread, NULL, looks ? looker : toucher, NULL))
		errx(2, "no thread");

	for (end = time(NULL) + atoi(argv[1]); time(NULL) < end; rounds++) {
		page = mmap(PAGE_AT, PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (page != PAGE_AT)
			err(2, "mmap");
		wrong += page[0] != 0;
		page[0] = WORD;
		wrong += page[0] != WORD;
		if (munmap(PAGE_AT, PAGE_SIZE))
			err(2, "munmap");
	}

	atomic_store(&over, true);
	pthread_join(thread, NULL);
	printf("%lu rounds, found %lu times and missed %lu times, %lu wrong\n",
	       rounds, atomic_load(&found), atomic_load(&missed), wrong);
	return wrong != 0;
}
