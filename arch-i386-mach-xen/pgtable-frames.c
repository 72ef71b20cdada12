// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries under Xen: their frame numbers.
 *
 * In memory they are the machine's, so each entry that names a page is translated on
 * its way in, by our table (p2m), and on its way out, by Xen's (m2p). Generic code does
 * so several times for each page, mostly one of our own memory: few instructions for
 * these.
 */
#include <linux/export.h>
#include <linux/pgtable.h>

#include <xen/page.h>

/* @entry with frame number @to in place of @from, in few instructions. */
static pteval_t with_frame(pteval_t entry, unsigned long from, unsigned long to)
{
	return entry ^ ((pteval_t)(from ^ to) << PAGE_SHIFT);
}

/* What is none of our own memory. */
static noinline pteval_t foreign_to_pfn(pteval_t entry, unsigned long mfn)
{
	unsigned long pfn = mfn_to_pfn(mfn);

	if (pfn == ~0UL)
		return entry & PTE_FLAGS_MASK & ~(pteval_t)_PAGE_PRESENT;

	return with_frame(entry, mfn, pfn);
}

/**
 * xen_entry_to_pfn - what a page table entry says, in guest frames
 * @entry: value as it stands in a page table of any level
 *
 * Only a present entry names a frame. A frame that is not ours (a grant that
 * is mapped by its entry alone) has no number here: the entry reads as not
 * present, so that nobody takes the wrong struct page for it.
 *
 * Return: the entry with the guest frame number in place of the machine's.
 */
pteval_t xen_entry_to_pfn(pteval_t entry)
{
	unsigned long mfn, pfn;

	if (unlikely(!(entry & _PAGE_PRESENT)))
		return entry;

	mfn = pte_mfn(native_make_pte(entry));
	pfn = mfn_to_pfn_no_overrides(mfn);
	if (unlikely(pfn >= xen_p2m_size || xen_p2m_addr[pfn] != mfn))
		return foreign_to_pfn(entry, mfn);

	return with_frame(entry, mfn, pfn);
}
EXPORT_SYMBOL(xen_entry_to_pfn);

/**
 * xen_table_to_pfn - xen_entry_to_pfn() for an entry above the last level
 * @entry: value as it stands in a page directory or a table of PMDs
 *
 * It refers to a page table, and these are ours: the number that Xen has for the frame
 * needs not be compared with our own, and is there to be read, for Xen's table covers
 * all memory. For frames that Xen's own entries refer to it has none.
 *
 * Return: the entry with the guest frame number in place of the machine's.
 */
pteval_t xen_table_to_pfn(pteval_t entry)
{
	unsigned long mfn, pfn;

	if (!(entry & _PAGE_PRESENT))
		return entry;

	mfn = pte_mfn(native_make_pte(entry));
	if (unlikely(mfn >= machine_to_phys_nr))
		return foreign_to_pfn(entry, mfn);

	pfn = machine_to_phys_mapping[mfn];
	if (unlikely(pfn == ~0UL))
		return foreign_to_pfn(entry, mfn);

	return with_frame(entry, mfn, pfn);
}
EXPORT_SYMBOL(xen_table_to_pfn);

static noinline pteval_t foreign_to_mfn(pteval_t entry, unsigned long pfn)
{
	unsigned long mfn = pfn_to_mfn(pfn);

	if (mfn == INVALID_P2M_ENTRY)
		return 0;

	return with_frame(entry, pfn, mfn);
}

/**
 * xen_entry_to_mfn - what has to stand in a page table for an entry
 * @entry: value of any level, in guest frames
 *
 * Return: the entry with the machine frame number in place of the guest's, or
 *	   an empty one when the guest frame has no memory (it was ballooned
 *	   out): to map that would be an error the caller sees by the fault.
 */
pteval_t xen_entry_to_mfn(pteval_t entry)
{
	unsigned long pfn, mfn;

	if (!(entry & _PAGE_PRESENT))
		return entry;

	pfn = (entry & PTE_PFN_MASK) >> PAGE_SHIFT;
	if (unlikely(pfn >= xen_p2m_size))
		return foreign_to_mfn(entry, pfn);

	mfn = xen_p2m_addr[pfn];
	if (unlikely(mfn & (FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT)))
		return foreign_to_mfn(entry, pfn);

	return with_frame(entry, pfn, mfn);
}
EXPORT_SYMBOL(xen_entry_to_mfn);
