/* SPDX-License-Identifier: GPL-2.0 */
/* A thread on each CPU that is online. */
#ifndef THREADS_H
#define THREADS_H

#include "stay_on.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int cpus;

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
