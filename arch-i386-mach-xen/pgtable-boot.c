// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel page tables from the domain builder's to swapper_pg_dir.
 *
 * Xen starts us on page tables of its own making, all of them mapped
 * read-only. We go on with their lowest level and replace the two above it:
 * setup_arch() copies the kernel entry of initial_page_table to swapper_pg_dir
 * and loads that, here as on native.
 *
 * Until struct page is there, nothing can be noted about a page table. The
 * rules by which boot code that knows nothing of Xen still gets it right:
 *  - every change is a hypercall: right for any page, only slower;
 *  - a page that is hooked into a table as a lower-level table is made
 *    read-only first;
 *  - a page that is read-only in the direct map gets no writable mapping,
 *    neither there (the direct map is written afresh as it grows) nor elsewhere
 *    (the alias of the GDT in the CPU entry area).
 *
 * Hypercalls: mmu_update, update_va_mapping, mmuext_op.
 */
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include <asm/setup.h>

#include <xen/hvc-console.h>
#include <xen/page.h>
#include <xen/interface/memory.h>
#include <xen/xen.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

extern pmd_t initial_pg_pmd[PTRS_PER_PMD];

/* Set until xen_mark_init_mm_pinned(): the rules above are in force. */
bool xen_boot_pgtables __ro_after_init = true;

/* The page directory that is loaded. */
static pgd_t *boot_pgd __initdata;

static void __init boot_mmu_update(void *entry, u64 val)
{
	struct mmu_update u = {
		.ptr = virt_to_machine(entry).maddr | MMU_NORMAL_PT_UPDATE,
		.val = val,
	};
	int rc = HYPERVISOR_mmu_update(&u, 1, NULL, DOMID_SELF);

	if (rc) {
		xen_raw_printk("Xen refuses page table entry %llx at %p: %d\n",
			       val, entry, rc);
		BUG();
	}
}

static pte_t * __init direct_map_pte(unsigned long pfn)
{
	unsigned long va = (unsigned long)__va(PFN_PHYS(pfn));
	unsigned int level;

	if (pfn >= PFN_DOWN(MAXMEM))
		return NULL;

	return lookup_address_in_pgd(pgd_offset_pgd(boot_pgd, va), va, &level);
}

/* Not dirty either: read-only and dirty is what a shadow stack is, pfn_pte() says. */
static void __init make_readonly(unsigned long pfn)
{
	pte_t *ptep = direct_map_pte(pfn);

	if (ptep && pte_present(*ptep) && pte_write(*ptep) &&
	    HYPERVISOR_update_va_mapping((unsigned long)__va(PFN_PHYS(pfn)),
					 pte_mkclean(pte_wrprotect(*ptep)), UVMF_INVLPG))
		BUG();
}

static unsigned long entry_pfn(u64 val)
{
	return mfn_to_pfn((val & PTE_PFN_MASK) >> PAGE_SHIFT);
}

/**
 * xen_boot_set_pte - set_pte() of the boot phase
 * @ptep: the entry
 * @pte: new value; loses _PAGE_RW and _PAGE_DIRTY if its page is read-only in the
 *	 direct map
 */
void __ref xen_boot_set_pte(pte_t *ptep, pte_t pte)
{
	pteval_t val = native_pte_val(pte);

	if ((val & (_PAGE_PRESENT | _PAGE_RW)) == (_PAGE_PRESENT | _PAGE_RW)) {
		pte_t *direct = direct_map_pte(entry_pfn(val));

		if (direct && pte_present(*direct) && !pte_write(*direct))
			val &= ~(pteval_t)(_PAGE_RW | _PAGE_DIRTY);
	}

	if (val != native_pte_val(*ptep))
		boot_mmu_update(ptep, val);
}

static void __init boot_set_table(void *entry, u64 val)
{
	if (val & _PAGE_PRESENT)
		make_readonly(entry_pfn(val));
	boot_mmu_update(entry, val);
}

/**
 * xen_boot_set_pmd - set_pmd() of the boot phase
 * @pmdp: the entry
 * @pmd: new value; the table it refers to becomes read-only
 */
void __ref xen_boot_set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	boot_set_table(pmdp, native_pmd_val(pmd));
}

/**
 * xen_boot_set_pud - set_pud() of the boot phase
 * @pudp: the entry
 * @pud: new value; the table it refers to becomes read-only
 */
void __ref xen_boot_set_pud(pud_t *pudp, pud_t pud)
{
	boot_set_table(pudp, native_pud_val(pud));
}

/**
 * xen_boot_write_cr3 - write_cr3() of the boot phase: load swapper_pg_dir
 * @cr3: physical address of swapper_pg_dir, filled in by setup_arch()
 *
 * The level above the PTEs cannot be shared between two page directories when
 * it holds Xen's own mappings (PGT_pae_xen_l2 in xen/arch/x86/mm.c), hence the
 * copy in initial_pg_pmd. Once it is validated and in use the builder's
 * directory is let go.
 */
