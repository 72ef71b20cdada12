// SPDX-License-Identifier: GPL-2.0
/*
 * clock READINGS: no clock goes back, whichever CPU reads it. A thread on each
 * CPU; each reading is compared with the latest one any of them had finished
 * before it began.
 */
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	{ CLOCK_MONOTONIC, "monotonic" },
	{ CLOCK_MONOTONIC_RAW, "raw" },
	{ CLOCK_REALTIME, "realtime" },
	{ CLOCK_BOOTTIME, "boottime" },
};

#define CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

static _Atomic long long latest[CLOCKS];
static atomic_long back[CLOCKS];
static _Atomic long long worst[CLOCKS];
static long per_clock;

static long long now(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		err(2, "clock %d", (int)id);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void raise_to(_Atomic long long *max, long long value)
{
	long long seen = atomic_load(max);

	while (seen < value && !atomic_compare_exchange_weak(max, &seen, value))
		;
}

static void *reader(void *arg)
{
	long n;
	unsigned int c;

	stay_on((long)arg);
	for (n = 0; n < per_clock; n++) {
		for (c = 0; c < CLOCKS; c++) {
			long long before = atomic_load(&latest[c]);
			long long t = now(clocks[c].id);

			if (t < before) {
				atomic_fetch_add(&back[c], 1);
				raise_to(&worst[c], before - t);
			}
			raise_to(&latest[c], t);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long readings = argc > 1 ? atol(argv[1]) : 10000000;
	unsigned int c;
	int failed = 0;

	per_clock = readings / (int)CLOCKS / sysconf(_SC_NPROCESSORS_ONLN) + 1;
	on_each_cpu(reader);
	for (c = 0; c < CLOCKS; c++) {
		printf("%s: %ld readings on %d CPUs, %ld back", clocks[c].name,
		       per_clock * cpus, cpus, (long)back[c]);
		if (back[c])
			printf(", by up to %lld ns", (long long)worst[c]);
		printf("\n");
		failed |= !!back[c];
	}
	return failed;
}
