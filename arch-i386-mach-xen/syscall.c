// SPDX-License-Identifier: GPL-2.0
/*
 * Where Xen enters the kernel other than by an exception: event channel
 * upcalls, the failsafe callback, and the fast system call instructions.
 *
 * Hypercall: callback_op.
 */
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/processor.h>

#include <asm/proto.h>
#include <asm/segment.h>

#include <xen/interface/callback.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static int register_callback(unsigned int type, const char *entry)
{
	struct callback_register callback = {
		.type = type,
		.flags = CALLBACKF_mask_events,
		.address = XEN_CALLBACK(__KERNEL_CS, (unsigned long)entry),
	};

	return HYPERVISOR_callback_op(CALLBACKOP_register, &callback);
}

/*
 * Under a 64-bit Xen our user space is in compatibility mode, so what 64-bit
 * kernels know of it holds: SYSENTER works there on Intel's CPUs and SYSCALL on
 * AMD's. The vDSO uses what the feature bit promises, or else int $0x80.
 */
#ifdef X86_FEATURE_SYSFAST32
/* This bit says that there is a fast system call, SYSCALL32 which one it is. */
static void __init choose_fast_syscall(void)
{
	setup_force_cpu_cap(X86_FEATURE_SYSFAST32);
	if (boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	    boot_cpu_data.x86_vendor == X86_VENDOR_HYGON)
		setup_force_cpu_cap(X86_FEATURE_SYSCALL32);
}

/**
 * xen_enable_syscall - have SYSENTER or SYSCALL enter the kernel
 *
 * Context: bring-up of each vCPU, on it.
 */
void xen_enable_syscall(void)
{
	int err;

	if (!boot_cpu_has(X86_FEATURE_SYSFAST32))
		return;

	if (boot_cpu_has(X86_FEATURE_SYSCALL32))
		err = register_callback(CALLBACKTYPE_syscall32,
					xen_syscall32_callback);
	else
		err = register_callback(CALLBACKTYPE_sysenter,
					(const char *)entry_SYSENTER_32);
	if (err)
		setup_clear_cpu_cap(X86_FEATURE_SYSFAST32);
}
#else	/* a bit for each of the two */
static void __init choose_fast_syscall(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_AMD:
	case X86_VENDOR_HYGON:
		setup_force_cpu_cap(X86_FEATURE_SYSCALL32);
		break;
	default:
		setup_force_cpu_cap(X86_FEATURE_SYSENTER32);
		break;
	}
}

/**
 * xen_enable_sysenter - have SYSENTER enter the kernel, if the vDSO uses it
 *
 * Context: bring-up of each vCPU, on it.
 */
void xen_enable_sysenter(void)
{
	if (boot_cpu_has(X86_FEATURE_SYSENTER32) &&
	    register_callback(CALLBACKTYPE_sysenter,
			      (const char *)entry_SYSENTER_32))
		setup_clear_cpu_cap(X86_FEATURE_SYSENTER32);
}

/**
 * xen_enable_syscall - have SYSCALL enter the kernel, if the vDSO uses it
 *
 * Context: bring-up of each vCPU, on it.
 */
void xen_enable_syscall(void)
{
	if (boot_cpu_has(X86_FEATURE_SYSCALL32) &&
	    register_callback(CALLBACKTYPE_syscall32, xen_syscall32_callback))
		setup_clear_cpu_cap(X86_FEATURE_SYSCALL32);
}
#endif

/**
 * xen_register_callbacks - tell Xen the entry points of the kernel
 *
 * Context: x86_init.oem.arch_setup, the CPU vendor is known.
 */
void __init xen_register_callbacks(void)
{
	if (register_callback(CALLBACKTYPE_event, xen_hypervisor_callback) ||
	    register_callback(CALLBACKTYPE_failsafe, xen_failsafe_callback))
		BUG();

	choose_fast_syscall();
#ifndef X86_FEATURE_SYSFAST32
	xen_enable_sysenter();
#endif
	xen_enable_syscall();
}
