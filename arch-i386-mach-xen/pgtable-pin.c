// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a page table under Xen.
 *
 * While an mm is built (fork, exec) its tables are ordinary memory and are
 * written directly. Before it is used for the first time they all become
 * read-only and Xen validates them as a whole ("pins" them); from then on each
 * change is a hypercall, and tables are added and removed one by one. When the
 * mm is taken apart it is unpinned first, and the work is plain memory writes
 * again. An mm with few entries is spared all that, see pgtable-pool.c: it is
 * pinned from the beginning to the end.
 *
 * PG_pinned on the page of a table says which it is. On the page of the page
 * directory it stands for the mm. Each table of user space in a pinned mm has a
 * pin of its own, so that Xen goes on to know it when it is unhooked.
 *
 * A page table must not be written by others while its page is read-only and
 * not yet validated: Xen emulates plain stores into the tables it knows, and
 * for others they are an ordinary fault. So the lock of a table is held until
 * the hypercall has been made. Where each table of PTEs has a lock of its own,
 * there may be more of them than can be held at once; as each is pinned for
 * itself, never more are held than fit into a multicall.
 *
 * Hypercalls: update_va_mapping, mmuext_op (MMUEXT_PIN_L1_TABLE,
 * MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE, MMUEXT_UNPIN_TABLE), multicall.
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

static void queue_pin_op(unsigned int cmd, void *table)
{
	xen_queue_mmuext_op(cmd)->arg1.mfn = virt_to_mfn(table);
}

/*
 * A table of user space: its page remembers that it is none of the kernel's, and of one
 * of PTEs that pgtable-pool.c has not lent it. In one of PMDs there is pmd_huge_pte.
 */
static void queue_pin_table(unsigned int cmd, void *table)
{
	struct ptdesc *ptdesc = virt_to_ptdesc(table);

	ptdesc->pt_index = 0;
	if (cmd == MMUEXT_PIN_L1_TABLE)
		INIT_LIST_HEAD(&ptdesc->pt_list);
	queue_pin_op(cmd, table);
}

static void unlock_ptes(void *ptl)
{
	spin_unlock(ptl);
}

/* Without locks of their own the tables have that of the mm, which is held. */
static void lock_ptes(struct mm_struct *mm, void *table)
{
	if (IS_ENABLED(CONFIG_SPLIT_PTE_PTLOCKS))
		spin_lock_nest_lock(ptep_lockptr(mm, table), &mm->page_table_lock);
}

static void unlock_ptes_after(struct mm_struct *mm, void *table)
{
	if (IS_ENABLED(CONFIG_SPLIT_PTE_PTLOCKS))
		xen_mc_callback(unlock_ptes, ptep_lockptr(mm, table));
}

static void queue_pin_ptes(struct mm_struct *mm, void *table)
{
	lock_ptes(mm, table);
	queue_readonly(table);
	queue_pin_table(MMUEXT_PIN_L1_TABLE, table);
	unlock_ptes_after(mm, table);
}

static void queue_unpin_ptes(struct mm_struct *mm, void *table)
{
	lock_ptes(mm, table);
	queue_pin_op(MMUEXT_UNPIN_TABLE, table);
	queue_writable(table);
	unlock_ptes_after(mm, table);
}

static void walk_pte_tables(struct mm_struct *mm, pmd_t *pmd, unsigned int nr,
			    void (*fn)(struct mm_struct *mm, void *table))
{
	/* Most are empty: this needs half of an entry, pmd_present() all of it. */
	for (; nr; nr--, pmd++)
		if (pmd->pmd_low & _PAGE_PRESENT)
			fn(mm, (void *)pmd_page_vaddr(*pmd));
}

/*
 * All tables that are this mm's own: those of user space, its copy of the
 * kernel's middle level, and the page directory. The kernel's PTEs are shared
 * and stay pinned with swapper_pg_dir.
 */
static void walk_tables(struct mm_struct *mm, pgd_t *pgd,
			void (*pte_fn)(struct mm_struct *mm, void *table),
			void (*fn)(void *table))
{
	unsigned int i;

	for (i = 0; i < PTRS_PER_PGD; i++) {
		pud_t *pud = pud_of(pgd, i);

		if (!pud_present(*pud))
			continue;
		if (i < KERNEL_PGD_BOUNDARY)
			walk_pte_tables(mm, pud_pgtable(*pud), PTRS_PER_PMD,
					pte_fn);
		fn(pud_pgtable(*pud));
	}
	fn(pgd);
}

/* The tables of PMDs that are user space's. */
static void queue_user_pmds(pgd_t *pgd, void (*fn)(unsigned int cmd, void *table),
			    unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < KERNEL_PGD_BOUNDARY; i++) {
		pud_t *pud = pud_of(pgd, i);

		if (pud_present(*pud))
			fn(cmd, pud_pgtable(*pud));
	}
}

/**
 * xen_pin_pgd - make an mm's page tables read-only, and have Xen validate them
 * @mm: the mm
 * @pgd: its page directory, not pinned
 *
 * Context: mm->page_table_lock held.
 */
