// SPDX-License-Identifier: GPL-2.0
/*
 * Which instruction reads the TSC: LFENCE and RDTSC, not RDTSCP.
 *
 * Where Xen emulates both, the latter takes some 0.5 us longer, at each look at the
 * clock. What it gives beside, TSC_AUX, the kernel has no use for, but programs may.
 */
#include <linux/cpufeature.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/topology.h>

#include <asm/msr.h>
#include <asm/segment.h>

#include "mach-xen.h"

static bool rdtscp_hidden __ro_after_init;

/**
 * xen_prefer_rdtsc - have rdtsc_ordered() use LFENCE and RDTSC
 *
 * Not on CPUs on which 32-bit kernels do not know LFENCE to order RDTSC.
 *
 * Context: before instructions are patched by features; the vendor is known.
 */
void __init xen_prefer_rdtsc(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_INTEL:
	case X86_VENDOR_AMD:
	case X86_VENDOR_HYGON:
		rdtscp_hidden = boot_cpu_has(X86_FEATURE_RDTSCP);
		setup_clear_cpu_cap(X86_FEATURE_RDTSCP);
	}
}

#ifdef VDSO_CPUNODE_BITS	/* else 32-bit kernels leave TSC_AUX alone */
/* What setup_getcpu() does for the feature: RDTSCP tells a program where it is. */
static int set_tsc_aux(unsigned int cpu)
{
	return wrmsr_safe(MSR_TSC_AUX, vdso_encode_cpunode(cpu, early_cpu_to_node(cpu)), 0);
}

static int __init tsc_aux_init(void)
{
	int ret = 0;

	if (rdtscp_hidden)
		ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "x86/mach-xen/tsc:online",
					set_tsc_aux, NULL);
	return ret < 0 ? ret : 0;
}
early_initcall(tsc_aux_init);
#endif
