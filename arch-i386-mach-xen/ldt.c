// SPDX-License-Identifier: GPL-2.0
/*
 * Local descriptor tables: modify_ldt() under Xen.
 *
 * An LDT is made read-only as a whole before it is given to Xen, which looks
 * at a page of it when a descriptor in there is first used, and is writable
 * again when it is freed.
 *
 * Hypercalls: mmuext_op (MMUEXT_SET_LDT), update_descriptor,
 * update_va_mapping.
 */
#include <linux/cpumask.h>
#include <linux/highmem.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/smp.h>

#include <asm/desc.h>
#include <asm/ldt.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

/* The table that Xen has of each vCPU; the batch has been issued. */
static DEFINE_PER_CPU(const void *, xen_ldt);

static void note_ldt(void *ldt)
{
	this_cpu_write(xen_ldt, ldt);
}

static void set_ldt_prot(struct desc_struct *ldt, unsigned int entries,
			 pgprot_t prot)
{
	unsigned int i;

	for (i = 0; i < entries; i += PAGE_SIZE / LDT_ENTRY_SIZE)
		xen_set_prot_aliases(ldt + i, prot);
}

/**
 * paravirt_alloc_ldt - a filled-in table is about to be used
 * @ldt: page-aligned
 * @entries: number of descriptors
 */
void paravirt_alloc_ldt(struct desc_struct *ldt, unsigned int entries)
{
	/* A highmem page may still be mapped writable where kunmap() left it. */
	kmap_flush_unused();
	set_ldt_prot(ldt, entries, PAGE_KERNEL_RO);
}

static bool has_ldt(int cpu, void *ldt)
{
	return per_cpu(xen_ldt, cpu) == ldt;
}

static void nothing(void *info)
{
}

/*
 * A CPU that switches to another mm leaves mm_cpumask before Xen has been told
 * (the batch is not issued yet), so whoever installs another LDT does not wait
 * for it. An IPI cannot get in before the batch has been issued.
 */
static void wait_for_batches(struct desc_struct *ldt)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (has_ldt(cpu, ldt)) {
			on_each_cpu_cond(has_ldt, nothing, ldt, true);
			break;
		}
	}
}

/**
 * paravirt_free_ldt - no mm uses a table any more
 * @ldt: page-aligned
 * @entries: number of descriptors
 *
 * Context: any in which the last reference to an mm is dropped; process, if
 * CPUs may still be on the way from it.
 */
void paravirt_free_ldt(struct desc_struct *ldt, unsigned int entries)
{
	wait_for_batches(ldt);
	set_ldt_prot(ldt, entries, PAGE_KERNEL);
}

/**
 * set_ldt - use a table, or none
 * @addr: the table
 * @entries: number of descriptors, 0 for none
 *
 * Batched while a context switch is going on.
 *
 * Context: preemption off.
 */
void set_ldt(const void *addr, unsigned int entries)
{
	struct mmuext_op *op;

	xen_begin_batch();
	op = xen_queue_mmuext_op(MMUEXT_SET_LDT);
	op->arg1.linear_addr = (unsigned long)addr;
	op->arg2.nr_ents = entries;
	xen_mc_callback(note_ldt, entries ? (void *)addr : NULL);
	xen_mc_issue_cpu();
}

/**
 * write_ldt_entry - change a descriptor of a table that is in use
 * @ldt: the table
 * @entry: index of the descriptor
 * @desc: its new contents
 */
void write_ldt_entry(struct desc_struct *ldt, int entry, const void *desc)
{
	xen_update_descriptor(&ldt[entry], desc);
}
