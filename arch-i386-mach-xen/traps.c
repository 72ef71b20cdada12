// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions under Xen: the IDT's contents go to the hypervisor.
 *
 * Xen takes every exception first. One that is not its own business it passes
 * to the guest as the CPU would have: on the kernel stack, with the frame of an
 * i386 CPU. The table it goes by is made from the native IDT, so
 * arch/x86/kernel/idt.c stays what it is.
 *
 * Hypercall: set_trap_table.
 */
#include <linux/preempt.h>
#include <linux/spinlock.h>

#include <asm/desc.h>
#include <asm/idtentry.h>
#include <asm/irq_vectors.h>
#include <asm/traps.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

/* struct trap_info.flags (xen/include/public/arch-x86/xen.h) */
#define TI_DPL		3
#define TI_MASK_EVENTS	4

/* The IDT in use, as load_idt() was told. */
static DEFINE_PER_CPU(struct desc_ptr, xen_idt);

/*
 * Exceptions and the system call are all that comes through a trap table.
 * Device interrupts are event channels, and the task gate for double faults
 * is out: Xen knows none, and ends a domain whose kernel stack is bad.
 */
static bool gate_to_trap(unsigned int vector, const gate_desc *gate,
			 struct trap_info *trap)
{
	if (vector >= NUM_EXCEPTION_VECTORS && vector != IA32_SYSCALL_VECTOR)
		return false;
	if (gate->bits.type != GATE_TRAP && gate->bits.type != GATE_INTERRUPT)
		return false;

	trap->vector = vector;
	trap->flags = gate->bits.dpl & TI_DPL;
	if (gate->bits.type == GATE_INTERRUPT)
		trap->flags |= TI_MASK_EVENTS;
	trap->cs = gate_segment(gate);
	trap->address = gate_offset(gate);
	return true;
}

/**
 * write_idt_entry - set a gate, in the table and at Xen if it is in use
 * @idt: the table
 * @entry: vector
 * @gate: its new contents
 */
void write_idt_entry(gate_desc *idt, int entry, const gate_desc *gate)
{
	struct trap_info trap[2] = { };

	preempt_disable();
	native_write_idt_entry(idt, entry, gate);
	if (this_cpu_read(xen_idt.address) == (unsigned long)idt &&
	    gate_to_trap(entry, gate, &trap[0]) &&
	    HYPERVISOR_set_trap_table(trap))
		BUG();
	preempt_enable();
}

#ifdef CONFIG_SMP
/**
 * xen_copy_trap_info - the trap table a vCPU starts with: that of this one
 * @traps: an entry for each of the 256 vectors, zeroed
 */
void xen_copy_trap_info(struct trap_info *traps)
{
	/* May be preempted: each CPU has the same. */
	const struct desc_ptr *idt = raw_cpu_ptr(&xen_idt);
	const gate_desc *gates = (const gate_desc *)idt->address;
	unsigned int vector;

	for (vector = 0; vector < (idt->size + 1) / sizeof(gate_desc); vector++)
		gate_to_trap(vector, &gates[vector], &traps[vector]);
}
#endif

/**
 * load_idt - use an IDT
 * @dtr: its address and limit
 *
 * Context: CPU bring-up, interrupts off.
 */
void load_idt(const struct desc_ptr *dtr)
{
	/* One entry more: an all-zero one ends the table. Static for its size. */
	static struct trap_info traps[NUM_EXCEPTION_VECTORS + 2];
	static DEFINE_RAW_SPINLOCK(lock);
	unsigned int entries = (dtr->size + 1) / sizeof(gate_desc);
	const gate_desc *idt = (const gate_desc *)dtr->address;
	unsigned int vector, out = 0;

	raw_spin_lock(&lock);
	*this_cpu_ptr(&xen_idt) = *dtr;

	for (vector = 0; vector < entries; vector++)
		if (gate_to_trap(vector, &idt[vector], &traps[out]))
			out++;
	memset(&traps[out], 0, sizeof(traps[out]));

	if (HYPERVISOR_set_trap_table(traps))
		BUG();
	raw_spin_unlock(&lock);
}

/*
 * <asm/idtentry.h> emits entry stubs for the exceptions that 64-bit PV takes
 * on other stacks than native does. i386 has one stack for all, nothing ever
 * points at these stubs, and this is what they would call.
 */
DEFINE_IDTENTRY_RAW(xenpv_exc_nmi)
{
	exc_nmi(regs);
}

DEFINE_IDTENTRY_RAW(xenpv_exc_debug)
{
	exc_debug(regs);
}

DEFINE_IDTENTRY_RAW_ERRORCODE(xenpv_exc_double_fault)
{
	exc_xen_unknown_trap(regs);
}

#ifdef CONFIG_X86_MCE
DEFINE_IDTENTRY_RAW(xenpv_exc_machine_check)
{
	exc_xen_unknown_trap(regs);
}
#endif

DEFINE_IDTENTRY_RAW(exc_xen_unknown_trap)
{
	instrumentation_begin();
	panic("exception that a Xen guest cannot get");
	instrumentation_end();
}
