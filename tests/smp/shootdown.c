// SPDX-License-Identifier: GPL-2.0
/*
 * shootdown ROUNDS: once a mapping has been changed on one CPU, no other one
 * uses the old translation. One thread maps pages with rising numbers in them
 * at one address and tells when it has done so; the others must not read a
 * lower number than they have been told of. Then the same with the right to
 * write: what is stored after it has been taken away must not arrive.
 */
#include "threads.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE	4096
#define PAGES	64

static _Atomic long told;
static atomic_int end;
static atomic_long reads, stale;
static volatile long *window;
static int file;
static long rounds;

static volatile long *writable;
static atomic_long stores, refused;
static __thread sigjmp_buf after_fault;
static __thread volatile sig_atomic_t expecting;

static void on_fault(int sig)
{
	(void)sig;
	if (!expecting)
		_exit(3);
	siglongjmp(after_fault, 1);
}

static void map_round(long round)
{
	if (mmap((void *)window, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file,
		 round % PAGES * PAGE) == MAP_FAILED)
		err(2, "mmap");
}

static void remap_rounds(void)
{
	long *all = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 file, 0);
	long round;

	if (all == MAP_FAILED)
		err(2, "mmap");
	for (round = 1; round <= rounds; round++) {
		all[round % PAGES * (PAGE / sizeof(long))] = round;
		map_round(round);
		atomic_store(&told, round);
	}
	munmap(all, PAGES * PAGE);
}

static void protect_rounds(void)
{
	long round, before;

	for (round = 0; round < rounds; round++) {
		if (mprotect((void *)writable, PAGE, PROT_READ))
			err(2, "mprotect");
		before = *writable;
		sched_yield();
		if (*writable != before)
			atomic_fetch_add(&stale, 1);
		if (mprotect((void *)writable, PAGE, PROT_READ | PROT_WRITE))
			err(2, "mprotect");
	}
}

static void *reader(void *arg)
{
	long cpu = (long)arg;

	stay_on(cpu);
	if (cpu == 0) {
		remap_rounds();
		protect_rounds();
		atomic_store(&end, 1);
		return NULL;
	}
	while (atomic_load(&told) < rounds) {
		long wanted = atomic_load(&told);
		long seen = *window;

		/* A page is used again after PAGES rounds, for a higher number. */
		if (seen < wanted)
			atomic_fetch_add(&stale, 1);
		atomic_fetch_add(&reads, 1);
	}
	expecting = 1;
	while (!atomic_load(&end)) {
		if (sigsetjmp(after_fault, 1)) {
			atomic_fetch_add(&refused, 1);
			continue;
		}
		++*writable;
		atomic_fetch_add(&stores, 1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_fault };

	rounds = argc > 1 ? atol(argv[1]) : 20000;
	file = syscall(SYS_memfd_create, "pages", 0);
	if (file < 0 || ftruncate(file, PAGES * PAGE))
		err(2, "memfd");
	window = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (window == MAP_FAILED || writable == MAP_FAILED)
		err(2, "mmap");
	sigaction(SIGSEGV, &action, NULL);
	on_each_cpu(reader);
	printf("%ld rounds on %d CPUs, %ld reads, %ld stores, %ld refused, %ld stale\n",
	       rounds, cpus, (long)reads, (long)stores, (long)refused, (long)stale);
	return !!stale;
}
