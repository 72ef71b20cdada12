// SPDX-License-Identifier: GPL-2.0
/*
 * Machine frames over a suspend: saved and restored, or moved to another host,
 * the domain comes back on other ones.
 *
 * The toolstack rewrites the page tables, which it knows by the types that Xen
 * has for their pages, and the p2m. arch/x86/xen/suspend_pv.c makes everything
 * else anew that is Xen's; what is left is here: page tables that are not pinned
 * at the moment, and entries that are kept outside of page tables.
 *
 * No hypercalls but those of pgtable-pin.c.
 */
#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

/* An entry that is no entry: with the guest's frame number. */
static pte_t __maybe_unused to_guest_frame(pte_t pte)
{
	return native_make_pte(pte_val(pte));
}

static pte_t __maybe_unused to_machine_frame(pte_t pte)
{
	return __pte(native_pte_val(pte));
}

/*
 * A task that sleeps with kmap_local_page() has its mappings in task_struct, to
 * be put into the fixmap when it runs again. User space is frozen where it has
 * none, but workers that are not freezable sleep anywhere.
 */
static void convert_sleeping_kmaps(pte_t (*convert)(pte_t pte))
{
#ifdef CONFIG_KMAP_LOCAL
	struct task_struct *process, *task;
	int i;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		struct kmap_ctrl *kmaps = &task->kmap_ctrl;

		for (i = 0; i < kmaps->idx; i++)
			kmaps->pteval[i] = convert(kmaps->pteval[i]);
	}
	rcu_read_unlock();
#endif
}

/**
 * xen_offer_p2m_tree - have the toolstack read the p2m by its tree of frames
 *
 * Not as an array in our virtual memory, which arch.p2m_cr3 of the shared_info
 * would offer: where "xl dump-core" looks for the array's end it compares an
 * index in a table of PMDs with one that counts from the array's first PMD
 * (xc_core_arch_map_p2m_list_rw() in tools/libs/guest/xg_core_x86.c, Xen 4.17),
 * and gives up when they differ. A 64-bit kernel's array begins with a table of
 * PMDs; ours cannot, for that is where lowmem begins.
 *
 * Context: after each xen_setup_mfn_list_list().
 */
void xen_offer_p2m_tree(void)
{
	HYPERVISOR_shared_info->arch.p2m_cr3 = 0;
}

/**
 * xen_mm_pin_all - have the toolstack find all machine frames
 *
 * Page tables that are being built or taken apart are pinned, so that they are
 * known to be such; the contents of others would stay as they are, which is
 * frames of the host that the domain leaves.
 *
 * Context: stop_machine(), before suspending.
 */
void xen_mm_pin_all(void)
{
	struct ptdesc *table;

	spin_lock(&pgd_lock);
	list_for_each_entry(table, &pgd_list, pt_list) {
		struct page *page = ptdesc_page(table);
		struct mm_struct *mm = pgd_page_get_mm(page);

		spin_lock(&mm->page_table_lock);
		if (!PagePinned(page)) {
			xen_pin_pgd(mm, page_address(page));
			SetPageSavePinned(page);
		}
		spin_unlock(&mm->page_table_lock);
	}
	spin_unlock(&pgd_lock);

	convert_sleeping_kmaps(to_guest_frame);
}

/**
 * xen_mm_unpin_all - undo xen_mm_pin_all(), on the same host or another one
 *
 * There is a new shared_info by now.
 *
 * Context: stop_machine(), after resuming.
 */
void xen_mm_unpin_all(void)
{
	struct ptdesc *table;

	xen_offer_p2m_tree();
	convert_sleeping_kmaps(to_machine_frame);

	spin_lock(&pgd_lock);
	list_for_each_entry(table, &pgd_list, pt_list) {
		struct page *page = ptdesc_page(table);
		struct mm_struct *mm = pgd_page_get_mm(page);

		spin_lock(&mm->page_table_lock);
		if (PageSavePinned(page)) {
			ClearPageSavePinned(page);
			xen_unpin_pgd(mm, page_address(page));
		}
		spin_unlock(&mm->page_table_lock);
	}
	spin_unlock(&pgd_lock);
}
