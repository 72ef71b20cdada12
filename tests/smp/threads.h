/* SPDX-License-Identifier: GPL-2.0 */
/* A thread on each CPU that is online. */
#ifndef THREADS_H
#define THREADS_H

#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static int cpus;

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "cannot run on CPU %d", cpu);
}

/* fn(number of the CPU) on each of them, until all have returned. */
static void on_each_cpu(void *(*fn)(void *))
{
	pthread_t *threads;
	int cpu;

	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	threads = calloc(cpus, sizeof(*threads));
	if (!threads)
		err(2, "no memory");
	for (cpu = 0; cpu < cpus; cpu++)
		if (pthread_create(&threads[cpu], NULL, fn, (void *)(long)cpu))
			errx(2, "no thread for CPU %d", cpu);
	for (cpu = 0; cpu < cpus; cpu++)
		pthread_join(threads[cpu], NULL);
	free(threads);
}

#endif /* THREADS_H */
