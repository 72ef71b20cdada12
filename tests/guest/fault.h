/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Do something that may fault and see what the kernel said about it:
 *
 *	if (fault_write(p, 1)) ... fault.sig, fault.code, fault.addr ...
 */
#ifndef FAULT_H
#define FAULT_H

#include <setjmp.h>
#include <signal.h>
#include <sys/ucontext.h>

#include "check.h"
#include "raw.h"

struct fault {
	int sig;
	int code;
	unsigned int addr;
	unsigned int trapno;
	unsigned int err;
	unsigned int eip;
	unsigned int eflags;
};

static struct fault fault;
static sigjmp_buf fault_jmp;
static unsigned int fault_gs;
static char fault_stack[65536] __attribute__((aligned(64)));

static void fault_handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	/* The code that faulted may have left these in any state. */
	asm volatile("movl %0, %%gs" : : "r" (fault_gs));
	asm volatile("pushfl; andl %0, (%%esp); popfl" : : "i" (~EFLAGS_AC) :
		     "memory", "cc");
	fault.sig = sig;
	fault.code = si->si_code;
	fault.addr = (unsigned int)si->si_addr;
	fault.trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	fault.err = uc->uc_mcontext.gregs[REG_ERR];
	fault.eip = uc->uc_mcontext.gregs[REG_EIP];
	fault.eflags = uc->uc_mcontext.gregs[REG_EFL];
	siglongjmp(fault_jmp, 1);
}

static __maybe_unused void fault_catch(int sig)
{
	struct sigaction sa = {
		.sa_sigaction = fault_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaction(sig, &sa, NULL);
}

static __maybe_unused void fault_init(void)
{
	stack_t ss = { .ss_sp = fault_stack, .ss_size = sizeof(fault_stack) };

	fault_gs = read_gs();
	sigaltstack(&ss, NULL);
	fault_catch(SIGSEGV);
	fault_catch(SIGBUS);
	fault_catch(SIGILL);
	fault_catch(SIGFPE);
	fault_catch(SIGTRAP);
}

typedef void (*fault_fn)(unsigned int arg, unsigned int arg2);

/*
 * Call fn(arg, arg2) and return the signal it got, or 0. Not inlined: the
 * caller's variables are none of longjmp's business.
 */
static __attribute__((noinline)) __maybe_unused
int fault_call(fault_fn fn, unsigned int arg, unsigned int arg2)
{
	memset(&fault, 0, sizeof(fault));
	if (!sigsetjmp(fault_jmp, 1))
		fn(arg, arg2);
	return fault.sig;
}

static __attribute__((noinline)) __maybe_unused
void fault_do_read(unsigned int addr, unsigned int unused __maybe_unused)
{
	(void)*(volatile char *)addr;
}

static __attribute__((noinline)) __maybe_unused
void fault_do_write(unsigned int addr, unsigned int byte)
{
	*(volatile char *)addr = byte;
}

#define fault_run(fn)		fault_call((fault_fn)(unsigned int)(fn), 0, 0)
#define fault_run1(fn, arg)						\
	fault_call((fault_fn)(unsigned int)(fn), (unsigned int)(arg), 0)
#define fault_read(addr)						\
	fault_call(fault_do_read, (unsigned int)(addr), 0)
#define fault_write(addr, byte)						\
	fault_call(fault_do_write, (unsigned int)(addr), byte)

/* In words, without an address */
static __maybe_unused const char *fault_text(void)
{
	if (!fault.sig)
		return "no fault";
	return check_name("signal %d code %d trapno %u err %#x", fault.sig,
			  fault.code, fault.trapno, fault.err);
}

#endif /* FAULT_H */
