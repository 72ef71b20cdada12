// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU as a Xen guest may use it: control and debug registers, MSRs, CPUID,
 * and the features that are hidden because Xen keeps them to itself.
 *
 * Hypercalls: fpu_taskswitch, set_debugreg, get_debugreg, mmuext_op
 * (MMUEXT_NEW_BASEPTR). The rest is emulated by Xen when it traps
 * (xen/arch/x86/pv/emul-priv-op.c).
 */
#include <linux/cpufeature.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/percpu.h>
#include <linux/processor.h>

#include <asm/debugreg.h>
#include <asm/microcode.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#include <xen/page.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

#define CPUID_LEAF_FEATURES	0x1
#define CPUID_LEAF_EXT_TOPOLOGY	0xb
#define CPUID_APIC_ID		GENMASK(31, 24)		/* of %ebx, leaf 1 */
#define CPUID_APIC_ID_SHIFT	24

/**
 * __cpuid - CPUID as Xen wants this guest to see it
 * @eax: leaf in, register out
 * @ebx: register out
 * @ecx: subleaf in, register out
 * @edx: register out
 *
 * The bare instruction does not trap in ring 1 unless the CPU can fault on it;
 * the prefixed one always does (XEN_CPUID, xen/include/public/arch-x86/xen.h).
 *
 * What it says of the place of the CPU among others is the hardware's, and
 * changes when Xen moves the vCPU. xen_pv_smp_config() has given each vCPU its
 * number as APIC ID, so that is what the APIC ID is, and of cores and threads
 * there is nothing to know.
 */
void __cpuid(unsigned int *eax, unsigned int *ebx,
	     unsigned int *ecx, unsigned int *edx)
{
	unsigned int leaf = *eax;

	asm volatile(XEN_EMULATE_PREFIX "cpuid"
		     : "=a" (*eax), "=b" (*ebx), "=c" (*ecx), "=d" (*edx)
		     : "0" (*eax), "2" (*ecx)
		     : "memory");

	if (!IS_ENABLED(CONFIG_SMP))
		return;

	switch (leaf) {
	case CPUID_LEAF_FEATURES:
		*ebx = (*ebx & ~CPUID_APIC_ID) |
		       raw_smp_processor_id() << CPUID_APIC_ID_SHIFT;
		break;
	case CPUID_LEAF_EXT_TOPOLOGY:
		*eax = 0;
		*ebx = 0;
		break;
	}
}
EXPORT_SYMBOL(__cpuid);

/**
 * xen_hide_cpu_features - drop the features that only ring 0 can use
 *
 * Xen clears most of these in the guest's CPUID already. Which ones depends on
 * its version and on the domain's configuration, and the kernel would break
 * with any of them left, so none is left to chance. To be called before
 * early_cpu_init().
 */
