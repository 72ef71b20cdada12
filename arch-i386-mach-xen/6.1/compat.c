// SPDX-License-Identifier: GPL-2.0
/*
 * Linux 6.1: what files outside of this folder refer to there, for hardware or for
 * pv_ops, and what mach-xen does not have.
 */
#include <linux/bug.h>

#include <asm/cpu.h>
#include <asm/paravirt_types.h>

/**
 * paravirt_patch - patch an indirect call of pv_ops
 * @type: which one
 * @insn_buff: the instructions there
 * @addr: where they are
 * @len: how many bytes
 *
 * For apply_paravirt(). No place is known to it: hooks are calls from the start.
 *
 * Return: does not.
 */
unsigned int paravirt_patch(u8 type, void *insn_buff, unsigned long addr, unsigned int len)
{
	BUG();
}

/**
 * start_cpu0 - where CPU 0 would come up again, woken by an NMI
 *
 * For smpboot.c, where it is asked after nobody has allowed it. vCPUs come up by
 * cpu_initialize_context().
 */
void start_cpu0(void)
{
	BUG();
}