void xen_pin_pgd(struct mm_struct *mm, pgd_t *pgd)
{
	xen_begin_batch();
	walk_tables(mm, pgd, queue_pin_ptes, queue_readonly);
	queue_user_pmds(pgd, queue_pin_table, MMUEXT_PIN_L2_TABLE);
	queue_pin_op(MMUEXT_PIN_L3_TABLE, pgd);
	xen_mc_issue_now();
}

/**
 * xen_unpin_pgd - make an mm's page tables ordinary memory
 * @mm: the mm
 * @pgd: its page directory, pinned and loaded nowhere
 *
 * Context: mm->page_table_lock held.
 */
void xen_unpin_pgd(struct mm_struct *mm, pgd_t *pgd)
{
	xen_begin_batch();
	queue_pin_op(MMUEXT_UNPIN_TABLE, pgd);
	queue_user_pmds(pgd, queue_pin_op, MMUEXT_UNPIN_TABLE);
	walk_tables(mm, pgd, queue_unpin_ptes, queue_writable);
	xen_mc_issue_now();
}

/**
 * paravirt_enter_mmap - an mm is about to be used: pin its page tables
 * @mm: the mm, filled in by fork or exec
 */
void paravirt_enter_mmap(struct mm_struct *mm)
{
	spin_lock(&mm->page_table_lock);
	if (!PagePinned(virt_to_page(mm->pgd)))
		xen_pin_pgd(mm, mm->pgd);
	spin_unlock(&mm->page_table_lock);
}

static bool is_on_mm(int cpu, void *info)
{
	struct mm_struct *mm = info;

	return per_cpu(cpu_tlbstate.loaded_mm, cpu) == mm ||
	       per_cpu(xen_current_cr3, cpu) == __pa(mm->pgd);
}

static void get_off_mm(void *info)
{
	struct mm_struct *mm = info;

	if (this_cpu_read(cpu_tlbstate.loaded_mm) == mm)
		leave_mm();

	/* The change may have been made, and not told to Xen yet. */
	if (this_cpu_read(xen_current_cr3) == __pa(mm->pgd))
		xen_flush_batches();
}

/**
 * paravirt_arch_exit_mmap - an mm has no user any more: unpin its page tables
 * @mm: the mm
 *
 * A kernel thread on any CPU, or the exiting task itself, may still run on them.
 * Where they are few, and will be of use to another process, they stay pinned.
 */
void paravirt_arch_exit_mmap(struct mm_struct *mm)
{
	if (xen_better_pinned(mm, get_mm_rss(mm) + get_mm_counter(mm, MM_SWAPENTS)))
		return;

	on_each_cpu_cond(is_on_mm, get_off_mm, mm, true);

	spin_lock(&mm->page_table_lock);
	if (PagePinned(virt_to_page(mm->pgd)))
		xen_unpin_pgd(mm, mm->pgd);
	spin_unlock(&mm->page_table_lock);
}

/* In ptdesc->pt_index: it will not be freed by pgtable-pool.c. */
#define KERNEL_TABLE	~0UL

static void alloc_table(struct mm_struct *mm, unsigned long pfn,
			unsigned int cmd)
{
	void *table = __va(PFN_PHYS(pfn));

	if (xen_boot_pgtables || !PagePinned(virt_to_page(mm->pgd)))
		return;

	/* It was in use before, or move_page_tables() hooks it in elsewhere. */
	if (PagePinned(virt_to_page(table))) {
		if (cmd == MMUEXT_PIN_L1_TABLE)
			xen_ptes_hooked_in(virt_to_page(table));
		return;
	}

	xen_begin_batch();
	queue_readonly(table);
	queue_pin_table(cmd, table);
	xen_mc_issue_mmu();

	if (mm == &init_mm)
		virt_to_ptdesc(table)->pt_index = KERNEL_TABLE;
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
	alloc_table(mm, pfn, MMUEXT_PIN_L1_TABLE);
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
	alloc_table(mm, pfn, MMUEXT_PIN_L2_TABLE);
}

/**
 * paravirt_release_pte - a table of PTEs is unhooked, or was never hooked in
 * @pfn: the page
 *
 * One of user space stays pinned until paravirt_tlb_remove_table() sees it. One that the
 * kernel has taken for itself and not used, as alloc_p2m_pmd() may, is memory again.
 */
void paravirt_release_pte(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	if (!xen_boot_pgtables && PagePinned(page) &&
	    page_ptdesc(page)->pt_index == KERNEL_TABLE)
		xen_unpin_table(page_address(page));
}

/**
 * xen_unpin_table - make a table ordinary memory that is hooked in nowhere
 * @table: its page, pinned by alloc_table() or with its mm
 */
void xen_unpin_table(void *table)
{
	xen_begin_batch();
	queue_pin_op(MMUEXT_UNPIN_TABLE, table);
	queue_writable(table);
	xen_mc_issue_now();
}

static void __init mark_pinned(struct mm_struct *mm, void *table)
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

	walk_pte_tables(&init_mm, pmds, pmd_index(FIXADDR_TOP) + 1, mark_pinned);
	mark_pinned(&init_mm, pmds);
	mark_pinned(&init_mm, swapper_pg_dir);
	xen_boot_pgtables = false;
}
