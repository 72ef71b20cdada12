/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux 6.1: operations that go by other names there. Included by
 * <mach_paravirt.h>.
 */
#ifndef _ASM_X86_MACH_XEN_COMPAT_H
#define _ASM_X86_MACH_XEN_COMPAT_H

/* exec uses an mm for the first time in activate_mm(), fork fills one in. */
static inline void paravirt_activate_mm(struct mm_struct *prev,
					struct mm_struct *next)
{
	paravirt_enter_mmap(next);
}

static inline void paravirt_arch_dup_mmap(struct mm_struct *oldmm,
					  struct mm_struct *mm)
{
	paravirt_enter_mmap(mm);
}

/* Entries are set one by one. */
#define set_pte_at(mm, addr, ptep, pte)	set_ptes(mm, addr, ptep, pte, 1)

/* spinlock.c: set from the start, to be cleared on bare hardware. */
#define VIRT_SPIN_LOCK_KEY_TRUE

#endif /* _ASM_X86_MACH_XEN_COMPAT_H */
