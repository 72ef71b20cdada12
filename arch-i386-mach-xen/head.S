/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entry point of a Xen guest, and the notes by which the domain builder
 * finds it. Included by head_32.S in place of its own startup code.
 *
 * The environment (xen/include/public/arch-x86/xen-x86_32.h, and above struct
 * start_info in xen/include/public/xen.h): ring 1 on flat segments, paging on,
 * the kernel and what belongs to it mapped from PAGE_OFFSET on, bss zeroed,
 * events masked, %esi pointing to start_info.
 */
#include <linux/elfnote.h>

#include <asm/boot.h>

#include <asm/xen/interface.h>
#include <xen/interface/elfnote.h>
#include <xen/interface/features.h>

/* Number of page middle directories of the kernel, for the data of head_32.S. */
#define KPMDS	(((-__PAGE_OFFSET) >> 30) & 3)

	__HEAD
/*
 * Where any other boot loader enters, in flat 32-bit protected mode without
 * paging. This kernel has no ring 0 code, so all it can do is to say so, on
 * the first serial port and on a text screen, and stop.
 */
SYM_CODE_START(startup_32)
SYM_INNER_LABEL(startup_32_smp, SYM_L_GLOBAL)	/* for the real mode trampoline */
	cld
	movl	$pa(.Lnot_xen), %esi
	movl	$0xb8000, %edi
.Lnext_char:
	lodsb
	testb	%al, %al
	jz	.Lstop
	movb	$0x07, %ah			/* grey on black */
	stosw
	movb	%al, %bl
	movl	$100000, %ecx			/* no port, no endless wait */
.Lport_busy:
	movw	$0x3f8 + 5, %dx
	inb	%dx, %al
	testb	$0x20, %al			/* transmitter empty */
	loopz	.Lport_busy
	movw	$0x3f8, %dx
	movb	%bl, %al
	outb	%al, %dx
	jmp	.Lnext_char
.Lstop:
	hlt
	jmp	.Lstop
SYM_CODE_END(startup_32)

	__INITRODATA
.Lnot_xen:
	.ascii	"This kernel (SUBARCH=xen) runs as a Xen PV guest only: "
	.asciz	"start it with xl create, or build one without SUBARCH=xen.\r\n"

	__INIT
SYM_CODE_START(startup_xen)
	cld
	movl	$__top_init_kernel_stack, %esp
	xorl	%ebp, %ebp			/* the end of every backtrace */
	pushl	%esi
	call	mach_xen_start
	ud2
SYM_CODE_END(startup_xen)
	__FINIT

	ELFNOTE(Xen, XEN_ELFNOTE_VIRT_BASE,	.long __PAGE_OFFSET)
	ELFNOTE(Xen, XEN_ELFNOTE_PADDR_OFFSET,	.long 0)
	ELFNOTE(Xen, XEN_ELFNOTE_ENTRY,		.long startup_xen)
	ELFNOTE(Xen, XEN_ELFNOTE_HV_START_LOW,	.long __HYPERVISOR_VIRT_START)
	ELFNOTE(Xen, XEN_ELFNOTE_FEATURES,
		.asciz "!writable_page_tables|pae_pgdir_above_4gb")
	ELFNOTE(Xen, XEN_ELFNOTE_PAE_MODE,	.asciz "yes")
	ELFNOTE(Xen, XEN_ELFNOTE_L1_MFN_VALID,
		.quad _PAGE_PRESENT; .quad _PAGE_PRESENT)
