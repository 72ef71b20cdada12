/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The privileged operations of i386, as a Xen paravirtualised guest does them.
 *
 * <asm/paravirt.h> includes this file instead of its own contents when the
 * subarchitecture is mach-xen. The names are the ones that header defines for
 * CONFIG_PARAVIRT_XXL; here each is bound at build time, so that what needs no
 * hypercall is done in place and nothing goes through a table.
 *
 * Subjects have a header each:
 *	mach_irqflags.h		the event channel upcall mask, which is our IF
 *	mach_processor.h	control and debug registers, MSRs, CPUID, halt
 *	mach_desc.h		GDT, LDT, IDT, TLS, kernel stack, I/O bitmap
 *	mach_pgtable.h		page table entries, their life, lazy mode, TLB
 *	mach_spinlock.h		spinlocks that block instead of spin
 */
#ifndef _ASM_X86_MACH_XEN_PARAVIRT_H
#define _ASM_X86_MACH_XEN_PARAVIRT_H

#ifndef __ASSEMBLY__

#include <linux/types.h>
#include <linux/static_call_types.h>

#include <asm/desc_defs.h>
#include <asm/pgtable_types.h>

struct static_key;

#include <mach_irqflags.h>
#include <mach_processor.h>
#include <mach_desc.h>
#include <mach_pgtable.h>
#include <mach_spinlock.h>

void default_banner(void);

#ifndef CONFIG_HAVE_PV_STEAL_CLOCK_GEN	/* else the scheduler has these */
u64 dummy_steal_clock(int cpu);
u64 dummy_sched_clock(void);

/* arch/x86/xen/time.c sets both once it has read the shared info page. */
DECLARE_STATIC_CALL(pv_steal_clock, dummy_steal_clock);
DECLARE_STATIC_CALL(pv_sched_clock, dummy_sched_clock);

void paravirt_set_sched_clock(u64 (*func)(void));

static __always_inline u64 paravirt_sched_clock(void)
{
	return static_call(pv_sched_clock)();
}

extern struct static_key paravirt_steal_enabled;
extern struct static_key paravirt_steal_rq_enabled;

static inline u64 paravirt_steal_clock(int cpu)
{
	return static_call(pv_steal_clock)(cpu);
}
#endif /* !CONFIG_HAVE_PV_STEAL_CLOCK_GEN */

#ifdef CONFIG_SMP
void native_pv_lock_init(void);
#else
static inline void native_pv_lock_init(void)
{
}
#endif

#ifndef _ASM_X86_PARAVIRT_BASE_H	/* else it and <asm/io.h> have these */
/* Port I/O of a guest is either refused or emulated: slow enough as it is. */
static inline void slow_down_io(void)
{
}

static inline void paravirt_set_cap(void)
{
}
#endif

static inline void notify_page_enc_status_changed(unsigned long pfn,
						  int npages, bool enc)
{
}

#ifndef CONFIG_ARCH_HAS_HW_PTE_YOUNG	/* an older tree, which has other names */
#include <mach_compat.h>
#endif

#endif /* !__ASSEMBLY__ */
#endif /* _ASM_X86_MACH_XEN_PARAVIRT_H */
