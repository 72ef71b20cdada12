// SPDX-License-Identifier: GPL-2.0
/*
 * Lazy modes: hypercalls that may wait until they can go together.
 *
 * Generic code says when page table updates or the parts of a context switch
 * may be held back and when they have to be done; in between, xen_mc_issue()
 * leaves them in the multicall buffer of arch/x86/xen/multicalls.c, and page table
 * updates wait in pgtable-updates.c.
 *
 * Hypercalls: multicall, stack_switch.
 */
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/thread_info.h>

#include <asm/paravirt.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

DEFINE_PER_CPU(enum xen_lazy_mode, xen_lazy_mode) = XEN_LAZY_NONE;

#ifdef CONFIG_ARCH_HAS_LAZY_MMU_MODE
/*
 * Generic code keeps lazy MMU mode as a state of the task, and counts its nesting. For
 * the CPU what counts is whether something may wait: until the buffer has been flushed,
 * which is after the task has left the mode, and in an interrupt, too.
 */
static void enter_lazy(enum xen_lazy_mode mode)
{
	this_cpu_write(xen_lazy_mode, mode);
}

static void leave_lazy(enum xen_lazy_mode mode)
{
	this_cpu_write(xen_lazy_mode, XEN_LAZY_NONE);
}

/*
 * 64-bit PV has the task pause its lazy MMU mode while it is not running. That
 * counts, and a new task, which nobody has paused, is left with a count that keeps
 * it out of the mode. There is no need: the mode is looked up in the task.
 */
static void note_lazy_mmu_mode(struct task_struct *prev)
{
}

static bool was_in_lazy_mmu_mode(struct task_struct *next)
{
	return __task_lazy_mmu_mode_active(next);
}
#else
DEFINE_PER_CPU(unsigned int, xen_lazy_nesting);

static void note_lazy_mmu_mode(struct task_struct *prev)
{
	set_ti_thread_flag(task_thread_info(prev), TIF_LAZY_MMU_UPDATES);
}

static bool was_in_lazy_mmu_mode(struct task_struct *next)
{
	return test_and_clear_ti_thread_flag(task_thread_info(next),
					     TIF_LAZY_MMU_UPDATES);
}
#endif

/**
 * xen_get_lazy_mode - which hypercalls may wait
 *
 * Return: the mode of the task; none in an interrupt, which ends before the
 *	   task it interrupted would flush.
 */
enum xen_lazy_mode xen_get_lazy_mode(void)
{
	if (in_interrupt())
		return XEN_LAZY_NONE;

	return this_cpu_read(xen_lazy_mode);
}

/**
 * xen_queue_mmuext_op - put an operation into the batch that is being made
 * @cmd: MMUEXT_* (xen/include/public/xen.h)
 *
 * Context: between xen_begin_batch() and xen_mc_issue().
 *
 * Return: the operation, for its arguments to be filled in.
 */
struct mmuext_op *xen_queue_mmuext_op(unsigned int cmd)
{
	struct multicall_space mcs = __xen_mc_entry(sizeof(struct mmuext_op));
	struct mmuext_op *op = mcs.args;

	op->cmd = cmd;
	MULTI_mmuext_op(mcs.mc, op, 1, NULL, DOMID_SELF);
	return op;
}

/**
 * arch_enter_lazy_mmu_mode - page table updates may wait from now on
 */
void arch_enter_lazy_mmu_mode(void)
{
	enter_lazy(XEN_LAZY_MMU);
}
EXPORT_SYMBOL_GPL(arch_enter_lazy_mmu_mode);

/**
 * arch_leave_lazy_mmu_mode - do the page table updates that waited
 */
void arch_leave_lazy_mmu_mode(void)
{
	preempt_disable();
	xen_flush_batches();
	leave_lazy(XEN_LAZY_MMU);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(arch_leave_lazy_mmu_mode);

/**
 * arch_flush_lazy_mmu_mode - do the page table updates that waited, and go on
 */
void arch_flush_lazy_mmu_mode(void)
{
	preempt_disable();
	if (xen_get_lazy_mode() == XEN_LAZY_MMU)
		xen_flush_batches();
	preempt_enable();
}
EXPORT_SYMBOL_GPL(arch_flush_lazy_mmu_mode);

/**
 * arch_start_context_switch - the parts of a context switch may wait
 * @prev: the task that is left; if it was in lazy MMU mode, it will be again
 *
 * Context: preemption off, the scheduler.
 */
void arch_start_context_switch(struct task_struct *prev)
{
	if (this_cpu_read(xen_lazy_mode) == XEN_LAZY_MMU) {
		arch_leave_lazy_mmu_mode();
		note_lazy_mmu_mode(prev);
	}
	enter_lazy(XEN_LAZY_CPU);
}

/**
 * arch_end_context_switch - do the parts of a context switch that waited
 * @next: the task that goes on; Xen enters the kernel on its stack from now on
 *
 * cr3, LDT, TLS descriptors, FPU state and kernel stack: one multicall.
 *
 * Context: preemption off, __switch_to().
 */
void arch_end_context_switch(struct task_struct *next)
{
	struct multicall_space mcs;

	xen_begin_batch();
	mcs = __xen_mc_entry(0);
	MULTI_stack_switch(mcs.mc, __KERNEL_DS, next->thread.sp0);
	xen_mc_issue_cpu();

	xen_flush_batches();
	leave_lazy(XEN_LAZY_CPU);

	if (was_in_lazy_mmu_mode(next))
		arch_enter_lazy_mmu_mode();
}
