// SPDX-License-Identifier: GPL-2.0
/*
 * Returns from signals that never came, from frames that hold anything: selectors,
 * flags, addresses, FPU state that is not there or is not one.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

#include "fuzz.h"

static unsigned char fp_state[1024] __attribute__((aligned(64)));

static void landing(void)
{
	RAW(SYS_exit_group, 0);
}

static void fill(uint32_t *field, uint32_t usual, int odds)
{
	*field = below(odds) ? usual : odd_value();
}

static void registers(uint32_t *regs)
{
	static char stack[4096];
	uint32_t cs = read_cs(), ss = read_ss();
	int n;

	for (n = REG_GS; n <= REG_DS; n++)
		regs[n] = below(2) ? ss : odd_selector();
	for (n = REG_EDI; n <= REG_ERR; n++)
		regs[n] = odd_value();
	fill(&regs[REG_EIP], (uint32_t)landing, 4);
	regs[REG_CS] = below(3) ? cs : odd_selector();
	/* TF, NT, VM and what else there is */
	regs[REG_EFL] = below(2) ? 0x202 : odd_value();
	fill(&regs[REG_UESP], (uint32_t)stack + 4000, 4);
	fill(&regs[REG_ESP], (uint32_t)stack + 4000, 4);
	regs[REG_SS] = below(3) ? ss : odd_selector();
}

static void state(void)
{
	unsigned int n, changes = below(32);

	asm volatile("fnsave (%0); fxsave 112(%0)" : : "r" (fp_state) : "memory");
	for (n = 0; n < changes; n++)
		fp_state[below(sizeof(fp_state))] = random32();
	for (n = 0; n < sizeof(fp_state) && !below(4); n++)
		fp_state[n] = random32();
}

/* Both kinds of frame, as the kernel lays them out: arch/x86/include/asm/sigframe.h */
static void fuzz(void)
{
	static uint32_t frame[512] __attribute__((aligned(64)));
	struct user_desc desc = {
		.entry_number = below(4), .limit = 0xfffff, .seg_32bit = below(2),
		.contents = below(3), .limit_in_pages = below(2), .read_exec_only = below(2),
	};
	int rt = below(2);
	uint32_t *regs = rt ? frame + 5 : frame;

	RAW(SYS_modify_ldt, 1, &desc, sizeof(desc));
	state();
	registers(regs);
	/* Behind the registers: the FPU's state, the signals blocked, an address */
	regs[19] = below(3) ? (uint32_t)fp_state : odd_value();
	regs[20] = random32();
	regs[21] = odd_value();
	/* Some changes in one place or another, and nothing in most */
	if (!below(4))
		frame[below(128)] = odd_value();
	asm volatile("movl %0, %%esp; int $0x80; hlt"
		     : : "r" (frame), "a" (rt ? SYS_rt_sigreturn : SYS_sigreturn) : "memory");
}
