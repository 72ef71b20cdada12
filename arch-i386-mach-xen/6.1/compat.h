/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux 6.1: what the files of this folder call by the names of later trees.
 * Included by mach-xen.h where it is there.
 */
#ifndef _ARCH_X86_MACH_XEN_COMPAT_H
#define _ARCH_X86_MACH_XEN_COMPAT_H

#include <linux/mm.h>
#include <linux/smp.h>

#include <asm/mmu_context.h>
#include <asm/paravirt.h>
#include <asm/tlbflush.h>

#include "../xen/multicalls.h"
#include "../xen/smp.h"

/* A page that is a page table has no type of its own. */
#define ptdesc			page
#define pt_list			lru
#define ptdesc_page(page)	(page)

/* Whether each table has its lock is a matter of the number of CPUs. */
#if USE_SPLIT_PTE_PTLOCKS
#define CONFIG_SPLIT_PTE_PTLOCKS	1
#define ptep_lockptr(mm, table)	ptlock_ptr(virt_to_page(table))
#else
#define ptep_lockptr(mm, table)	(&(mm)->page_table_lock)
#endif

/* It is told on which CPU it is. */
#undef leave_mm
#define leave_mm()		leave_mm(smp_processor_id())

/*
 * start.c: the SMP configuration is found by one function and read by one, which
 * counts the CPUs, too.
 */
#define HAVE_GET_SMP_CONFIG
static inline void xen_smp_count_cpus(void) {}

/* pgtable-boot.c: in 6.1, whoever finds that says what it is about. */
#define xen_chk_is_e820_usable(start, size, component)	\
	BUG_ON(xen_is_e820_reserved(start, size))

/* entry.S; declared in smp_pv.c alone. */
void asm_cpu_bringup_and_idle(void);

/* The lazy modes are pv_ops's; they do not nest there. */
#define xen_lazy_mode		paravirt_lazy_mode
#define XEN_LAZY_NONE		PARAVIRT_LAZY_NONE
#define XEN_LAZY_MMU		PARAVIRT_LAZY_MMU
#define XEN_LAZY_CPU		PARAVIRT_LAZY_CPU
#define xen_get_lazy_mode	paravirt_get_lazy_mode

DECLARE_PER_CPU(enum xen_lazy_mode, xen_lazy_mode);
DECLARE_PER_CPU(unsigned int, xen_lazy_nesting);

static inline void enter_lazy(enum xen_lazy_mode mode)
{
	if (this_cpu_read(xen_lazy_mode) == mode) {
		this_cpu_inc(xen_lazy_nesting);
	} else {
		BUG_ON(this_cpu_read(xen_lazy_mode) != XEN_LAZY_NONE);
		this_cpu_write(xen_lazy_mode, mode);
	}
}

static inline void leave_lazy(enum xen_lazy_mode mode)
{
	BUG_ON(this_cpu_read(xen_lazy_mode) != mode);
	if (this_cpu_read(xen_lazy_nesting))
		this_cpu_dec(xen_lazy_nesting);
	else
		this_cpu_write(xen_lazy_mode, XEN_LAZY_NONE);
}

#endif /* _ARCH_X86_MACH_XEN_COMPAT_H */
