/* SPDX-License-Identifier: GPL-2.0 */
/* The thread that calls runs on one CPU only. */
#ifndef STAY_ON_H
#define STAY_ON_H

#define _GNU_SOURCE
#include <err.h>
#include <sched.h>

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "cannot run on CPU %d", cpu);
}

#endif /* STAY_ON_H */
