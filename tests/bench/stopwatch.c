// SPDX-License-Identifier: GPL-2.0
/*
 * Times what is not one operation:
 *
 *	stopwatch run ROUNDS COMMAND [ARGUMENT...]	nanoseconds of each round, on one
 *							line; what the command says is lost
 *	stopwatch now					the wall clock, nanoseconds
 *	as process 1 (rdinit=)				that, then /init
 *
 * The clock of a domain and dom0's are both Xen's, so the last two compare.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long nanoseconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		err(1, "clock_gettime");
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void run(char **command)
{
	int status, null;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, 1) != 1)
			err(126, "/dev/null");
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "wait");
	if (status)
		errx(1, "%s: status %#x", command[0], status);
}

int main(int argc, char **argv)
{
	unsigned long long start, now = nanoseconds(CLOCK_REALTIME);

	if (getpid() == 1) {
		printf("init at %llu\n", now);
		fflush(stdout);
		execl("/init", "/init", NULL);
		err(1, "/init");
	}
	if (argc == 2 && !strcmp(argv[1], "now")) {
		printf("%llu\n", now);
		return 0;
	}
	if (argc < 4 || strcmp(argv[1], "run"))
		errx(2, "usage: stopwatch run ROUNDS COMMAND [ARGUMENT...] | now");
	for (int i = atoi(argv[2]); i > 0; i--) {
		start = nanoseconds(CLOCK_MONOTONIC);
		run(argv + 3);
		printf("%llu ", nanoseconds(CLOCK_MONOTONIC) - start);
		fflush(stdout);
	}
	printf("\n");
	return 0;
}
