// SPDX-License-Identifier: GPL-2.0
/*
 * Machine frames in a process's address space, for privcmd: frames of another
 * domain, or ones of our own that have no place in the p2m.
 *
 * Hypercall: mmu_update, in the name of the domain that has the frames.
 */
#include <linux/mm.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>

#include <xen/interface/xen.h>
#include <xen/xen-ops.h>

#define BATCH		32

struct batch {
	struct mmu_update update[BATCH];
	unsigned int count;
	xen_pfn_t *frame;
	bool contiguous;
	u64 command;
	pgprot_t prot;
};

/* The table exists now; what goes into it is for Xen to write. */
static int collect(pte_t *ptep, unsigned long addr, void *data)
{
	struct batch *batch = data;
	struct mmu_update *update = &batch->update[batch->count++];
	pte_t pte = pte_mkspecial(mfn_pte(*batch->frame, batch->prot));

	update->ptr = virt_to_machine(ptep).maddr | batch->command;
	update->val = pte_val_ma(pte);
	if (batch->contiguous)
		++*batch->frame;
	else
		batch->frame++;
	return 0;
}

/*
 * Returns 0, or the last error. A frame that is refused has its error noted, and
 * the next one is tried; without a place to note it, it is the end.
 */
static int submit(struct batch *batch, int *err_ptr, unsigned int domid)
{
	int at = 0, error = 0, done, ret;

	while (at < batch->count) {
		done = 0;
		ret = HYPERVISOR_mmu_update(batch->update + at, batch->count - at,
					    &done, domid);
		if (err_ptr)
			memset(err_ptr + at, 0, done * sizeof(*err_ptr));
		at += done;
		if (ret >= 0)
			continue;
		if (!err_ptr)
			return ret;
		error = ret;
		err_ptr[at++] = ret;
	}
	return error;
}

/**
 * xen_remap_pfn - map machine frames into a process
 * @vma: where; a VM_PFNMAP and VM_IO area of the current process
 * @addr: the first address in it
 * @pfn: an array of frames if @err_ptr is given, else the first of a range
 * @nr: how many
 * @err_ptr: what becomes of each one, or NULL; may be @pfn's own memory
 * @prot: protection
 * @domid: whose frames they are
 * @no_translate: they are machine frames whatever kind of domain that is
 *
 * What was there before is not mapped, so no TLB has anything to forget.
 *
 * Return: @nr, or the error of the last frame that did not get mapped.
 */
int xen_remap_pfn(struct vm_area_struct *vma, unsigned long addr,
		  xen_pfn_t *pfn, int nr, int *err_ptr, pgprot_t prot,
		  unsigned int domid, bool no_translate)
{
	struct batch batch = {
		.frame		= pfn,
		.contiguous	= !err_ptr,
		.prot		= prot,
		.command	= no_translate ? MMU_PT_UPDATE_NO_TRANSLATE
					       : MMU_NORMAL_PT_UPDATE,
	};
	int left = nr, error = 0, some, ret;

	if (WARN_ON((vma->vm_flags & (VM_PFNMAP | VM_IO)) != (VM_PFNMAP | VM_IO)))
		return -EINVAL;
	for (; left; left -= some) {
		some = min(left, BATCH);
		batch.count = 0;
		ret = apply_to_page_range(vma->vm_mm, addr, some << PAGE_SHIFT,
					  collect, &batch);
		if (ret)
			return ret;
		ret = submit(&batch, err_ptr, domid);
		if (ret && !err_ptr)
			return ret;
		if (ret)
			error = ret;
		addr += some << PAGE_SHIFT;
		if (err_ptr)
			err_ptr += some;
		cond_resched();
	}
	return error ?: nr;
}
EXPORT_SYMBOL_GPL(xen_remap_pfn);
