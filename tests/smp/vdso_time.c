// SPDX-License-Identifier: GPL-2.0
/*
 * vdso_time: clocks are read without a system call. From a point on the calls
 * that read clocks are deadly (SIGSYS).
 */
#include <err.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#define DEADLY(nr)						\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),	\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void forbid_clock_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DEADLY(SYS_clock_gettime),
		DEADLY(SYS_clock_gettime64),
		DEADLY(SYS_gettimeofday),
		DEADLY(SYS_time),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(2, "seccomp");
}

int main(void)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME,
	};
	struct timespec ts;
	unsigned int n, clock;

	forbid_clock_calls();
	for (n = 0; n < 1000; n++)
		for (clock = 0; clock < sizeof(clocks) / sizeof(clocks[0]); clock++)
			if (clock_gettime(clocks[clock], &ts))
				err(2, "clock %d", (int)clocks[clock]);
	printf("clocks read without a system call\n");
	return 0;
}
