/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spinlocks of vCPUs. One that waits for long blocks until it is kicked, rather
 * than use up the time that the holder of the lock may be waiting for. The
 * algorithm is kernel/locking/qspinlock_paravirt.h, blocking and kicking are
 * arch/x86/xen/spinlock.c.
 *
 * xen_init_spinlocks() decides at boot, by the number of vCPUs and "nopvspin".
 */
#ifndef _ASM_X86_MACH_XEN_SPINLOCK_H
#define _ASM_X86_MACH_XEN_SPINLOCK_H

#ifdef CONFIG_PARAVIRT_SPINLOCKS

#include <linux/jump_label.h>

struct qspinlock;

DECLARE_STATIC_KEY_FALSE(xen_pv_spinlocks);

void native_queued_spin_lock_slowpath(struct qspinlock *lock, u32 val);
void __pv_queued_spin_lock_slowpath(struct qspinlock *lock, u32 val);
void __pv_queued_spin_unlock(struct qspinlock *lock);

void xen_qlock_wait(u8 *byte, u8 val);
void xen_qlock_kick(int cpu);
bool xen_vcpu_stolen(int vcpu);

static __always_inline void pv_queued_spin_lock_slowpath(struct qspinlock *lock,
							 u32 val)
{
	if (static_branch_likely(&xen_pv_spinlocks))
		__pv_queued_spin_lock_slowpath(lock, val);
	else
		native_queued_spin_lock_slowpath(lock, val);
}

/* A macro, for the native form is defined after this header. */
#define pv_queued_spin_unlock(lock)				\
do {								\
	struct qspinlock *__lock = (lock);			\
								\
	if (static_branch_likely(&xen_pv_spinlocks))		\
		__pv_queued_spin_unlock(__lock);		\
	else							\
		native_queued_spin_unlock(__lock);		\
} while (0)

static __always_inline void pv_wait(u8 *ptr, u8 val)
{
	xen_qlock_wait(ptr, val);
}

static __always_inline void pv_kick(int cpu)
{
	xen_qlock_kick(cpu);
}

/* A vCPU that is waiting to run will not let go a lock soon. */
static __always_inline bool pv_vcpu_is_preempted(long cpu)
{
	return static_branch_likely(&xen_pv_spinlocks) && xen_vcpu_stolen(cpu);
}

/* pv_ops calls these functions with registers saved; here they are just called. */
#undef __PV_CALLEE_SAVE_REGS_THUNK
#undef PV_CALLEE_SAVE_REGS_THUNK
#define __PV_CALLEE_SAVE_REGS_THUNK(func, section)
#define PV_CALLEE_SAVE_REGS_THUNK(func)

#endif /* CONFIG_PARAVIRT_SPINLOCKS */

#endif /* _ASM_X86_MACH_XEN_SPINLOCK_H */
