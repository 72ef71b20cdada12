// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a Xen guest: event channel upcalls instead of vectors, and
 * waiting for one.
 *
 * Masking is in <mach_irqflags.h>. Here is what cannot be inline: making Xen
 * look at pending events, blocking until there is one, and the upcall's C part.
 *
 * Hypercalls: xen_version (as the cheapest one), sched_op, vcpu_op.
 */
#include <linux/entry-common.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>

#include <asm/irq_regs.h>
#include <asm/irq_stack.h>
#include <asm/paravirt.h>

#include <xen/events.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/xen-ops.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static_assert(offsetof(struct vcpu_info, evtchn_upcall_pending) ==
	      XEN_VCPU_INFO_pending);
static_assert(offsetof(struct vcpu_info, evtchn_upcall_mask) ==
	      XEN_VCPU_INFO_mask);
static_assert(offsetof(struct vcpu_info, arch.cr2) == XEN_VCPU_INFO_cr2);

/* local_irq_enable() and friends of modules reach into it. */
EXPORT_PER_CPU_SYMBOL(xen_vcpu_info);

#ifndef CONFIG_PREEMPTION
/* Set while privcmd runs a hypercall for user space that may take long. */
DEFINE_PER_CPU(bool, xen_in_preemptible_hcall);
EXPORT_PER_CPU_SYMBOL_GPL(xen_in_preemptible_hcall);
#endif

/**
 * xen_force_evtchn_callback - have pending events delivered now
 *
 * Any hypercall does: Xen looks at evtchn_upcall_pending when it returns to
 * the guest. XENVER_version does nothing else.
 *
 * Context: any, with events unmasked.
 */
noinstr void xen_force_evtchn_callback(void)
{
	(void)HYPERVISOR_xen_version(0, NULL);
}
EXPORT_SYMBOL_GPL(xen_force_evtchn_callback);

/**
 * arch_safe_halt - enable interrupts and wait for one
 *
 * SCHEDOP_block unmasks events and blocks in one step
 * (xen/include/public/sched.h), so no wake-up can get lost in between.
 *
 * Context: the idle loop, interrupts off on entry and on return whatever the
 *          upcall left them.
 */
noinstr void arch_safe_halt(void)
{
	if (HYPERVISOR_sched_op(SCHEDOP_block, NULL))
		BUG();
}

/**
 * halt - stop this vCPU
 *
 * With interrupts on this waits for one. With interrupts off nothing could
 * ever wake the vCPU again: it is taken down (VCPUOP_down).
 */
void halt(void)
{
	if (irqs_disabled())
		HYPERVISOR_vcpu_op(VCPUOP_down, xen_vcpu_nr(smp_processor_id()),
				   NULL);
	else
		arch_safe_halt();
}
EXPORT_SYMBOL(halt);

/* What the trees call the counter of upcalls. */
#ifdef _ASM_X86_PARAVIRT_BASE_H
#define count_upcall()	inc_irq_stat(HYPERVISOR_CALLBACK)
#else
#define count_upcall()	inc_irq_stat(irq_hv_callback_count)
#endif

static void handle_upcall(struct pt_regs *regs)
{
	struct pt_regs *old_regs = set_irq_regs(regs);

	count_upcall();
	xen_evtchn_do_upcall();
	set_irq_regs(old_regs);
}

/**
 * xen_pv_evtchn_do_upcall - C part of the event channel upcall
 * @regs: the interrupted context
 *
 * Called by xen_hypervisor_callback in entry.S, events masked.
 *
 * A kernel without preemption still gives way when it was interrupted in a
 * hypercall that user space asked for through privcmd: such a one may take
 * seconds. The task may come back on another CPU, so the flag travels with it.
 */
__visible noinstr void xen_pv_evtchn_do_upcall(struct pt_regs *regs)
{
	irqentry_state_t state = irqentry_enter(regs);

	instrumentation_begin();
	run_sysvec_on_irqstack_cond(handle_upcall, regs);

#ifndef CONFIG_PREEMPTION
	if (!state.exit_rcu && __this_cpu_read(xen_in_preemptible_hcall)) {
		__this_cpu_write(xen_in_preemptible_hcall, false);
		irqentry_exit_cond_resched();
		instrumentation_end();
		__this_cpu_write(xen_in_preemptible_hcall, true);
		return;
	}
#endif
	instrumentation_end();
	irqentry_exit(regs, state);
}
