// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries under Xen: changing them.
 *
 * A write goes straight to memory while the table is not in use, and by hypercall
 * once Xen has it pinned; in lazy mode many share one hypercall (pgtable-updates.c).
 * See pgtable-pin.c for when a table is which, and pgtable-boot.c for the time before
 * there is a struct page to tell.
 *
 * Hypercalls: update_va_mapping, and those of pgtable-updates.c.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>

#include <asm/fixmap.h>
#include <asm/tlbflush.h>

#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static bool nothing_waits(void)
{
	return this_cpu_read(xen_lazy_mode) == XEN_LAZY_NONE;
}

static void check_update(u64 val, int error)
{
	WARN(error, "Xen refuses a page table entry of %#llx: %d\n", val, error);
}

static void guarded_pte_update(pte_t *ptep, unsigned int cmd, pteval_t val)
{
	xen_update_entry(ptep, cmd, XEN_LAZY_MMU, val);
}

/**
 * set_pte - set an entry that maps a page
 * @ptep: the entry, in a table of lowmem
 * @pte: new value
 */
void set_pte(pte_t *ptep, pte_t pte)
{
	if (unlikely(xen_boot_pgtables))
		xen_boot_set_pte(ptep, pte);
	else if (PagePinned(virt_to_page(ptep)))
		guarded_pte_update(ptep, MMU_NORMAL_PT_UPDATE,
				   native_pte_val(pte));
	else
		native_set_pte(ptep, pte);
}
EXPORT_SYMBOL_GPL(set_pte);

/*
 * Are an mm's page tables, which are guarded then, the ones in use here. If it were just
 * left over from another task, an interrupt could take it away at any moment: see
 * paravirt_arch_exit_mmap().
 */
static bool in_use_here(struct mm_struct *mm)
{
	return mm == current->mm && mm == this_cpu_read(cpu_tlbstate.loaded_mm);
}

/**
 * set_ptes - set entries that map consecutive pages
 * @mm: whose
 * @addr: the first one's address
 * @ptep: its entry
 * @pte: its new value
 * @nr: how many
 *
 * Context: page table lock held.
 */
void set_ptes(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte,
	      unsigned int nr)
{
	bool guarded = in_use_here(mm);

	/* Xen finds an entry by the address that it maps, in less time. */
	if (guarded && nr == 1 && nothing_waits()) {
		check_update(native_pte_val(pte),
			     HYPERVISOR_update_va_mapping(addr, pte, UVMF_NONE));
		return;
	}

	for (;;) {
		if (guarded)
			guarded_pte_update(ptep, MMU_NORMAL_PT_UPDATE,
					   native_pte_val(pte));
		else
			set_pte(ptep, pte);
		if (--nr == 0)
			break;
		ptep++;
		pte = pte_next_pfn(pte);
	}
}
EXPORT_SYMBOL_GPL(set_ptes);

/**
 * set_pmd - set an entry that refers to a table of PTEs
 * @pmdp: the entry
 * @pmd: new value; the table has been through paravirt_alloc_pte()
 *
 * In lazy MMU mode as well it is there on return: a fault in the vmalloc area may
 * come in the middle of that mode, and vmalloc_sync_one() reads what it has set.
 */
void set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	if (unlikely(xen_boot_pgtables))
		xen_boot_set_pmd(pmdp, pmd);
	else if (PagePinned(virt_to_page(pmdp)))
		xen_update_entry(pmdp, MMU_NORMAL_PT_UPDATE, XEN_LAZY_NONE,
				 native_pmd_val(pmd));
	else
		native_set_pmd(pmdp, pmd);
}

/**
 * set_pud - set one of the four top-level entries
 * @pudp: the entry
 * @pud: new value; the table has been through paravirt_alloc_pmd()
 *
 * One of a pinned page directory is not cleared, so all four are there as long as the
 * mm: handle_mm_fault() and gup_fast_fallback() read them without a lock, in two
 * halves. Natively the upper half is always zero; here a thread that sees one half of
 * what another has just cleared, or set, takes any frame for its table of PMDs.
 */
void set_pud(pud_t *pudp, pud_t pud)
{
	if (unlikely(xen_boot_pgtables))
		xen_boot_set_pud(pudp, pud);
	else if (!PagePinned(virt_to_page(pudp)))
		native_set_pud(pudp, pud);
	else if (native_pud_val(pud))
		xen_update_entry(pudp, MMU_NORMAL_PT_UPDATE, XEN_LAZY_NONE,
				 native_pud_val(pud));
}

/**
 * ptep_modify_prot_start - begin to change the protection of a mapped page
 * @vma: the area
 * @addr: the address
 * @ptep: its entry
 *
 * Natively the entry is cleared, so that the CPU cannot set its accessed and
 * dirty bits meanwhile. Xen merges these bits in ptep_modify_prot_commit(),
 * which saves the clearing.
 *
 * Return: the entry as it is.
 */
pte_t ptep_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *ptep)
{
	return *ptep;
}

