// SPDX-License-Identifier: GPL-2.0
/*
 * cpu_state: what each CPU has of its own and a program can see: its number in
 * the segment that the vDSO's getcpu() reads and, where there is RDTSCP, beside the
 * time stamp; and the I/O bitmap, which gives no more ports than were asked for.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stay_on.h"

/* GDT_ENTRY_CPUNODE of <asm/segment.h>, 32 bits; bits 0 to 11 of its limit. */
#define CPUNODE_SELECTOR (28 * 8 + 3)

static int number_of(void)
{
	unsigned int limit = ~0u;

	asm volatile("lsl %1, %0" : "+r" (limit) : "r" (CPUNODE_SELECTOR) : "cc");
	return limit == ~0u ? -1 : (int)(limit & 0xfff);
}

/* 32-bit kernels give a CPU its number, by either way, from 6.2 on. */
static int is_numbered(void)
{
	unsigned int major, minor;
	struct utsname name;

	uname(&name);
	return sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 2));
}

static int has_rdtscp(void)
{
	unsigned int a, b, c, d = 0;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (d & 1 << 27);
}

static int number_beside_tsc(void)
{
	unsigned int aux;

	asm volatile("rdtscp" : "=c" (aux) : : "eax", "edx");
	return aux & 0xfff;
}

/* The signal that ends a process with one port, or none, which reads another one. */
static int read_foreign_port(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ioperm(0x80, 1, 1) && errno != ENOSYS)
			_exit(2);
		inb(0x400);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(2, "fork");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		errx(2, "ioperm");
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	int cpu, bad = 0, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int numbered = is_numbered(), rdtscp = numbered && has_rdtscp();

	for (cpu = 0; cpu < cpus; cpu++) {
		int number, beside, signal;
		unsigned int really;

		stay_on(cpu);
		if (syscall(SYS_getcpu, &really, NULL, NULL))
			err(2, "CPU %d", cpu);
		number = numbered ? number_of() : cpu;
		beside = rdtscp ? number_beside_tsc() : cpu;
		signal = read_foreign_port();
		if ((int)really != cpu || number != cpu || beside != cpu ||
		    signal != SIGSEGV) {
			printf("CPU %d: is %u by system call, %d by its segment, %d by RDTSCP,"
			       " a port not asked for gives signal %d\n",
			       cpu, really, number, beside, signal);
			bad = 1;
		}
	}
	printf("cpu_state: %d CPUs, %s\n", cpus, bad ? "bad" : "good");
	return bad;
}
