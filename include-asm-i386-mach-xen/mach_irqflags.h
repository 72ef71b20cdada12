/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "Interrupts off" under Xen: vcpu_info.evtchn_upcall_mask is 1.
 *
 * The mask and the pending byte are the first two bytes of struct
 * vcpu_info (xen/include/public/xen.h). They are reached by symbol, not
 * through a pointer: xen_vcpu_info is registered with Xen for each vCPU
 * (VCPUOP_register_vcpu_info); until then Xen's own copy is masked, and so is
 * ours from the first statement of mach_xen_start() on. Changing the mask is
 * one instruction: a task that is preempted and moved cannot leave another
 * CPU's mask behind changed.
 *
 * This header is included long before struct vcpu_info can be; irq.c checks
 * the offsets.
 */
#ifndef _ASM_X86_MACH_XEN_IRQFLAGS_H
#define _ASM_X86_MACH_XEN_IRQFLAGS_H

#include <linux/compiler.h>
#include <asm/processor-flags.h>

#define XEN_VCPU_INFO_pending	0
#define XEN_VCPU_INFO_mask	1
#define XEN_VCPU_INFO_cr2	8

#ifdef CONFIG_SMP
#define XEN_VCPU_INFO(field)	"%%fs:xen_vcpu_info+%c[" #field "]"
#else
#define XEN_VCPU_INFO(field)	"xen_vcpu_info+%c[" #field "]"
#endif
#define XEN_VCPU_INFO_ARG(field) [field] "i" (XEN_VCPU_INFO_##field)

void xen_force_evtchn_callback(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	unsigned long mask;

	asm volatile("movzbl " XEN_VCPU_INFO(mask) ", %0"
		     : "=r" (mask) : XEN_VCPU_INFO_ARG(mask) : "memory");

	return (mask ^ 1) << X86_EFLAGS_IF_BIT;
}

static __always_inline void arch_local_irq_disable(void)
{
	asm volatile("movb $1, " XEN_VCPU_INFO(mask)
		     : : XEN_VCPU_INFO_ARG(mask) : "memory");
}

/*
 * Xen delivers what became pending under the mask only when it returns to the
 * guest next, so look once after unmasking. Should an upcall come in between,
 * it has handled everything, and the worst is one hypercall too many.
 */
static __always_inline void arch_local_irq_enable(void)
{
	asm volatile("movb $0, " XEN_VCPU_INFO(mask)
		     : : XEN_VCPU_INFO_ARG(mask) : "memory");
	asm goto("cmpb $0, " XEN_VCPU_INFO(pending) "\n\t"
		 "jne %l[upcall]"
		 : : XEN_VCPU_INFO_ARG(pending) : "memory", "cc" : upcall);
	return;
upcall:
	xen_force_evtchn_callback();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}

/* A probe on one of the instructions above; kernel/kprobes/core.c asks. */
struct insn;
struct kprobe;
void xen_prepare_kprobe_emulation(struct kprobe *p, const struct insn *insn);

#include <asm/irqflags.h>	/* native_save_fl(), whichever header comes first */

/*
 * Xen enters a 32-bit kernel with AC as user mode had it. In ring 1 it does
 * nothing: only ring 3 is checked for alignment, and Xen has SMAP off while such
 * a guest runs. Who reads the CPU's own flags wants to know what the entry code
 * has left set that does something, as arch_enter_from_user_mode() does.
 */
#define native_save_fl()	(native_save_fl() & ~X86_EFLAGS_AC)

#endif /* _ASM_X86_MACH_XEN_IRQFLAGS_H */
