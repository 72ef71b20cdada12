// SPDX-License-Identifier: GPL-2.0
/*
 * A debugger with odd wishes: single steps over every way into the kernel and out
 * of it, debug registers, segment registers, flags and registers with any contents.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "fuzz.h"

static int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

/* What it steps through */
static void debuggee(void)
{
	int n;

	signal(SIGUSR1, handler);
	signal(SIGTRAP, handler);
	for (n = 0; n < 20; n++) {
		switch (below(8)) {
		case 0:
			asm volatile("int $0x80" : : "a" (SYS_getppid) : "memory");
			break;
		case 1:
			/* The vDSO's way, SYSENTER where there is one */
			getppid();
			syscall(SYS_gettid);
			break;
		case 2:
			asm volatile("pushfl; orl $0x100, (%%esp); popfl; nop; int $0x80;"
				     "pushfl; andl $~0x100, (%%esp); popfl"
				     : : "a" (SYS_getpid) : "memory", "cc");
			break;
		case 3:
			asm volatile("movl %%ss, %%eax; movl %%eax, %%ss; int $0x80"
				     : : : "eax", "memory");
			break;
		case 4:
			raise(SIGUSR1);
			break;
		case 5:
			asm volatile("int3");
			break;
		case 6:
			asm volatile("pushfl; pushl %%cs; pushl $1f; iretl; 1:" : : : "memory");
			break;
		default:
			if (!fork())
				_exit(0);
		}
	}
	_exit(0);
}

static void wish(pid_t pid)
{
	struct user_regs_struct regs;
	uint32_t where;

	switch (below(8)) {
	case 0 ... 1:
		/* DR0 to DR7, over what a program or the kernel has there */
		where = below(8);
		ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + where * 4,
		       where == 7 || below(2) ? odd_value() : (uint32_t)debuggee + below(256));
		break;
	case 2:
		where = below(2) ? below(17) * 4 : odd_value();
		ptrace(PTRACE_POKEUSER, pid, where, odd_value());
		break;
	case 3:
		where = below(6);
		where = (const uint32_t[]){ 7, 8, 9, 10, 13, 16 }[where];	/* ds to ss */
		ptrace(PTRACE_POKEUSER, pid, where * 4, odd_selector());
		break;
	case 4:
		if (!ptrace(PTRACE_GETREGS, pid, NULL, &regs)) {
			regs.eflags ^= odd_value();
			ptrace(PTRACE_SETREGS, pid, NULL, &regs);
		}
		break;
	case 5:
		ptrace(PTRACE_PEEKUSER, pid, odd_value(), NULL);
		break;
	case 6:
		/* To the debuggee's own TLS, or none */
		ptrace(PTRACE_SET_THREAD_AREA, pid, odd_value(), &regs);
		break;
	default:
		ptrace(PTRACE_POKEDATA, pid, (uint32_t)debuggee + below(256), odd_value());
	}
}

static void fuzz(void)
{
	static const int ways[] = {
		PTRACE_SINGLESTEP, PTRACE_SINGLESTEP, PTRACE_CONT, PTRACE_SYSCALL,
		PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP, PTRACE_SINGLEBLOCK,
	};
	int status, n, wishes = below(4);
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		debuggee();
	}
	for (n = 0; n < 400; n++) {
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return;
		if (wishes && !below(20))
			wish(pid);
		ptrace(ways[wishes ? below(7) : below(2)], pid, NULL,
		       WSTOPSIG(status) == SIGUSR1 || !below(20) ? WSTOPSIG(status) : 0);
	}
	kill(pid, SIGKILL);
}
