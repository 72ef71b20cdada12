// SPDX-License-Identifier: GPL-2.0
/*
 * TLB flushes under Xen.
 *
 * In lazy MMU mode a flush takes its place among the page table updates that
 * are being collected.
 *
 * Hypercall: mmuext_op (MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL).
 */
#include <asm/tlbflush.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static void flush_op(unsigned int cmd, unsigned long addr)
{
	xen_mc_batch();
	xen_queue_mmuext_op(cmd)->arg1.linear_addr = addr;
	xen_mc_issue(XEN_LAZY_MMU);
}

/**
 * __flush_tlb_local - forget all translations on this CPU
 */
void __flush_tlb_local(void)
{
	flush_op(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

/**
 * __flush_tlb_global - forget all translations on this CPU, the kernel's too
 *
 * There are no global pages, so this is the same.
 */
void __flush_tlb_global(void)
{
	flush_op(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

/**
 * __flush_tlb_one_user - forget the translation of an address on this CPU
 * @addr: the address
 */
void __flush_tlb_one_user(unsigned long addr)
{
	flush_op(MMUEXT_INVLPG_LOCAL, addr);
}

/**
 * __flush_tlb_multi - flush on several CPUs
 * @cpumask: which
 * @info: what
 */
void __flush_tlb_multi(const struct cpumask *cpumask,
		       const struct flush_tlb_info *info)
{
	native_flush_tlb_multi(cpumask, info);
}
