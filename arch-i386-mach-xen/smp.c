// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual CPUs beyond the first: the state in which Xen starts one, and what is
 * made ready before it comes up and given back after it went down.
 *
 * The rest (who interrupts whom, and how a CPU joins and leaves) is
 * arch/x86/xen/{smp,smp_pv}.c, as for 64 bits.
 *
 * Hypercalls: vcpu_op (VCPUOP_initialise, VCPUOP_register_vcpu_info), sched_op
 * (SCHEDOP_yield).
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include <asm/desc.h>

#include <xen/xen-ops.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

#include <mach_smp.h>

/*
 * As if asm_cpu_bringup_and_idle had been called in the idle task, with the
 * segments of the kernel and events masked.
 */
static void fill_context(struct vcpu_guest_context *ctxt, unsigned int cpu,
			 struct task_struct *idle)
{
	ctxt->flags = VGCF_IN_KERNEL | VGCF_failsafe_disables_events;
	ctxt->user_regs.eip = (unsigned long)asm_cpu_bringup_and_idle;
	ctxt->user_regs.esp = (unsigned long)task_pt_regs(idle);
	/* As allow_port_io() has it on the first. */
	ctxt->user_regs.eflags = X86_EFLAGS_FIXED | (1 << X86_EFLAGS_IOPL_BIT);
	ctxt->user_regs.cs = __KERNEL_CS;
	ctxt->user_regs.ss = __KERNEL_DS;
	ctxt->user_regs.ds = __USER_DS;
	ctxt->user_regs.es = __USER_DS;
	ctxt->user_regs.fs = __KERNEL_PERCPU;

	xen_copy_trap_info(ctxt->trap_ctxt);

	ctxt->gdt_frames[0] = arbitrary_virt_to_mfn(get_cpu_gdt_rw(cpu));
	ctxt->gdt_ents = GDT_ENTRIES;

	/* Where the first exception goes, if there is no context switch before. */
	ctxt->kernel_ss = __KERNEL_DS;
	ctxt->kernel_sp = task_top_of_stack(idle);

	ctxt->event_callback_cs = __KERNEL_CS;
	ctxt->event_callback_eip = (unsigned long)xen_hypervisor_callback;
	ctxt->failsafe_callback_cs = __KERNEL_CS;
	ctxt->failsafe_callback_eip = (unsigned long)xen_failsafe_callback;

	ctxt->ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(swapper_pg_dir));
}

/**
 * cpu_initialize_context - tell Xen the state in which a vCPU is to start
 * @cpu: which
 * @idle: the task it will run first
 *
 * VCPUOP_initialise (xen/include/public/vcpu.h) can be done once for a vCPU; one
 * that went down and comes up again goes on where it was.
 *
 * Context: process, CPU hotplug lock held.
 *
 * Return: 0 or -ENOMEM.
 */
int cpu_initialize_context(unsigned int cpu, struct task_struct *idle)
{
	struct vcpu_guest_context *ctxt;

	if (cpumask_test_cpu(cpu, xen_cpu_initialized_map))
		return 0;

	ctxt = kzalloc(sizeof(*ctxt), GFP_KERNEL);
	if (!ctxt)
		return -ENOMEM;

	fill_context(ctxt, cpu, idle);
	xen_init_vcpu_cr3(cpu);
	if (HYPERVISOR_vcpu_op(VCPUOP_initialise, xen_vcpu_nr(cpu), ctxt))
		BUG();

	cpumask_set_cpu(cpu, xen_cpu_initialized_map);
	kfree(ctxt);
	return 0;
}

/**
 * xen_setup_vcpu_info_placement - what Xen is to have of each vCPU's per-CPU area
 *
 * Where its vcpu_info is can be told once, so not before the areas are where they
 * stay. The page of its GDT becomes read-only before setup_cpu_entry_areas() maps
 * it a second time, which by the rules of pgtable-boot.c is then read-only too.
 *
 * Context: smp_prepare_boot_cpu(), events masked.
 */
void __init xen_setup_vcpu_info_placement(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		per_cpu(xen_vcpu_id, cpu) = cpu;
		xen_vcpu_setup(cpu);
		xen_set_prot_aliases(get_cpu_gdt_rw(cpu), PAGE_KERNEL_RO);
	}
}

static int prepare_vcpu(unsigned int cpu)
{
	int rc;

	xen_setup_timer(cpu);

	rc = xen_smp_intr_init(cpu);
	if (rc) {
		pr_err("CPU %u: no event channels between CPUs: %d\n", cpu, rc);
		goto no_timer;
	}

	rc = xen_smp_intr_init_pv(cpu);
	if (rc) {
		pr_err("CPU %u: no event channel for irq_work: %d\n", cpu, rc);
		goto no_intr;
	}
	return 0;

no_intr:
	xen_smp_intr_free(cpu);
no_timer:
	xen_teardown_timer(cpu);
	return rc;
}

/*
 * What smp_pv.c's cleanup_dead_cpu leaves, and all of it when the vCPU did not
 * come up and that is not called. Nothing is freed twice.
 */
static int clean_up_vcpu(unsigned int cpu)
{
	xen_smp_intr_free(cpu);
	xen_teardown_timer(cpu);
	xen_smp_intr_free_pv(cpu);
	return 0;
}

/**
 * stop_machine_yield - let the others get to where this CPU waits for them
 * @cpumask: the CPUs that are being stopped
 *
 * Each spins with interrupts off until all have arrived, and again for each step.
 * Where vCPUs outnumber CPUs, those that spin keep the others from running.
 *
 * Context: interrupts may be off; code may be about to be patched.
 */
void notrace stop_machine_yield(const struct cpumask *cpumask)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

/**
 * xen_hotplug_init - have event channels ready whenever a vCPU comes up
 */
void __init xen_hotplug_init(void)
{
	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, NR_CPUS, NULL) >= 0)
		pr_warn("Xen: more vCPUs than this kernel has room for; %u and up stay down\n",
			NR_CPUS);

	WARN_ON(xen_cpuhp_setup(prepare_vcpu, clean_up_vcpu));
}
