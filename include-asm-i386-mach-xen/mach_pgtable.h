/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables under Xen. The implementations are in
 * arch/x86/mach-xen/{pgtable*,tlb}.c.
 *
 * An entry in memory holds a machine frame number; __pte() and pte_val() and
 * their kin translate from and to the guest's own frame numbers. A page table
 * that Xen has validated ("pinned") is mapped read-only and changes by
 * hypercall alone; one that no vCPU uses yet is ordinary memory. The setters
 * below tell the two apart by the page flag PG_pinned.
 */
#ifndef _ASM_X86_MACH_XEN_PGTABLE_H
#define _ASM_X86_MACH_XEN_PGTABLE_H

pteval_t xen_entry_to_pfn(pteval_t entry);
pteval_t xen_table_to_pfn(pteval_t entry);
pteval_t xen_entry_to_mfn(pteval_t entry);

static inline pte_t __pte(pteval_t val)
{
	return native_make_pte(xen_entry_to_mfn(val));
}

static inline pteval_t pte_val(pte_t pte)
{
	return xen_entry_to_pfn(native_pte_val(pte));
}

static inline pmd_t __pmd(pmdval_t val)
{
	return native_make_pmd(xen_entry_to_mfn(val));
}

static inline pmdval_t pmd_val(pmd_t pmd)
{
	return xen_table_to_pfn(native_pmd_val(pmd));
}

static inline pgd_t __pgd(pgdval_t val)
{
	return native_make_pgd(xen_entry_to_mfn(val));
}

static inline pgdval_t pgd_val(pgd_t pgd)
{
	return xen_table_to_pfn(native_pgd_val(pgd));
}

void set_pte(pte_t *ptep, pte_t pte);
void set_pmd(pmd_t *pmdp, pmd_t pmd);
void set_pud(pud_t *pudp, pud_t pud);

void set_ptes(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte,
	      unsigned int nr);
#define set_ptes set_ptes

static inline void set_pte_atomic(pte_t *ptep, pte_t pte)
{
	set_pte(ptep, pte);
}

static inline void pte_clear(struct mm_struct *mm, unsigned long addr,
			     pte_t *ptep)
{
	set_pte(ptep, native_make_pte(0));
}

static inline void pmd_clear(pmd_t *pmdp)
{
	set_pmd(pmdp, native_make_pmd(0));
}

#define __HAVE_ARCH_PTEP_MODIFY_PROT_TRANSACTION
pte_t ptep_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *ptep);
void ptep_modify_prot_commit(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *ptep, pte_t old_pte, pte_t pte);

/* Natively locked instructions, of which Xen emulates each on a pinned table. */
#define __HAVE_ARCH_PTEP_GET_AND_CLEAR
pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep);

#define __HAVE_ARCH_PTEP_GET_AND_CLEAR_FULL
pte_t ptep_get_and_clear_full(struct mm_struct *mm, unsigned long addr,
			      pte_t *ptep, int full);

#define __HAVE_ARCH_PTEP_SET_WRPROTECT
void ptep_set_wrprotect(struct mm_struct *mm, unsigned long addr, pte_t *ptep);

#define __HAVE_ARCH_PTEP_CLEAR_FLUSH
pte_t ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr,
		       pte_t *ptep);

/* A page becomes a page table, ... */
void paravirt_alloc_pte(struct mm_struct *mm, unsigned long pfn);
void paravirt_alloc_pmd(struct mm_struct *mm, unsigned long pfn);
void paravirt_release_pte(unsigned long pfn);

/* ... and stops being one where it is freed, not where it is unhooked. */
static inline void paravirt_release_pmd(unsigned long pfn)
{
}

#define __HAVE_ARCH_PMD_FREE
void pmd_free(struct mm_struct *mm, pmd_t *pmd);
#define pmd_free_tlb(tlb, pmd, address)	pmd_free((tlb)->mm, pmd)

/*
 * In front of those of arch/x86/mm/pgtable.c: page tables that stay what they are
 * between two processes. In parentheses it is the generic function.
 */
struct page *(pte_alloc_one)(struct mm_struct *mm);
#define pte_alloc_one(mm)	xen_pte_alloc_one(mm)
pgd_t *(pgd_alloc)(struct mm_struct *mm);
#define pgd_alloc(mm)		xen_pgd_alloc(mm)
void (pgd_free)(struct mm_struct *mm, pgd_t *pgd);
#define pgd_free(mm, pgd)	xen_pgd_free(mm, pgd)

static inline int paravirt_pgd_alloc(struct mm_struct *mm)
{
	return 0;
}

static inline void paravirt_pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
}

/* Xen flushes other CPUs' TLBs, so interrupts off do not keep a table alive. */
#ifdef CONFIG_HAVE_ARCH_TLB_REMOVE_TABLE
void __tlb_remove_table(void *table);
#else
void paravirt_tlb_remove_table(struct mmu_gather *tlb, struct page *page);
#endif

/* An mm is about to be used, or to be taken apart. */
void paravirt_enter_mmap(struct mm_struct *mm);
void paravirt_arch_exit_mmap(struct mm_struct *mm);

/* idx: enum fixed_addresses */
void __set_fixmap(unsigned int idx, phys_addr_t phys, pgprot_t flags);

#define __HAVE_ARCH_ENTER_LAZY_MMU_MODE
void arch_enter_lazy_mmu_mode(void);
void arch_leave_lazy_mmu_mode(void);
void arch_flush_lazy_mmu_mode(void);

#define __HAVE_ARCH_START_CONTEXT_SWITCH
void arch_start_context_switch(struct task_struct *prev);
void arch_end_context_switch(struct task_struct *next);

void __flush_tlb_local(void);
void __flush_tlb_global(void);
void __flush_tlb_one_user(unsigned long addr);
void __flush_tlb_multi(const struct cpumask *cpumask,
		       const struct flush_tlb_info *info);

/* mm/tlb.c keeps the native forms; nobody calls them here. */
void native_flush_tlb_local(void);
void native_flush_tlb_global(void);
void native_flush_tlb_one_user(unsigned long addr);
void native_flush_tlb_multi(const struct cpumask *cpumask,
			    const struct flush_tlb_info *info);

#endif /* _ASM_X86_MACH_XEN_PGTABLE_H */