void __init xen_hide_cpu_features(void)
{
	static const u16 hidden[] __initconst = {
		/* Page tables are of 4 KiB pages, their TLB entries Xen's. */
		X86_FEATURE_PSE, X86_FEATURE_PSE36, X86_FEATURE_PGE,
		X86_FEATURE_PCID, X86_FEATURE_INVPCID,
		/* cr4 bits that Xen holds */
		X86_FEATURE_VME, X86_FEATURE_SMEP, X86_FEATURE_SMAP,
		X86_FEATURE_UMIP, X86_FEATURE_PKU, X86_FEATURE_LA57,
		/* The entry MSRs; syscall.c sets what Xen offers instead. */
		X86_FEATURE_SEP,
		/* No APIC to be touched, no machine checks, no thermal control. */
		X86_FEATURE_X2APIC, X86_FEATURE_ACPI,
		X86_FEATURE_MCE, X86_FEATURE_MCA, X86_FEATURE_ACC,
		X86_FEATURE_TSC_DEADLINE_TIMER, X86_FEATURE_DCA,
		X86_FEATURE_MTRR, X86_FEATURE_APERFMPERF, X86_FEATURE_MWAIT,
		X86_FEATURE_SME,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		setup_clear_cpu_cap(hidden[i]);

	/* The driver that is not one (arch/x86/xen/apic.c) goes with SMP. */
	if (IS_ENABLED(CONFIG_SMP))
		setup_force_cpu_cap(X86_FEATURE_APIC);
	else
		setup_clear_cpu_cap(X86_FEATURE_APIC);

	/* XSAVE needs cr4.OSXSAVE, and that is for Xen to set. */
	if (!(cpuid_ecx(1) & BIT(X86_FEATURE_OSXSAVE & 31)))
		setup_clear_cpu_cap(X86_FEATURE_XSAVE);
}

/* What the kernel believes to be in cr0; Xen takes note of TS only. */
static DEFINE_PER_CPU(unsigned long, xen_cr0) = X86_CR0_PE | X86_CR0_MP |
	X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;

/**
 * read_cr0 - the control register as the kernel last wrote it
 *
 * Return: the value, TS as told to Xen.
 */
unsigned long read_cr0(void)
{
	return this_cpu_read(xen_cr0);
}
EXPORT_SYMBOL(read_cr0);

/**
 * write_cr0 - set cr0.TS, batched while a context switch is going on
 * @cr0: new value
 */
void write_cr0(unsigned long cr0)
{
	struct multicall_space mcs;

	this_cpu_write(xen_cr0, cr0);

	xen_begin_batch();
	mcs = __xen_mc_entry(0);
	MULTI_fpu_taskswitch(mcs.mc, !!(cr0 & X86_CR0_TS));
	xen_mc_issue_cpu();
}
EXPORT_SYMBOL(write_cr0);

/* Guest physical address of the page directory in use, or about to be. */
DEFINE_PER_CPU(unsigned long, xen_cr3);

/* The one Xen has been told of, as long as a change waits in a batch. */
DEFINE_PER_CPU(unsigned long, xen_current_cr3);

static void cr3_in_use(void *cr3)
{
	this_cpu_write(xen_current_cr3, (unsigned long)cr3);
}

#ifdef CONFIG_SMP
/**
 * xen_init_vcpu_cr3 - the page directory of a vCPU that is about to be started
 * @cpu: which
 */
void xen_init_vcpu_cr3(unsigned int cpu)
{
	per_cpu(xen_cr3, cpu) = __pa(swapper_pg_dir);
	per_cpu(xen_current_cr3, cpu) = __pa(swapper_pg_dir);
}
#endif

/**
 * __read_cr3 - the page directory in use
 *
 * Return: its guest physical address.
 */
unsigned long __read_cr3(void)
{
	return this_cpu_read(xen_cr3);
}
EXPORT_SYMBOL_GPL(__read_cr3); /* KVM can be built, and finds no VMX here. */

/**
 * write_cr3 - use another page directory (MMUEXT_NEW_BASEPTR)
 * @cr3: guest physical address of a pinned page directory
 *
 * Batched while a context switch is going on. Flushes the TLB, as on native.
 */
void write_cr3(unsigned long cr3)
{
	if (unlikely(xen_boot_pgtables)) {
		xen_boot_write_cr3(cr3);
		return;
	}

	this_cpu_write(xen_cr3, cr3);

	xen_begin_batch();
	xen_queue_mmuext_op(MMUEXT_NEW_BASEPTR)->arg1.mfn =
		pfn_to_mfn(PFN_DOWN(cr3));
	xen_mc_callback(cr3_in_use, (void *)cr3);
	xen_mc_issue_cpu();
}

/**
 * __write_cr4 - set the bits of cr4 that a guest has a say in
 * @cr4: new value
 *
 * The store traps and Xen merges what it allows (TSD, DE, ...). What it owns
 * must be absent, or it complains on its console.
 */
void __write_cr4(unsigned long cr4)
{
	native_write_cr4(cr4 & ~(X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PCE));
}

#ifndef rdmsrq	/* see <mach_processor.h> */
/**
 * wbinvd - write back and invalidate the caches, if the domain may
 *
 * Traps; Xen does it for a domain that owns hardware and nothing otherwise.
 */
void wbinvd(void)
{
	native_wbinvd();
}
EXPORT_SYMBOL(wbinvd);
#endif

/**
 * xen_get_debugreg - read %dr0 to %dr7
 * @reg: number of the register
 *
 * Return: its value.
 */
noinstr unsigned long xen_get_debugreg(int reg)
{
	return HYPERVISOR_get_debugreg(reg);
}
EXPORT_SYMBOL_GPL(xen_get_debugreg);

/**
 * set_debugreg - write %dr0 to %dr7
 * @val: new value; Xen refuses breakpoints on its own addresses
 * @reg: number of the register
 */
noinstr void set_debugreg(unsigned long val, int reg)
{
	HYPERVISOR_set_debugreg(reg, val);
}
EXPORT_SYMBOL_GPL(set_debugreg);

#ifdef rdmsrq	/* then those below this file are about whole values, too */
static u64 read_msr_safe(unsigned int msr, int *err)
{
	u64 val;

	*err = native_read_msr_safe(msr, &val);
	return val;
}

static int write_msr_safe(unsigned int msr, u32 low, u32 high)
{
	return native_write_msr_safe(msr, (u64)high << 32 | low);
}

static bool pmu_msr_read(unsigned int msr, u64 *val, int *err)
{
	return pmu_msr_chk_emulated(msr, val, true);
}

static bool pmu_msr_write(unsigned int msr, u32 low, u32 high, int *err)
{
	u64 val = (u64)high << 32 | low;

	return pmu_msr_chk_emulated(msr, &val, false);
}

/**
 * intel_get_platform_id - which kind of board the CPU's microcode is for
 *
 * Microcode is Xen's; without CONFIG_MICROCODE cpu/intel.c asks all the same.
 *
 * Return: 0.
 */
u32 intel_get_platform_id(void)
{
	return 0;
}
#else
#define read_msr_safe	native_read_msr_safe
#define write_msr_safe	native_write_msr_safe
#endif

/**
 * xen_read_msr_safe - read an MSR that may not exist for a guest
 * @msr: its number; those of performance counters arch/x86/xen/pmu.c answers for
 *	 while it handles their interrupt
 * @err: set to 0, or to -EIO when Xen refuses the access
 *
 * Return: the value, 0 on error.
 */
u64 xen_read_msr_safe(unsigned int msr, int *err)
{
	u64 val = 0;

	*err = 0;
	if (!pmu_msr_read(msr, &val, err))
		val = read_msr_safe(msr, err);

	return *err ? 0 : val;
}
EXPORT_SYMBOL(xen_read_msr_safe);

/**
 * xen_write_msr_safe - write an MSR that may not exist for a guest
 * @msr: its number
 * @low: lower half
 * @high: upper half
 *
 * The MSRs of SYSENTER and SYSCALL stay Xen's: the entry points are given by
 * hypercall (syscall.c), so writes to these are dropped without a trap.
 *
 * Return: 0, or -EIO when Xen refuses the access.
 */
int xen_write_msr_safe(unsigned int msr, u32 low, u32 high)
{
	int err = 0;

	switch (msr) {
	case MSR_IA32_SYSENTER_CS:
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
		return 0;
	}

	if (!pmu_msr_write(msr, low, high, &err))
		err = write_msr_safe(msr, low, high);

	return err;
}
EXPORT_SYMBOL(xen_write_msr_safe);
