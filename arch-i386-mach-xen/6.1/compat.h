/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux 6.1: what the files of this folder call by the names of later trees.
 * Included by mach-xen.h there.
 */
#ifndef _ARCH_X86_MACH_XEN_COMPAT_H
#define _ARCH_X86_MACH_XEN_COMPAT_H

#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <asm/mpspec.h>
#include <asm/paravirt.h>
#include <asm/tlbflush.h>

#include "../xen/multicalls.h"
#include "../xen/pmu.h"
#include "../xen/smp.h"

/*
 * A page that is a page table has no type of its own. A variable named ptdesc is
 * one named page here, and must not have another one in its scope.
 */
#define ptdesc			page
#define pt_list			lru
#define pt_index		index
#define ptdesc_page(page)	(page)
#define page_ptdesc(page)	(page)
#define virt_to_ptdesc(table)	virt_to_page(table)
#define ptdesc_address(page)	page_address(page)
#define pagetable_alloc(gfp, order)	alloc_pages(gfp, order)
#define pagetable_free(page)	__free_page(page)
#define pagetable_pte_ctor(page)	pgtable_pte_page_ctor(page)
#define pagetable_pmd_ctor(page)	pgtable_pmd_page_ctor(page)
#define pagetable_pmd_dtor(page)	pgtable_pmd_page_dtor(page)

/* pgtable-pin.c looks at half of an entry; the halves have no names. */
#define pmd_low			pmd

/* Whether each table has its lock is a matter of the number of CPUs. */
#if USE_SPLIT_PTE_PTLOCKS
#define CONFIG_SPLIT_PTE_PTLOCKS	1
static inline spinlock_t *ptep_lockptr(struct mm_struct *mm, void *table)
{
	return ptlock_ptr(virt_to_page(table));
}
#else
static inline spinlock_t *ptep_lockptr(struct mm_struct *mm, void *table)
{
	return &mm->page_table_lock;
}
#endif

/* pgtable.c: set_ptes() is set_pte_at() here, see <mach_compat.h>. */
static inline pte_t pte_next_pfn(pte_t pte)
{
	return pfn_pte(pte_pfn(pte) + 1, pte_pgprot(pte));
}

/* Whoever needs it does it, not the TLB flush. */
static inline void mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
							       unsigned long start,
							       unsigned long end)
{
}

/* A shrinker is part of something of its user's. */
static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;

	shrinker->flags = flags;
	shrinker->seeks = DEFAULT_SEEKS;
	if (prealloc_shrinker(shrinker, "%s", name)) {
		kfree(shrinker);
		return NULL;
	}
	return shrinker;
}

#define shrinker_register(shrinker)	register_shrinker_prepared(shrinker)

/* It is told on which CPU it is. */
#undef leave_mm
#define leave_mm()		leave_mm(smp_processor_id())

/*
 * start.c: the SMP configuration is found by one function and read by one, which
 * counts the CPUs, too. That there is one has to be said, or init_apic_mappings() maps
 * an APIC (for 64-bit PV, where it does, set_fixmap() has another page for it).
 */
#define HAVE_GET_SMP_CONFIG
static inline void xen_smp_count_cpus(void)
{
#ifdef CONFIG_X86_LOCAL_APIC
	smp_found_config = 1;
#endif
}

/* pgtable-boot.c: in 6.1, whoever finds that says what it is about. */
#define xen_chk_is_e820_usable(start, size, component)	\
	BUG_ON(xen_is_e820_reserved(start, size))

/* entry.S; declared in smp_pv.c alone. */
void asm_cpu_bringup_and_idle(void);

/* The lazy modes are pv_ops's; they do not nest there. */
#define xen_lazy_mode		paravirt_lazy_mode
#define XEN_LAZY_NONE		PARAVIRT_LAZY_NONE
#define XEN_LAZY_MMU		PARAVIRT_LAZY_MMU
#define XEN_LAZY_CPU		PARAVIRT_LAZY_CPU
#define xen_get_lazy_mode	paravirt_get_lazy_mode

DECLARE_PER_CPU(enum xen_lazy_mode, xen_lazy_mode);
DECLARE_PER_CPU(unsigned int, xen_lazy_nesting);

static inline void enter_lazy(enum xen_lazy_mode mode)
{
	if (this_cpu_read(xen_lazy_mode) == mode) {
		this_cpu_inc(xen_lazy_nesting);
	} else {
		BUG_ON(this_cpu_read(xen_lazy_mode) != XEN_LAZY_NONE);
		this_cpu_write(xen_lazy_mode, mode);
	}
}

static inline void leave_lazy(enum xen_lazy_mode mode)
{
	BUG_ON(this_cpu_read(xen_lazy_mode) != mode);
	if (this_cpu_read(xen_lazy_nesting))
		this_cpu_dec(xen_lazy_nesting);
	else
		this_cpu_write(xen_lazy_mode, XEN_LAZY_NONE);
}

#endif /* _ARCH_X86_MACH_XEN_COMPAT_H */
