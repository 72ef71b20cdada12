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
#include <string.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stay_on.h"

/* GDT_ENTRY_CPUNODE of <asm/segment.h>. */
enum { CPUNODE_32 = 28, CPUNODE_64 = 15 };

/* Bits 0 to 11 of the segment's limit. */
static int number_of(unsigned int entry)
{
	unsigned int limit = ~0u;

	asm volatile("lsl %1, %0" : "+r" (limit) : "r" (entry * 8 + 3) : "cc");
	return limit == ~0u ? -1 : (int)(limit & 0xfff);
}

/* The GDT entry with a CPU's number. 32-bit kernels have one from 6.2 on: 0 if not. */
static unsigned int entry_of_number(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		errx(2, "uname");
	if (!strcmp(name.machine, "x86_64"))
		return CPUNODE_64;
	return major > 6 || (major == 6 && minor >= 2) ? CPUNODE_32 : 0;
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

/* Whether there is ioperm(), and a port that this process has from now on. */
static int has_port(void)
{
	if (!ioperm(0x80, 1, 1))
		return 1;
	if (errno != ENOSYS)
		err(2, "ioperm");
	return 0;
}

/* The signal that ends a process which reads a port it did not ask for. */
static int read_foreign_port(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		inb(0x400);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(2, "fork");
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	int cpu, bad = 0, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int entry = entry_of_number(), rdtscp = entry && has_rdtscp(), port = has_port();

	for (cpu = 0; cpu < cpus; cpu++) {
		int number, beside, signal;
		unsigned int really;

		stay_on(cpu);
		if (syscall(SYS_getcpu, &really, NULL, NULL))
			err(2, "CPU %d", cpu);
		number = entry ? number_of(entry) : cpu;
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
	printf("cpu_state: %d CPUs, %s ioperm(), %s\n", cpus, port ? "with" : "without",
	       bad ? "bad" : "good");
	return bad;
}