void __ref xen_boot_write_cr3(unsigned long cr3)
{
	struct mmuext_op op[] = {
		{ .cmd = MMUEXT_PIN_L3_TABLE,
		  .arg1.mfn = pfn_to_mfn(PFN_DOWN(cr3)) },
		{ .cmd = MMUEXT_NEW_BASEPTR,
		  .arg1.mfn = pfn_to_mfn(PFN_DOWN(cr3)) },
		{ .cmd = MMUEXT_UNPIN_TABLE,
		  .arg1.mfn = virt_to_mfn(boot_pgd) },
	};

	if (boot_pgd == __va(cr3))
		return;

	make_readonly(virt_to_pfn(initial_pg_pmd));
	make_readonly(PFN_DOWN(cr3));
	if (HYPERVISOR_mmuext_op(op, ARRAY_SIZE(op), NULL, DOMID_SELF))
		BUG();

	boot_pgd = __va(cr3);
	this_cpu_write(xen_cr3, cr3);
}

/* The vmalloc area is known, and all of lowmem is mapped. */
static void __init xen_pagetable_init(void)
{
	phys_addr_t list = __pa(xen_start_info->mfn_list);

	native_pagetable_init();

	xen_vmalloc_p2m_tree();
	/* Without the flag there is a tree of frames, which we offer. */
	xen_start_info->flags &= ~SIF_VIRT_P2M_4TOOLS;
	xen_build_mfn_list_list();
	xen_setup_mfn_list_list();
	xen_offer_p2m_tree();
	xen_remap_memory();

	/* The builder's list has been copied. */
	memblock_phys_free(list, PFN_ALIGN(xen_start_info->nr_pages *
					   sizeof(unsigned long)));
}

/**
 * xen_pgtable_init - take over the page tables of the domain builder
 *
 * Fills in initial_page_table; it is never loaded itself.
 *
 * Context: start of day, after the p2m and m2p tables have been found.
 */
void __init xen_pgtable_init(void)
{
	boot_pgd = (pgd_t *)xen_start_info->pt_base;
	copy_page(initial_pg_pmd, kernel_pmds(boot_pgd));

	memset(initial_page_table, 0, PTRS_PER_PGD * sizeof(pgd_t));
	initial_page_table[KERNEL_PGD_BOUNDARY] =
		__pgd(__pa(initial_pg_pmd) | _PAGE_PRESENT);

	/* No global pages: their TLB entries would outlive our cr3 loads. */
	__supported_pte_mask &= ~_PAGE_GLOBAL;
	__default_kernel_pte_mask &= ~_PAGE_GLOBAL;

	x86_init.paging.pagetable_init = xen_pagetable_init;
	x86_init.hyper.init_after_bootmem = xen_mark_init_mm_pinned;
}

/**
 * xen_reserve_special_pages - keep what the builder put behind the kernel
 *
 * start_info, the store and console rings, and the page tables, most of which
 * stay in use. The p2m list is reserved by xen_memory_setup().
 */
void __init xen_reserve_special_pages(void)
{
	unsigned long store = mfn_to_pfn(xen_start_info->store_mfn);
	unsigned long console = mfn_to_pfn(xen_start_info->console.domU.mfn);

	memblock_reserve(__pa(xen_start_info), PAGE_SIZE);
	memblock_reserve(PFN_PHYS(store), PAGE_SIZE);
	memblock_reserve(PFN_PHYS(console), PAGE_SIZE);
	memblock_reserve(__pa(xen_start_info->pt_base),
			 PFN_PHYS(xen_start_info->nr_pt_frames));
}

/**
 * xen_pt_check_e820 - the builder's page tables must be where RAM is
 */
void __init xen_pt_check_e820(void)
{
	xen_chk_is_e820_usable(__pa(xen_start_info->pt_base),
			       PFN_PHYS(xen_start_info->nr_pt_frames),
			       "page table");
}

/**
 * xen_relocate_p2m - move the p2m list out of what is not RAM
 *
 * Called when the list overlaps a hole of the memory map. A domU has no such
 * hole, and a 32-bit dom0 is not supported.
 */
void __init xen_relocate_p2m(void)
{
	panic("The p2m list is not in RAM");
}

/**
 * set_pte_mfn - map a machine frame at a kernel address
 * @vaddr: the address
 * @mfn: the frame
 * @flags: protection
 */
void set_pte_mfn(unsigned long vaddr, unsigned long mfn, pgprot_t flags)
{
	set_pte_vaddr(vaddr, mfn_pte(mfn, flags));
}

/**
 * xen_setup_machphys_mapping - find Xen's table from machine to guest frames
 *
 * It lies in the part of the address space that is Xen's, readable for us.
 */
void __init xen_setup_machphys_mapping(void)
{
	struct xen_machphys_mapping mapping;

	if (HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping))
		BUG();

	machine_to_phys_mapping = (unsigned long *)mapping.v_start;
	machine_to_phys_nr = mapping.max_mfn + 1;
}
