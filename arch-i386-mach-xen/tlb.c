// SPDX-License-Identifier: GPL-2.0
/*
 * TLB flushes under Xen.
 *
 * In lazy MMU mode a flush takes its place among the page table updates that
 * are being collected.
 *
 * On other vCPUs Xen flushes: one hypercall, and those that do not run at the
 * moment need not be woken up. So a page table must not be freed before all have
 * passed a point where they do not walk it (tlb_remove_table()).
 *
 * Hypercall: mmuext_op (MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL,
 * MMUEXT_TLB_FLUSH_MULTI, MMUEXT_INVLPG_MULTI).
 */
#include <asm/tlbflush.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static void flush_op(unsigned int cmd, unsigned long addr)
{
	xen_begin_batch();
	xen_queue_mmuext_op(cmd)->arg1.linear_addr = addr;
	xen_mc_issue_mmu();
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
 * @cpumask: which; those that are offline need none
 * @info: what
 *
 * Context: preemption off.
 */
void __flush_tlb_multi(const struct cpumask *cpumask,
		       const struct flush_tlb_info *info)
{
	struct {
		struct mmuext_op op;
		DECLARE_BITMAP(vcpus, NR_CPUS);
	} *args;
	struct multicall_space mcs;

	xen_begin_batch();
	mcs = __xen_mc_entry(sizeof(*args));
	args = mcs.args;

	cpumask_and(to_cpumask(args->vcpus), cpumask, cpu_online_mask);
	args->op.arg2.vcpumask = args->vcpus;
	if (info->end - info->start <= PAGE_SIZE) {
		args->op.cmd = MMUEXT_INVLPG_MULTI;
		args->op.arg1.linear_addr = info->start;
	} else {
		args->op.cmd = MMUEXT_TLB_FLUSH_MULTI;
	}

	MULTI_mmuext_op(mcs.mc, &args->op, 1, NULL, DOMID_SELF);
	xen_mc_issue_mmu();
}
