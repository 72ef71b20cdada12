// SPDX-License-Identifier: GPL-2.0
/*
 * The two switches of spinlocks, which <mach_spinlock.h> and <asm/qspinlock.h>
 * look at.
 *
 * No hypercalls: blocking and kicking are arch/x86/xen/spinlock.c.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/spinlock.h>

#include <asm/paravirt.h>
#include <asm/qspinlock.h>

/* Locks that block; set by xen_init_spinlocks(). */
DEFINE_STATIC_KEY_FALSE(xen_pv_spinlocks);
EXPORT_SYMBOL(xen_pv_spinlocks);

/* Called from <mach_spinlock.h>, by modules too where spin_unlock() is inline. */
EXPORT_SYMBOL(__pv_queued_spin_unlock);

/* Locks that are not handed to a vCPU which does not run, as queued ones are. */
#ifdef VIRT_SPIN_LOCK_KEY_TRUE
DEFINE_STATIC_KEY_TRUE(virt_spin_lock_key);
#else
DEFINE_STATIC_KEY_FALSE(virt_spin_lock_key);
#endif

/**
 * native_pv_lock_init - use such locks, in case there are none that block
 *
 * Context: smp_prepare_boot_cpu().
 */
void __init native_pv_lock_init(void)
{
	static_branch_enable(&virt_spin_lock_key);
}
