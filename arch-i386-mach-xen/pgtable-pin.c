// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a page table under Xen.
 *
 * While an mm is built (fork, exec) its tables are ordinary memory and are
 * written directly. Before it is used for the first time they all become
 * read-only and Xen validates them as a whole ("pins" them); from then on each
 * change is a hypercall, and tables are added and removed one by one. When the
 * mm is taken apart it is unpinned first, and the work is plain memory writes
 * again.
 *
 * PG_pinned on the page of a table says which it is. On the page of the page
 * directory it stands for the mm.
 *
 * A page table must not be written by others while its page is read-only and
 * not yet validated: Xen emulates plain stores into the tables it knows, and
 * for others they are an ordinary fault. With one CPU it is enough not to be
 * preempted.
 *
 * Hypercalls: update_va_mapping, mmuext_op (MMUEXT_PIN_L3_TABLE,
 * MMUEXT_UNPIN_TABLE), multicall.
 */
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>

#include <asm/tlbflush.h>

#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static void queue_prot(void *table, pgprot_t prot)
{
	struct multicall_space mcs = __xen_mc_entry(0);

	MULTI_update_va_mapping(mcs.mc, (unsigned long)table,
				pfn_pte(virt_to_pfn(table), prot), 0);
}

static void queue_readonly(void *table)
{
	SetPagePinned(virt_to_page(table));
	queue_prot(table, PAGE_KERNEL_RO);
}

/*
 * No TLB flush: a stale read-only entry faults and is found to be spurious
 * (spurious_kernel_fault()), which is rarer than pages are freed.
 */
static void queue_writable(void *table)
{
	ClearPagePinned(virt_to_page(table));
	queue_prot(table, PAGE_KERNEL);
}

static void walk_pte_tables(pmd_t *pmd, unsigned int nr, void (*fn)(void *))
{
	for (; nr; nr--, pmd++)
		if (pmd_present(*pmd))
			fn((void *)pmd_page_vaddr(*pmd));
}

/*
 * All tables that are this mm's own: those of user space, its copy of the
 * kernel's middle level, and the page directory. The kernel's PTEs are shared
 * and stay pinned with swapper_pg_dir.
 */
static void walk_tables(pgd_t *pgd, void (*fn)(void *))
{
	unsigned int i;

	for (i = 0; i < PTRS_PER_PGD; i++) {
		pud_t *pud = pud_offset(p4d_offset(pgd + i, 0), 0);

		if (!pud_present(*pud))
			continue;
		if (i < KERNEL_PGD_BOUNDARY)
			walk_pte_tables(pud_pgtable(*pud), PTRS_PER_PMD, fn);
		fn(pud_pgtable(*pud));
	}
	fn(pgd);
}

static void pin_pgd(pgd_t *pgd)
{
	xen_mc_batch();
	walk_tables(pgd, queue_readonly);
	xen_queue_mmuext_op(MMUEXT_PIN_L3_TABLE)->arg1.mfn = virt_to_mfn(pgd);
	xen_mc_issue(0);
}

static void unpin_pgd(pgd_t *pgd)
{
	xen_mc_batch();
	xen_queue_mmuext_op(MMUEXT_UNPIN_TABLE)->arg1.mfn = virt_to_mfn(pgd);
	walk_tables(pgd, queue_writable);
	xen_mc_issue(0);
}

/**
 * paravirt_enter_mmap - an mm is about to be used: pin its page tables
 * @mm: the mm, filled in by fork or exec
 */
void paravirt_enter_mmap(struct mm_struct *mm)
{
	spin_lock(&mm->page_table_lock);
	if (!PagePinned(virt_to_page(mm->pgd)))
		pin_pgd(mm->pgd);
	spin_unlock(&mm->page_table_lock);
}

/**
 * paravirt_arch_exit_mmap - an mm has no user any more: unpin its page tables
 * @mm: the mm
 *
 * A kernel thread, or the exiting task itself, may still run on them.
 */
void paravirt_arch_exit_mmap(struct mm_struct *mm)
{
	preempt_disable();
	if (this_cpu_read(cpu_tlbstate.loaded_mm) == mm)
		leave_mm();
	preempt_enable();

	spin_lock(&mm->page_table_lock);
	if (PagePinned(virt_to_page(mm->pgd)))
		unpin_pgd(mm->pgd);
	spin_unlock(&mm->page_table_lock);
}

