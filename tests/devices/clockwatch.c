// SPDX-License-Identifier: GPL-2.0
/*
 * clockwatch FILE: until FILE is gone, a thread on each CPU reads the clocks a
 * few hundred times a second. None may go back, and the wall clock goes as the
 * clock of the time since boot does: a time the machine was not there counts in
 * both, or in none.
 *
 * At the end it prints "N readings, B back, longest gap G ms, wall clock W ms
 * off". The gap is the longest time in which no thread ran.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MONOTONIC, RAW, REALTIME, BOOTTIME, CLOCKS };

static const clockid_t ids[CLOCKS] = {
	CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME, CLOCK_BOOTTIME
};

static _Atomic long long latest[CLOCKS];
static _Atomic long long longest;
static atomic_long readings, back;
static const char *file;

static long long now(int clock)
{
	struct timespec ts;

	if (clock_gettime(ids[clock], &ts))
		err(2, "clock %d", (int)ids[clock]);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void raise_to(_Atomic long long *max, long long value)
{
	long long seen = atomic_load(max);

	while (seen < value && !atomic_compare_exchange_weak(max, &seen, value))
		;
}

static void *watch(void *arg)
{
	const struct timespec pause = { .tv_nsec = 3000000 };
	cpu_set_t set;
	int clock;

	CPU_ZERO(&set);
	CPU_SET((long)arg, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "cannot run on CPU %ld", (long)arg);
	while (!access(file, F_OK)) {
		for (clock = 0; clock < CLOCKS; clock++) {
			/* What another thread had read before this one reads. */
			long long before = atomic_load(&latest[clock]);
			long long time = now(clock);

			if (time < before)
				atomic_fetch_add(&back, 1);
			if (clock == BOOTTIME)
				raise_to(&longest, time - before);
			raise_to(&latest[clock], time);
			atomic_fetch_add(&readings, 1);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu;
	pthread_t *threads = calloc(cpus, sizeof(*threads));
	long long apart;
	int clock;

	if (argc != 2 || !threads)
		errx(2, "usage: clockwatch FILE");
	file = argv[1];
	for (clock = 0; clock < CLOCKS; clock++)
		latest[clock] = now(clock);
	apart = latest[REALTIME] - latest[BOOTTIME];
	for (cpu = 0; cpu < cpus; cpu++)
		if (pthread_create(&threads[cpu], NULL, watch, (void *)cpu))
			errx(2, "no thread for CPU %ld", cpu);
	for (cpu = 0; cpu < cpus; cpu++)
		pthread_join(threads[cpu], NULL);
	apart = now(REALTIME) - now(BOOTTIME) - apart;
	printf("%ld readings, %ld back, longest gap %lld ms, wall clock %lld ms off\n",
	       (long)readings, (long)back, longest / 1000000, llabs(apart) / 1000000);
	return back != 0;
}
