// SPDX-License-Identifier: GPL-2.0
/*
 * Start of day: from the domain builder's world to i386_start_kernel().
 *
 * mach_xen_start(), at the end of the file, is the first C code to run, on the
 * builder's page tables and flat segments, with events masked. It puts in place
 * what generic code relies on, tells x86_init what to do differently later, and
 * goes on as a native kernel would.
 *
 * Hypercalls: xen_version, vm_assist, physdev_op, console_io.
 */
#include <linux/cpufeature.h>
#include <linux/cpufreq.h>
#include <linux/cpuidle.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/pgtable.h>
#include <linux/start_kernel.h>
#include <linux/string.h>

#include <asm/bootparam.h>
#include <asm/fixmap.h>
#include <asm/i8259.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

#include <xen/events.h>
#include <xen/features.h>
#include <xen/hvc-console.h>
#include <xen/interface/physdev.h>
#include <xen/interface/sched.h>
#include <xen/interface/version.h>
#include <xen/page.h>
#include <xen/xen.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

extern asmlinkage void __noreturn i386_start_kernel(void);

/* A fixmap page table, should early_ioremap() not have brought one. */
static pte_t fixmap_ptes[PTRS_PER_PTE] __page_aligned_bss;

/* The port that tells why there was an NMI: Xen's own are no hardware's. */
static unsigned char no_nmi_reason(void)
{
	return 0;
}

/* There is no PC around us: no BIOS to ask, no PIC, no APIC, no RTC. */
static void __init no_legacy_hardware(void)
{
	x86_platform.get_nmi_reason = no_nmi_reason;
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.resources.dmi_setup = x86_init_noop;
	x86_init.resources.reserve_resources = x86_init_noop;
#ifdef HAVE_GET_SMP_CONFIG
	x86_init.mpparse.find_smp_config = x86_init_noop;
	x86_init.mpparse.get_smp_config = x86_init_uint_noop;
#else
	x86_init.mpparse.find_mptable = x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg = x86_init_noop;
	x86_init.mpparse.parse_smp_cfg = x86_init_noop;
#endif
	x86_init.mpparse.setup_ioapic_ids = x86_init_noop;
	x86_init.irqs.pre_vector_init = x86_init_noop;
	x86_init.irqs.intr_mode_select = x86_init_noop;
	x86_init.irqs.intr_mode_init = x86_init_noop;
	x86_platform.realmode_reserve = x86_init_noop;
	x86_platform.realmode_init = x86_init_noop;
	legacy_pic = &null_legacy_pic;
}

/*
 * Events, time and the address of a page fault are in memory shared with Xen.
 */
static void __init map_shared_info(void)
{
	unsigned long va = fix_to_virt(FIX_PARAVIRT_BOOTMAP);
	pmd_t *pmd = pmd_off_k(va);

	if (pmd_none(*pmd))
		set_pmd(pmd, __pmd(__pa(fixmap_ptes) | _PAGE_TABLE));

	set_fixmap(FIX_PARAVIRT_BOOTMAP, xen_start_info->shared_info);
	HYPERVISOR_shared_info = (struct shared_info *)va;

	xen_vcpu_info_reset(0);

	/* With more vCPUs, xen_setup_vcpu_info_placement() does it. */
	if (!IS_ENABLED(CONFIG_SMP))
		xen_vcpu_setup(0);
}

/* x86_init.oem.arch_setup: swapper_pg_dir is loaded, the CPU is known. */
static void __init xen_oem_arch_setup(void)
{
	no_legacy_hardware();
	map_shared_info();
	xen_register_callbacks();
	xen_prefer_rdtsc();
	xen_init_time_ops();

	xen_smp_count_cpus();
	xen_smp_init();
	xen_hotplug_init();

	xen_reserve_special_pages();

	/* Idle is SCHEDOP_block; states and frequencies are Xen's to choose. */
	disable_cpuidle();
	disable_cpufreq();
	WARN_ON(xen_set_default_idle());
}

