// SPDX-License-Identifier: GPL-2.0
/*
 * The global descriptor table, and the thread-local segments in it.
 *
 * Xen uses our GDT page itself, so it must be mapped read-only wherever it is
 * mapped, and entries change through update_descriptor. Descriptors of level 0
 * are raised to level 1 by Xen; those of TSS and LDT are not for a guest.
 *
 * Hypercalls: set_gdt, update_descriptor, update_va_mapping.
 */
#include <linux/export.h>
#include <linux/memblock.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/uaccess.h>

#include <asm/desc.h>

#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

/* The TLS descriptors Xen has now: most switches change none of them. */
static DEFINE_PER_CPU(struct desc_struct [GDT_ENTRY_TLS_ENTRIES], xen_tls_desc);

/**
 * xen_set_prot_aliases - set the protection of a page in all its kernel mappings
 * @va: address of the page, in the direct map or elsewhere in kernel space
 * @prot: PAGE_KERNEL or PAGE_KERNEL_RO
 *
 * For pages that Xen must have read-only: descriptor tables. A page of the
 * vmalloc area has a second mapping in the direct map unless it is highmem.
 *
 * Context: process or early boot.
 */
void xen_set_prot_aliases(void *va, pgprot_t prot)
{
	unsigned int level;
	unsigned long pfn;
	unsigned char dummy;
	pte_t *ptep, pte;

	/*
	 * The hypercall goes by the page directory that is loaded, so the
	 * mapping must be in there. Kernel mappings are synchronised as they
	 * are made; should that change one day, touching it brings it there.
	 */
	preempt_disable();
	copy_from_kernel_nofault(&dummy, va, 1);

	ptep = lookup_address((unsigned long)va, &level);
	BUG_ON(!ptep || level != PG_LEVEL_4K);
	pfn = pte_pfn(*ptep);
	pte = pfn_pte(pfn, prot);

	if (HYPERVISOR_update_va_mapping((unsigned long)va, pte, UVMF_INVLPG))
		BUG();

	if (pfn < max_low_pfn && __va(PFN_PHYS(pfn)) != va &&
	    HYPERVISOR_update_va_mapping((unsigned long)__va(PFN_PHYS(pfn)),
					 pte, UVMF_INVLPG))
		BUG();
	preempt_enable();
}

/**
 * load_gdt - hand a GDT to Xen
 * @dtr: its address, page-aligned, and limit; less than a page
 *
 * Its page becomes read-only, if it is not yet, and pgtable-boot.c lets no
 * writable alias of such a page come up.
 *
 * Context: CPU bring-up.
 */
void load_gdt(const struct desc_ptr *dtr)
{
	unsigned int entries = (dtr->size + 1) / sizeof(struct desc_struct);
	unsigned int level;
	unsigned long mfn;

	BUG_ON(offset_in_page(dtr->address) || dtr->size >= PAGE_SIZE);

	xen_set_prot_aliases((void *)dtr->address, PAGE_KERNEL_RO);
	/*
	 * From the page table: the CPU entry area lies above lowmem, and with
	 * highmem virt_addr_valid() takes it for a part of the direct map.
	 */
	mfn = pte_mfn(*lookup_address(dtr->address, &level));
	if (HYPERVISOR_set_gdt(&mfn, entries))
		BUG();
}

/**
 * native_store_gdt - where the descriptors in use can be read
 * @dtr: set to this CPU's GDT
 *
 * In place of the SGDT instruction; lib/insn-eval.c looks up segments there.
 *
 * Context: any in which the CPU cannot change.
 */
void native_store_gdt(struct desc_ptr *dtr)
{
	dtr->address = (unsigned long)get_cpu_gdt_rw(raw_smp_processor_id());
	dtr->size = GDT_SIZE - 1;
}

#ifdef CONFIG_SMP
/* The GDT of the first CPU before there are per-CPU areas. */
void *xen_initial_gdt __initdata = &gdt_page;

