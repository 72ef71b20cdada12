// SPDX-License-Identifier: GPL-2.0
/*
 * contended_lock SECONDS: a thread on each CPU takes one spinlock of the kernel's
 * again and again, as the others do: that of the table of files they share, twice a
 * round. Prints how many rounds all of them have done.
 */
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static atomic_long rounds;
static time_t end;

static void *take_and_give(void *arg)
{
	long done;

	stay_on((long)arg);
	for (done = 0; time(NULL) < end; done++) {
		int fd = dup(STDOUT_FILENO);

		if (fd < 0 || close(fd))
			err(2, "dup and close");
	}
	atomic_fetch_add(&rounds, done);
	return NULL;
}

int main(int argc, char **argv)
{
	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	on_each_cpu(take_and_give);
	printf("%ld\n", atomic_load(&rounds));
	return 0;
}
