// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a domain: each way to stop is a reason given to the toolstack,
 * which acts on it as the domain's configuration says (on_poweroff, on_reboot,
 * on_crash). See SHUTDOWN_* in xen/include/public/sched.h.
 *
 * Hypercall: sched_op (SCHEDOP_shutdown), by arch/x86/xen/enlighten.c.
 */
#include <linux/pm.h>
#include <linux/reboot.h>

#include <xen/interface/sched.h>
#include <xen/xen-ops.h>

#include <asm/reboot.h>
#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

static void xen_restart(char *cmd)
{
	xen_reboot(SHUTDOWN_reboot);
}

static void xen_power_off(void)
{
	xen_reboot(SHUTDOWN_poweroff);
}

static void xen_crash_shutdown(struct pt_regs *regs)
{
	xen_reboot(SHUTDOWN_crash);
}

/**
 * xen_machine_ops_init - reboot, power off and crash through the hypervisor
 */
void __init xen_machine_ops_init(void)
{
	machine_ops.restart = xen_restart;
	machine_ops.halt = xen_power_off;
	machine_ops.power_off = xen_power_off;
	machine_ops.shutdown = xen_power_off;
	machine_ops.crash_shutdown = xen_crash_shutdown;
	machine_ops.emergency_restart = xen_emergency_restart;

	xen_panic_handler_init();
}

/* Without a handler, reboot(RB_POWER_OFF) would be taken for a halt. */
static int __init register_power_off(void)
{
	return register_platform_power_off(xen_power_off);
}
core_initcall(register_power_off);
