// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries under Xen: the hypercalls that change them, and what waits for its
 * hypercall.
 *
 * In lazy MMU mode updates are collected here and go to Xen in one mmu_update. They are
 * too many for the multicall buffer of arch/x86/xen/multicalls.c, which asks each of its
 * entries what it is; but their order among its entries has to be kept, so whoever
 * queues one there begins with xen_begin_batch(), and what waits here goes first.
 *
 * Hypercalls: mmu_update.
 */
#include <linux/bug.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

#define MAX_UPDATES	64

/*
 * Those from @first to before @end wait. The ones before @first are in a multicall
 * entry, and stay where they are until it is done. @others: there may be entries in
 * the multicall buffer.
 */
struct updates {
	unsigned int first, end;
	bool others;
	struct mmu_update update[MAX_UPDATES];
};

static DEFINE_PER_CPU(struct updates, updates);

/*
 * A refusal means a bug in here. Xen stops at the first one, so the others are made one
 * by one then: again, perhaps, in the same order.
 */
static void update_now(struct mmu_update *update, unsigned int nr)
{
	int refused = 0;
	unsigned int i;
	u64 val = 0;

	if (likely(!HYPERVISOR_mmu_update(update, nr, NULL, DOMID_SELF)))
		return;

	for (i = 0; i < nr; i++) {
		int err = HYPERVISOR_mmu_update(&update[i], 1, NULL, DOMID_SELF);

		if (err) {
			refused = err;
			val = update[i].val;
		}
	}
	WARN(refused, "Xen refuses a page table entry of %#llx: %d\n", val, refused);
}

static void queue_updates(struct updates *w)
{
	struct multicall_space mcs;

	if (w->first == w->end)
		return;

	mcs = __xen_mc_entry(0);
	MULTI_mmu_update(mcs.mc, &w->update[w->first], w->end - w->first, NULL,
			 DOMID_SELF);
	w->first = w->end;
}

static noinline void flush(struct updates *w)
{
	unsigned int nr = w->end;

	if (w->others)
		queue_updates(w);

	/* Now, for a warning may set an entry, to map something for the console. */
	w->first = 0;
	w->end = 0;
	if (w->others) {
		w->others = false;
		xen_mc_flush();
	} else if (nr) {
		update_now(w->update, nr);
	}
}

/**
 * xen_begin_batch - xen_mc_batch(), after the page table updates that wait
 *
 * Context: as xen_mc_batch(): interrupts are off until xen_mc_issue().
 */
void xen_begin_batch(void)
{
	struct updates *w;

	xen_mc_batch();
	w = this_cpu_ptr(&updates);
	queue_updates(w);
	/* Without a lazy mode nothing is left there by xen_mc_issue(). */
	w->others = this_cpu_read(xen_lazy_mode) != XEN_LAZY_NONE;
}

/**
 * xen_flush_batches - do what waits, here and in the multicall buffer
 *
 * Context: preemption off.
 */
void xen_flush_batches(void)
{
	unsigned long flags;

	local_irq_save(flags);
	flush(this_cpu_ptr(&updates));
	local_irq_restore(flags);
}

/**
 * xen_update_entry - change an entry of a page table that Xen guards
 * @entry: the entry, of any level
 * @cmd: MMU_* (xen/include/public/xen.h)
 * @lazy: the lazy modes in which it may wait
 * @val: its new value, as it stands there
 *
 * A refusal is reported, here or by xen_mc_flush().
 */
void xen_update_entry(void *entry, unsigned int cmd, unsigned int lazy, u64 val)
{
	enum xen_lazy_mode mode;
	struct mmu_update *u;
	struct updates *w;
	unsigned long flags;

	/* Also not to be moved meanwhile to a host where the machine frame is another. */
	local_irq_save(flags);
	w = this_cpu_ptr(&updates);
	u = &w->update[w->end];
	u->ptr = PFN_PHYS(xen_p2m_addr[virt_to_pfn(entry)]) | offset_in_page(entry) | cmd;
	u->val = val;
	w->end++;

	mode = this_cpu_read(xen_lazy_mode);
	/* In an interrupt, too: what waits must not be overtaken. */
	if (!(mode & lazy) || in_interrupt() || w->end == MAX_UPDATES)
		flush(w);
	local_irq_restore(flags);
}