/* Fill in what a boot loader would have told us. */
static void __init fill_boot_params(const struct start_info *si)
{
	unsigned long initrd = 0;

	if (si->mod_start)
		initrd = si->flags & SIF_MOD_START_PFN ?
			 PFN_PHYS(si->mod_start) : __pa(si->mod_start);

	boot_params.hdr.type_of_loader = (9 << 4) | 0;
	boot_params.hdr.hardware_subarch = X86_SUBARCH_XEN;
	boot_params.hdr.ramdisk_image = initrd;
	boot_params.hdr.ramdisk_size = si->mod_len;
	boot_params.hdr.cmd_line_ptr = __pa(si->cmd_line);

	strscpy(boot_command_line, (const char *)si->cmd_line,
		COMMAND_LINE_SIZE);
}

/*
 * The address space ends where Xen's part of it begins. Everything that is
 * placed from the top down (fixmap, vmalloc area, lowmem) follows.
 */
static void __init reserve_hypervisor_hole(void)
{
	struct xen_platform_parameters pp;

	if (HYPERVISOR_xen_version(XENVER_platform_parameters, &pp))
		pp.virt_start = HYPERVISOR_VIRT_START;

	reserve_top_address(-pp.virt_start);
}

static void __init enable_assists(void)
{
	/* Plain stores into PTE tables are emulated; cr3 may be above 4 GiB. */
	if (HYPERVISOR_vm_assist(VMASST_CMD_enable,
				 VMASST_TYPE_writable_pagetables) ||
	    HYPERVISOR_vm_assist(VMASST_CMD_enable,
				 VMASST_TYPE_pae_extended_cr3))
		BUG();
}

/*
 * Port I/O in ring 1 needs this much I/O privilege (of the virtual kind: Xen
 * still checks each port). What probes for a PC's devices reads all ones.
 */
static void __init allow_port_io(void)
{
	struct physdev_set_iopl op = { .iopl = 1 };

	if (HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op))
		BUG();
}

/**
 * mach_xen_start - the first C function
 * @si: the domain builder's start_info, in its own page behind the kernel
 *
 * Called by startup_xen in head.S on the initial task's stack. The environment
 * is described in xen/include/public/arch-x86/xen-x86_32.h and above struct
 * start_info in xen/include/public/xen.h.
 */
asmlinkage __visible void __init __noreturn mach_xen_start(struct start_info *si)
{
	/* Our copy of the mask; Xen's is set already. */
	raw_local_irq_disable();
	early_boot_irqs_disabled = true;

	xen_start_info = si;
	xen_start_flags = si->flags;
	xen_domain_type = XEN_PV_DOMAIN;
	/*
	 * What xen_pv_domain() is in some trees, and that frames have two numbers. On 32 bits
	 * setup_arch() overwrites boot_cpu_data with new_cpu_data.
	 */
	setup_force_cpu_cap(X86_FEATURE_XENPV);
	set_cpu_cap(&new_cpu_data, X86_FEATURE_XENPV);

	if (!strstr(si->magic, "x86_32p")) {
		xen_raw_console_write("This kernel runs as a 32-bit PAE Xen guest only\n");
		xen_reboot(SHUTDOWN_crash);
	}

	xen_setup_features();
	xen_vcpu_info_reset(0);
	enable_assists();

	xen_setup_machphys_mapping();
	xen_build_dynamic_phys_to_machine();
	reserve_hypervisor_hole();
	xen_pgtable_init();

	xen_gdt_init();
	allow_port_io();

	xen_hide_cpu_features();
	xen_machine_ops_init();
	fill_boot_params(si);

	x86_init.resources.memory_setup = xen_memory_setup;
	x86_init.irqs.intr_init = xen_init_IRQ;
	x86_init.oem.arch_setup = xen_oem_arch_setup;
	x86_init.oem.banner = xen_banner;

	xen_add_preferred_consoles();

	i386_start_kernel();
}
