// SPDX-License-Identifier: GPL-2.0
/*
 * ioperm() and iopl() under Xen: the task's bitmap is handed to the hypervisor.
 *
 * A bitmap does not give access by itself: Xen looks at it when port I/O of
 * user mode traps, and lets through what the domain as a whole may touch
 * (none, unless the toolstack gave it ports). See PHYSDEVOP_set_iobitmap in
 * xen/include/public/physdev.h.
 *
 * Hypercall: physdev_op.
 */
#include <linux/percpu.h>
#include <linux/processor.h>

#include <asm/io_bitmap.h>

#include <xen/interface/xen.h>
#include <xen/interface/physdev.h>

#include <asm/xen/hypercall.h>

static void set_iobitmap(void *bitmap, unsigned int nr_ports)
{
	struct physdev_set_iobitmap op = { .nr_ports = nr_ports };

	set_xen_guest_handle(op.bitmap, bitmap);
	HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op);
}

/**
 * tss_invalidate_io_bitmap - the next task has no port access
 *
 * Context: interrupts off, on a context switch or on the way to user mode.
 */
void tss_invalidate_io_bitmap(void)
{
	native_tss_invalidate_io_bitmap();
	set_iobitmap(NULL, 0);
}

/**
 * tss_update_io_bitmap - the current task's port access has to be in force
 *
 * Context: interrupts off, on the way to user mode.
 */
void tss_update_io_bitmap(void)
{
	struct x86_hw_tss *tss = &this_cpu_ptr(&cpu_tss_rw)->x86_tss;

	native_tss_update_io_bitmap();

	if (tss->io_bitmap_base == IO_BITMAP_OFFSET_INVALID)
		set_iobitmap(NULL, 0);
	else
		set_iobitmap((u8 *)tss + tss->io_bitmap_base, IO_BITMAP_BITS);
}