/**
 * make_lowmem_page_readwrite - a page is no descriptor table any more
 * @vaddr: its address
 */
void make_lowmem_page_readwrite(void *vaddr)
{
	xen_set_prot_aliases(vaddr, PAGE_KERNEL);
}
#endif

/**
 * xen_gdt_init - leave the flat segments of the domain builder for our own GDT
 *
 * Context: start of day, before any per-CPU data is used through %fs.
 */
void __init xen_gdt_init(void)
{
	struct desc_struct *gdt = get_cpu_gdt_rw(0);
	unsigned long mfn = virt_to_mfn(gdt);

	if (HYPERVISOR_update_va_mapping((unsigned long)gdt,
					 mfn_pte(mfn, PAGE_KERNEL_RO),
					 UVMF_INVLPG) ||
	    HYPERVISOR_set_gdt(&mfn, GDT_ENTRIES))
		BUG();

	asm volatile("ljmp %[cs], $1f\n"
		     "1:\n\t"
		     "movl %[kds], %%ss\n\t"
		     "movl %[uds], %%ds\n\t"
		     "movl %[uds], %%es\n\t"
		     "movl %[percpu], %%fs\n\t"
		     "movl %[null], %%gs"
		     : : [cs] "i" (__KERNEL_CS), [kds] "r" (__KERNEL_DS),
			 [uds] "r" (__USER_DS), [percpu] "r" (__KERNEL_PERCPU),
			 [null] "r" (0)
		     : "memory");
}

/**
 * xen_update_descriptor - change a descriptor of a table that Xen uses
 * @entry: the descriptor, in a GDT or LDT
 * @desc: its new contents, 8 bytes
 */
void xen_update_descriptor(void *entry, const void *desc)
{
	xmaddr_t maddr = arbitrary_virt_to_machine(entry);

	preempt_disable();
	xen_flush_batches();
	if (HYPERVISOR_update_descriptor(maddr.maddr, *(const u64 *)desc))
		BUG();
	preempt_enable();
}

/**
 * write_gdt_entry - change a descriptor of a GDT
 * @gdt: the table
 * @entry: index of the descriptor
 * @desc: its new contents
 * @type: DESC_TSS and DESC_LDT are ignored: these are in Xen's own part
 *
 * Context: any in which the CPU cannot change.
 */
void write_gdt_entry(struct desc_struct *gdt, int entry, void *desc, int type)
{
	if (type != DESC_TSS && type != DESC_LDT)
		xen_update_descriptor(&gdt[entry], desc);
}
EXPORT_SYMBOL_GPL(write_gdt_entry);

/**
 * load_TLS - put a thread's TLS descriptors into the GDT
 * @t: the thread
 * @cpu: this CPU
 *
 * Batched while a context switch is going on. Then %gs may still hold a
 * selector of the previous task, and should Xen move this vCPU right after the
 * descriptor changed, it could not reload it: so clear it first, __switch_to()
 * has saved it and loads the next task's.
 *
 * Context: preemption off.
 */
void load_TLS(struct thread_struct *t, unsigned int cpu)
{
	struct desc_struct *old = this_cpu_ptr(xen_tls_desc);
	struct desc_struct *gdt = get_cpu_gdt_rw(cpu);
	unsigned int i;

	if (!memcmp(old, t->tls_array, sizeof(t->tls_array)))
		return;

	if (xen_get_lazy_mode() == XEN_LAZY_CPU)
		loadsegment(gs, 0);

	xen_begin_batch();
	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++) {
		struct multicall_space mcs;
		xmaddr_t maddr;

		if (!memcmp(&old[i], &t->tls_array[i], sizeof(old[i])))
			continue;

		old[i] = t->tls_array[i];
		maddr = arbitrary_virt_to_machine(&gdt[GDT_ENTRY_TLS_MIN + i]);
		mcs = __xen_mc_entry(0);
		MULTI_update_descriptor(mcs.mc, maddr.maddr, old[i]);
	}
	xen_mc_issue_cpu();
}
