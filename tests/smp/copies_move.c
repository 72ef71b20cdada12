// SPDX-License-Identifier: GPL-2.0
/*
 * copies_move ROUNDS: a process without threads goes from CPU to CPU. Pages that it
 * shares with a child are copied where it writes to them, and a CPU where it has
 * read them before, and has done nothing else since, must not show it the old ones.
 */
#include "stay_on.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096
#define PAGES	16

static volatile long *pages;

static long wrong(long value)
{
	long n = 0;
	int page;

	for (page = 0; page < PAGES; page++)
		n += pages[page * (PAGE / sizeof(long))] != value;
	return n;
}

static void set(long value)
{
	int page;

	for (page = 0; page < PAGES; page++)
		pages[page * (PAGE / sizeof(long))] = value;
}

/* A child that has all pages until the parent closes the pipe, and tells what it sees. */
static pid_t sharer(int end[2], long value)
{
	pid_t child;
	char none;

	if (pipe(end))
		err(2, "pipe");
	child = fork();
	if (child < 0)
		err(2, "fork");
	if (child)
		return child;

	close(end[1]);
	if (read(end[0], &none, 1))
		_exit(2);
	_exit(wrong(value) != 0);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000, round, stale = 0, mixed = 0;
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);

	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		err(2, "mmap");

	set(-1);
	for (round = 0; round < rounds; round++) {
		int end[2], status;
		pid_t child;

		stay_on(round % cpus);
		child = sharer(end, round - 1);
		stale += wrong(round - 1);
		stay_on((round + 1) % cpus);
		set(round);
		stay_on(round % cpus);
		stale += wrong(round);

		close(end[0]);
		close(end[1]);
		if (waitpid(child, &status, 0) != child)
			err(2, "waitpid");
		mixed += status != 0;
	}
	printf("%ld rounds on %d CPUs, %ld stale, %ld mixed\n", rounds, cpus, stale, mixed);
	return stale || mixed;
}