/**
 * xen_mm_pin_all - pin the page tables that are being built or taken apart
 *
 * Tables that Xen knows to be such are rewritten for new machine frames when
 * the domain is saved and restored; the contents of others would be lost.
 *
 * Context: stop_machine(), before suspending.
 */
void xen_mm_pin_all(void)
{
	struct ptdesc *ptdesc;

	spin_lock(&pgd_lock);
	list_for_each_entry(ptdesc, &pgd_list, pt_list) {
		struct page *page = ptdesc_page(ptdesc);

		if (!PagePinned(page)) {
			pin_pgd(page_address(page));
			SetPageSavePinned(page);
		}
	}
	spin_unlock(&pgd_lock);
}

/**
 * xen_mm_unpin_all - let go what xen_mm_pin_all() pinned
 *
 * Context: stop_machine(), after resuming.
 */
void xen_mm_unpin_all(void)
{
	struct ptdesc *ptdesc;

	spin_lock(&pgd_lock);
	list_for_each_entry(ptdesc, &pgd_list, pt_list) {
		struct page *page = ptdesc_page(ptdesc);

		if (PageSavePinned(page)) {
			ClearPageSavePinned(page);
			unpin_pgd(page_address(page));
		}
	}
	spin_unlock(&pgd_lock);
}

static void alloc_table(struct mm_struct *mm, unsigned long pfn)
{
	if (xen_boot_pgtables || !PagePinned(virt_to_page(mm->pgd)))
		return;

	xen_mc_batch();
	queue_readonly(__va(PFN_PHYS(pfn)));
	xen_mc_issue(XEN_LAZY_MMU);
}

static void release_table(unsigned long pfn)
{
	if (xen_boot_pgtables || !PagePinned(pfn_to_page(pfn)))
		return;

	/* Now, not lazily: the page may be somebody else's next. */
	xen_mc_batch();
	queue_writable(__va(PFN_PHYS(pfn)));
	xen_mc_issue(0);
}

/**
 * paravirt_alloc_pte - a page is about to be hooked in as a table of PTEs
 * @mm: whose
 * @pfn: the page, lowmem, filled in
 *
 * Context: before the set_pmd() that does it, page table lock held.
 */
void paravirt_alloc_pte(struct mm_struct *mm, unsigned long pfn)
{
	alloc_table(mm, pfn);
}

/**
 * paravirt_alloc_pmd - a page is about to be hooked in as a table of PMDs
 * @mm: whose
 * @pfn: the page, lowmem, filled in
 *
 * Context: before the set_pud() that does it, page table lock held.
 */
void paravirt_alloc_pmd(struct mm_struct *mm, unsigned long pfn)
{
	alloc_table(mm, pfn);
}

/**
 * paravirt_release_pte - a table of PTEs has been unhooked
 * @pfn: the page, to be freed as soon as no TLB knows it
 */
void paravirt_release_pte(unsigned long pfn)
{
	release_table(pfn);
}

/**
 * paravirt_release_pmd - a table of PMDs has been unhooked
 * @pfn: the page, to be freed as soon as no TLB knows it
 */
void paravirt_release_pmd(unsigned long pfn)
{
	release_table(pfn);
}

static void __init mark_pinned(void *table)
{
	SetPagePinned(virt_to_page(table));
}

/**
 * xen_mark_init_mm_pinned - note which pages are the kernel's page tables
 *
 * Ends the boot phase of pgtable-boot.c. What swapper_pg_dir maps above
 * FIXADDR_TOP is Xen's.
 *
 * Context: mem_init(), as soon as there is a struct page for each page.
 */
void __init xen_mark_init_mm_pinned(void)
{
	pmd_t *pmds = kernel_pmds(swapper_pg_dir);

	walk_pte_tables(pmds, pmd_index(FIXADDR_TOP) + 1, mark_pinned);
	mark_pinned(pmds);
	mark_pinned(swapper_pg_dir);
	xen_boot_pgtables = false;
}
