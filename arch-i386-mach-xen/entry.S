/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel entry and exit under Xen. Included by entry_32.S in place of its own,
 * after the macros that build and take apart struct pt_regs.
 *
 * Xen enters the kernel in ring 1, on the stack that stack_switch named, with
 * the frame an i386 CPU would have pushed: an error code where the CPU has one,
 * %eip, %cs, %eflags, and %esp and %ss when it comes from user mode. So there is
 * no entry stack to leave, no page table to switch, no espfix, no VM86 and no
 * task gate, and what is left is short. Differences to hardware:
 *
 * - Bits 16 to 23 of the %cs slot hold the saved upcall mask; FIXUP_FRAME drops
 *   them, %eflags.IF shows the same.
 * - The way out is HYPERVISOR_iret, which restores the mask from %eflags.IF and
 *   returns in one step. A return to the kernel takes it too: an iret leaves the
 *   mask alone.
 *
 * Hypercall: iret (xen/include/public/arch-x86/xen-x86_32.h).
 */
#include <asm/xen/interface.h>
#include <xen/interface/xen.h>

/* Xen clears TF on its way in, so nothing single-steps through the entry. */
SYM_ENTRY(__begin_SYSENTER_singlestep_region, SYM_L_GLOBAL, SYM_A_NONE)
SYM_ENTRY(__end_SYSENTER_singlestep_region, SYM_L_GLOBAL, SYM_A_NONE)

/*
 * SYSENTER (CALLBACKTYPE_sysenter). %eip and %esp are lost, do_SYSENTER_32()
 * knows them: the vDSO's landing pad and %ebp. The selectors are Xen's, or 0.
 */
SYM_CODE_START(entry_SYSENTER_32)
	movl	$__USER_CS, 4(%esp)		/* pt_regs->cs */
	movl	$__USER_DS, 16(%esp)		/* pt_regs->ss */
	pushl	%eax				/* pt_regs->orig_ax */
	SAVE_ALL pt_regs_ax=$-ENOSYS
	movl	%esp, %eax
	call	do_SYSENTER_32
	jmp	.Lsyscall_32_done
SYM_CODE_END(entry_SYSENTER_32)

/*
 * SYSCALL in compatibility mode (CALLBACKTYPE_syscall32). The instruction has
 * put the return address into %ecx, whose value the vDSO saved in %ebp before,
 * and %ebp on the stack.
 */
SYM_CODE_START(xen_syscall32_callback)
	movl	$__USER_CS, 4(%esp)		/* pt_regs->cs */
	movl	$__USER_DS, 16(%esp)		/* pt_regs->ss */
	pushl	%eax				/* pt_regs->orig_ax */
	movl	%ebp, %ecx
	SAVE_ALL pt_regs_ax=$-ENOSYS
	movl	%esp, %eax
	call	do_fast_syscall_32
	jmp	.Lsyscall_32_done
SYM_CODE_END(xen_syscall32_callback)

/* int $0x80, a gate of the trap table. */
SYM_FUNC_START(entry_INT80_32)
	pushl	%eax				/* pt_regs->orig_ax */
	SAVE_ALL pt_regs_ax=$-ENOSYS
	movl	%esp, %eax
	call	do_int80_syscall_32
.Lsyscall_32_done:
	STACKLEAK_ERASE
.Lreturn:
	RESTORE_REGS pop=4			/* skip orig_ax */
.Lxen_iret:
	pushl	%eax
	movl	$__HYPERVISOR_iret, %eax
	int	$0x82
SYM_FUNC_END(entry_INT80_32)

/* Exceptions: the stubs of <asm/idtentry.h> come here. */
SYM_CODE_START_LOCAL_NOALIGN(handle_exception)
	/* the address of the C function is in the slot of %gs */
	SAVE_ALL skip_gs=1
	ENCODE_FRAME_POINTER
	movl	PT_GS(%esp), %edi
	movl	PT_ORIG_EAX(%esp), %edx		/* error code */
	movl	$-1, PT_ORIG_EAX(%esp)		/* no system call to restart */
	movl	%esp, %eax
	CALL_NOSPEC edi
handle_exception_return:
	jmp	.Lreturn
SYM_CODE_END(handle_exception)

/* Event channel upcall (CALLBACKTYPE_event), like an interrupt. */
SYM_CODE_START(xen_hypervisor_callback)
	pushl	$-1				/* pt_regs->orig_ax */
	SAVE_ALL
	ENCODE_FRAME_POINTER
	movl	%esp, %eax
	call	xen_pv_evtchn_do_upcall
	jmp	.Lreturn
SYM_CODE_END(xen_hypervisor_callback)

/*
 * Failsafe callback (CALLBACKTYPE_failsafe): Xen could not go back to where we
 * sent it. Above the frame are the selectors it meant to load:
 *
 *	0(%esp) %ds	4(%esp) %es	8(%esp) %fs	12(%esp) %gs
 *	16(%esp) %eip	%cs		%eflags		(%esp	%ss)
 *
 * Load them here. If one of them faults it was that (its descriptor went away
 * while the task did not run): it becomes 0, and the return is tried again. If
 * none does, the frame itself is bad, as after a sigreturn with invented
 * selectors, and that is an iret that faults.
 */
SYM_CODE_START(xen_failsafe_callback)
	pushl	%eax
	xorl	%eax, %eax
1:	movw	4(%esp), %ds
2:	movw	8(%esp), %es
3:	movw	12(%esp), %fs
4:	movw	16(%esp), %gs
	testl	%eax, %eax
	popl	%eax
	leal	16(%esp), %esp			/* keep the flags */
	jnz	.Lxen_iret

	pushl	$0				/* no error code */
	pushl	$iret_error
	jmp	handle_exception

5:	movl	$0, %ss:4(%esp)
	incl	%eax
	jmp	1b
6:	movl	$0, %ss:8(%esp)
	incl	%eax
	jmp	2b
7:	movl	$0, %ss:12(%esp)
	incl	%eax
	jmp	3b
8:	movl	$0, %ss:16(%esp)
	incl	%eax
	jmp	4b
	_ASM_EXTABLE(1b, 5b)
	_ASM_EXTABLE(2b, 6b)
	_ASM_EXTABLE(3b, 7b)
	_ASM_EXTABLE(4b, 8b)
SYM_CODE_END(xen_failsafe_callback)

#ifdef CONFIG_SMP
/* Where a vCPU starts, on the stack of its idle task. */
SYM_CODE_START(asm_cpu_bringup_and_idle)
	call	cpu_bringup_and_idle
	ud2
SYM_CODE_END(asm_cpu_bringup_and_idle)

/* The same for one that was down; its stack begins anew at %eax. */
SYM_CODE_START(xen_cpu_bringup_again)
	movl	%eax, %esp
	call	cpu_bringup_and_idle
	ud2
SYM_CODE_END(xen_cpu_bringup_again)
#endif

/* An ordinary exception here: one stack serves all. */
	idtentry X86_TRAP_NMI asm_exc_nmi exc_nmi has_error_code=0

/* The TSS of the double fault task wants an address; Xen has no task gates. */
SYM_CODE_START(asm_exc_double_fault)
	ud2
SYM_CODE_END(asm_exc_double_fault)
