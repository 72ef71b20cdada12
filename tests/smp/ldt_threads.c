// SPDX-License-Identifier: GPL-2.0
/*
 * ldt_threads SECONDS: one thread replaces the process's LDT again and again,
 * others use segments of it, while other processes make all of them switch.
 * What a segment holds must always be what its descriptor said.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define USED 0
#define READERS 4
/* So many descriptors fill a page: with more, the kernel takes two. */
#define MANY 600

static const unsigned int word = 0x1d7c0de;
static atomic_bool over;
static atomic_ulong reads, wrong;

static void write_entry(unsigned int number, unsigned int limit)
{
	struct user_desc desc = {
		.entry_number = number,
		.base_addr = (unsigned int)&word,
		.limit = limit,
		.seg_32bit = 1,
		.useable = 1,
	};

	if (syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)))
		err(2, "modify_ldt");
}

static void *reader(void *arg)
{
	unsigned int found;

	while (!atomic_load(&over)) {
		asm volatile("movw %w1, %%fs\n\tmovl %%fs:0, %0"
			     : "=r" (found) : "r" (USED * 8 + 7) : "memory");
		atomic_fetch_add(&reads, 1);
		if (found != word)
			atomic_fetch_add(&wrong, 1);
		sched_yield();
	}
	return arg;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	pthread_t threads[READERS];
	unsigned long writes = 0;
	pid_t children[2 * READERS];
	unsigned int n;

	for (n = 0; n < 2 * READERS; n++) {
		children[n] = fork();
		if (children[n] == 0)
			for (;;)
				sched_yield();
		if (children[n] < 0)
			err(2, "fork");
	}
	write_entry(USED, sizeof(word) - 1);
	for (n = 0; n < READERS; n++)
		if (pthread_create(&threads[n], NULL, reader, NULL))
			errx(2, "pthread_create");
	while (time(NULL) < end) {
		write_entry(1 + writes % MANY, writes);
		writes++;
	}
	atomic_store(&over, 1);
	for (n = 0; n < READERS; n++)
		pthread_join(threads[n], NULL);
	for (n = 0; n < 2 * READERS; n++)
		kill(children[n], SIGKILL);
	printf("ldt_threads: %lu writes, %lu reads, %lu wrong\n", writes,
	       atomic_load(&reads), atomic_load(&wrong));
	return atomic_load(&wrong) != 0;
}
