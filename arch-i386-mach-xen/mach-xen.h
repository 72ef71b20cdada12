/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of arch/x86/mach-xen tell each other.
 */
#ifndef _ARCH_X86_MACH_XEN_H
#define _ARCH_X86_MACH_XEN_H

#include <linux/init.h>
#include <linux/linkage.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/types.h>

#ifndef CONFIG_ARCH_HAS_HW_PTE_YOUNG	/* an older tree, which has other names */
#include "compat.h"
#endif

/* start.c */
struct start_info;
asmlinkage void __init __noreturn mach_xen_start(struct start_info *si);

/* entry.S: not functions, Xen jumps there */
extern const char xen_hypervisor_callback[];
extern const char xen_failsafe_callback[];
extern const char xen_syscall32_callback[];

/*
 * lazy.c. What ends a batch: may it wait until the end of a context switch, or of
 * lazy MMU mode, or not at all?
 */
#ifdef CONFIG_ARCH_HAS_LAZY_MMU_MODE
/* What other trees have in <asm/xen/hypervisor.h>. */
enum xen_lazy_mode {
	XEN_LAZY_NONE,
	XEN_LAZY_MMU,
	XEN_LAZY_CPU,
};

DECLARE_PER_CPU(enum xen_lazy_mode, xen_lazy_mode);
enum xen_lazy_mode xen_get_lazy_mode(void);

#define xen_mc_issue_cpu()	xen_mc_issue(xen_get_lazy_mode() != XEN_LAZY_CPU)
#define xen_mc_issue_mmu()	xen_mc_issue(xen_get_lazy_mode() != XEN_LAZY_MMU)
#define xen_mc_issue_now()	xen_mc_issue(true)
#else
#define xen_mc_issue_cpu()	xen_mc_issue(XEN_LAZY_CPU)
#define xen_mc_issue_mmu()	xen_mc_issue(XEN_LAZY_MMU)
#define xen_mc_issue_now()	xen_mc_issue(0)
#define lazy_mmu_mode_enable()	arch_enter_lazy_mmu_mode()
#define lazy_mmu_mode_disable()	arch_leave_lazy_mmu_mode()
#endif

struct mmuext_op;
struct mmuext_op *xen_queue_mmuext_op(unsigned int cmd);

/* pgtable-updates.c */
void xen_begin_batch(void);
void xen_flush_batches(void);
void xen_update_entry(void *entry, unsigned int cmd, unsigned int lazy, u64 val);

/* tsc.c */
void __init xen_prefer_rdtsc(void);

/* gdt.c */
void xen_update_descriptor(void *entry, const void *desc);
void xen_set_prot_aliases(void *va, pgprot_t prot);
void __init xen_gdt_init(void);

/* irq.c */
void xen_pv_evtchn_do_upcall(struct pt_regs *regs);

/* A page directory's entry for a gigabyte, 0 to PTRS_PER_PGD - 1. */
static inline pud_t *pud_of(pgd_t *pgd, unsigned int i)
{
	return pud_offset(p4d_offset(pgd + i, 0), 0);
}

/* The kernel's table of PMDs that a page directory refers to. */
static inline pmd_t *kernel_pmds(pgd_t *pgd)
{
	return pud_pgtable(*pud_of(pgd, pgd_index(PAGE_OFFSET)));
}

/* pgtable-boot.c */
extern bool xen_boot_pgtables;
void __init xen_pgtable_init(void);
void xen_boot_write_cr3(unsigned long cr3);
void xen_boot_set_pte(pte_t *ptep, pte_t pte);
void xen_boot_set_pmd(pmd_t *pmdp, pmd_t pmd);
void xen_boot_set_pud(pud_t *pudp, pud_t pud);

/* pgtable-pin.c */
void xen_pin_pgd(struct mm_struct *mm, pgd_t *pgd);
void xen_unpin_pgd(struct mm_struct *mm, pgd_t *pgd);
void xen_unpin_table(void *table);
void __init xen_mark_init_mm_pinned(void);

/* pgtable-pool.c */
void xen_ptes_hooked_in(struct page *page);
bool xen_better_pinned(struct mm_struct *mm, unsigned long entries);

/* suspend.c */
void xen_offer_p2m_tree(void);

/* syscall.c */
void __init xen_register_callbacks(void);

/* processor.c */
void __init xen_hide_cpu_features(void);
DECLARE_PER_CPU(unsigned long, xen_current_cr3);

/* shutdown.c */
void __init xen_machine_ops_init(void);

#ifdef CONFIG_SMP
/* processor.c */
void xen_init_vcpu_cr3(unsigned int cpu);

/* smp.c */
void __init xen_hotplug_init(void);
#else
static inline void xen_hotplug_init(void) {}
#endif

#endif /* _ARCH_X86_MACH_XEN_H */