/**
 * ptep_modify_prot_commit - end the change that ptep_modify_prot_start() began
 * @vma: the area
 * @addr: the address
 * @ptep: its entry
 * @old_pte: what ptep_modify_prot_start() returned
 * @pte: new value
 *
 * Context: page table lock held since ptep_modify_prot_start().
 */
void ptep_modify_prot_commit(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *ptep, pte_t old_pte, pte_t pte)
{
	if (PagePinned(virt_to_page(ptep)))
		guarded_pte_update(ptep, MMU_PT_UPDATE_PRESERVE_AD,
				   native_pte_val(pte));
	else
		native_set_pte(ptep, pte);
}

/*
 * Nobody but this CPU can set accessed and dirty bits in the mm's entries: it is
 * the only one that runs its only user. Those of kernel mappings say nothing.
 */
static bool entries_keep_still(struct mm_struct *mm)
{
	return mm == &init_mm ||
	       (mm == current->mm && atomic_read(&mm->mm_users) == 1);
}

static bool in_no_other_tlb(struct mm_struct *mm)
{
	return cpumask_any_but(mm_cpumask(mm), smp_processor_id()) >= nr_cpu_ids;
}

/**
 * ptep_get_and_clear - take a page out of a page table
 * @mm: whose
 * @addr: the address
 * @ptep: its entry
 *
 * Natively this is one locked instruction, so that no dirty bit is lost that
 * another CPU sets at that moment. Xen emulates it, which costs about four
 * hypercalls, and cannot return an old value from mmu_update. Where there is
 * no other CPU to set it, reading the entry and a queued update do the same.
 *
 * Context: page table lock held; in lazy MMU mode the entry is seen cleared only
 *	    after the mode is left.
 *
 * Return: what the entry was.
 */
pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	return ptep_get_and_clear_full(mm, addr, ptep, 0);
}

/**
 * ptep_get_and_clear_full - ptep_get_and_clear(), perhaps of an mm without user
 * @mm: whose
 * @addr: the address
 * @ptep: its entry
 * @full: the mm is being taken apart
 *
 * Context: as ptep_get_and_clear().
 *
 * Return: what the entry was.
 */
pte_t ptep_get_and_clear_full(struct mm_struct *mm, unsigned long addr,
			      pte_t *ptep, int full)
{
	pte_t pte;

	if (PagePinned(virt_to_page(ptep)) && (full || entries_keep_still(mm))) {
		pte = *ptep;
		guarded_pte_update(ptep, MMU_NORMAL_PT_UPDATE, 0);
	} else {
		pte = native_ptep_get_and_clear(ptep);
	}

	return pte;
}

/**
 * ptep_set_wrprotect - make a mapped page read-only
 * @mm: whose
 * @addr: the address
 * @ptep: its entry
 *
 * Xen merges accessed and dirty bits that are set meanwhile.
 *
 * Context: page table lock held; the TLB is flushed by the caller.
 */
void ptep_set_wrprotect(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	if (PagePinned(virt_to_page(ptep)))
		guarded_pte_update(ptep, MMU_PT_UPDATE_PRESERVE_AD,
				   native_pte_val(pte_wrprotect(*ptep)));
	else
		clear_bit(_PAGE_BIT_RW, (unsigned long *)&ptep->pte);
}

/**
 * ptep_clear_flush - take a page out of a page table and of the TLBs
 * @vma: the area
 * @addr: the address
 * @ptep: its entry
 *
 * One hypercall for both: a cheap one where no other CPU has the mm's translations,
 * or can get them meanwhile.
 *
 * Context: page table lock held, not in lazy MMU mode.
 *
 * Return: what the entry was.
 */
pte_t ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr,
		       pte_t *ptep)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t pte;

	if (nothing_waits() && in_use_here(mm) && entries_keep_still(mm) &&
	    in_no_other_tlb(mm)) {
		pte = *ptep;
		check_update(0, HYPERVISOR_update_va_mapping(addr, native_make_pte(0),
							     UVMF_INVLPG | UVMF_LOCAL));
		/* A kthread_use_mm() may have come in between. */
		if (unlikely(!in_no_other_tlb(mm)))
			flush_tlb_page(vma, addr);
		else
			mmu_notifier_arch_invalidate_secondary_tlbs(mm, addr, addr + PAGE_SIZE);
		return pte;
	}

	lazy_mmu_mode_enable();
	pte = ptep_get_and_clear(mm, addr, ptep);
	if (pte_accessible(mm, pte))
		flush_tlb_page(vma, addr);
	lazy_mmu_mode_disable();

	return pte;
}

/**
 * __set_fixmap - map a page at a fixed address
 * @idx: which address
 * @phys: physical address; for FIX_PARAVIRT_BOOTMAP, the page that is shared
 *	  with Xen and is not part of our memory, a machine address
 * @flags: protection
 */
void __set_fixmap(unsigned int idx, phys_addr_t phys, pgprot_t flags)
{
	if (idx == FIX_PARAVIRT_BOOTMAP)
		__native_set_fixmap(idx, mfn_pte(PFN_DOWN(phys), flags));
	else
		native_set_fixmap(idx, phys, flags);
}
EXPORT_SYMBOL_GPL(__set_fixmap);
