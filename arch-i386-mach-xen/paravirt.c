// SPDX-License-Identifier: GPL-2.0
/*
 * What arch/x86/kernel/paravirt.c defines besides the operations: the clock
 * hooks that arch/x86/xen/time.c fills in, and the name for the banner.
 *
 * No hypercalls.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/printk.h>
#include <linux/static_call.h>

#include <asm/paravirt.h>
#include <asm/setup.h>
#include <asm/timer.h>

struct pv_info pv_info = { .name = "Xen" };

#ifndef CONFIG_HAVE_PV_STEAL_CLOCK_GEN
struct static_key paravirt_steal_enabled;
struct static_key paravirt_steal_rq_enabled;

static u64 no_steal_clock(int cpu)
{
	return 0;
}

DEFINE_STATIC_CALL(pv_steal_clock, no_steal_clock);
DEFINE_STATIC_CALL(pv_sched_clock, native_sched_clock);

/**
 * paravirt_set_sched_clock - use another scheduler clock
 * @func: returns nanoseconds, must be safe in any context
 */
void paravirt_set_sched_clock(u64 (*func)(void))
{
	static_call_update(pv_sched_clock, func);
}
#endif /* !CONFIG_HAVE_PV_STEAL_CLOCK_GEN */

/**
 * default_banner - say what we run on
 */
void __init default_banner(void)
{
	pr_info("Booting paravirtualized kernel on %s\n", pv_info.name);
}
