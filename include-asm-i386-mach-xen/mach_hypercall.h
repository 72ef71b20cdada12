/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hypercalls that pass a 64-bit value, in the 32-bit calling convention: the
 * value takes two argument registers, low half first. <asm/xen/hypercall.h>
 * includes this in place of its own forms, which pass it in one register and
 * would lose the upper half here without a word from the compiler.
 *
 * The numbers and arguments are in xen/include/public/arch-x86/xen-x86_32.h
 * and xen/include/public/xen.h.
 */
#ifndef _ASM_X86_MACH_XEN_HYPERCALL_H
#define _ASM_X86_MACH_XEN_HYPERCALL_H

static inline int
HYPERVISOR_update_descriptor(u64 maddr, u64 desc)
{
	return _hypercall4(int, update_descriptor, (u32)maddr, maddr >> 32,
			   (u32)desc, desc >> 32);
}

static inline int
HYPERVISOR_update_va_mapping(unsigned long va, pte_t new_val,
			     unsigned long flags)
{
	return _hypercall4(int, update_va_mapping, va, new_val.pte_low,
			   new_val.pte_high, flags);
}

static inline void
MULTI_fpu_taskswitch(struct multicall_entry *mcl, int set)
{
	mcl->op = __HYPERVISOR_fpu_taskswitch;
	mcl->args[0] = set;

	trace_xen_mc_entry(mcl, 1);
}

static inline void
MULTI_update_va_mapping(struct multicall_entry *mcl, unsigned long va,
			pte_t new_val, unsigned long flags)
{
	mcl->op = __HYPERVISOR_update_va_mapping;
	mcl->args[0] = va;
	mcl->args[1] = new_val.pte_low;
	mcl->args[2] = new_val.pte_high;
	mcl->args[3] = flags;

	trace_xen_mc_entry(mcl, 4);
}

static inline void
MULTI_update_descriptor(struct multicall_entry *mcl, u64 maddr,
			struct desc_struct desc)
{
	mcl->op = __HYPERVISOR_update_descriptor;
	mcl->args[0] = (u32)maddr;
	mcl->args[1] = maddr >> 32;
	mcl->args[2] = ((u32 *)&desc)[0];
	mcl->args[3] = ((u32 *)&desc)[1];

	trace_xen_mc_entry(mcl, 4);
}

#endif /* _ASM_X86_MACH_XEN_HYPERCALL_H */
