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
 * - An iret does not change the mask. User mode has it clear, so the way there
 *   clears it first, and may be interrupted between that and the iret: see
 *   .Lreturn_to_user. A return to the kernel with the mask set is an iret, one
 *   with the mask clear is HYPERVISOR_iret, which does both in one step.
 *
 * Hypercall: iret (xen/include/public/arch-x86/xen-x86_32.h).
 */
#include <asm/xen/interface.h>
#include <xen/interface/xen.h>

/*
 * A byte of this vCPU's vcpu_info while the data segments are user mode's
 * already, through the stack's. %eax holds this_cpu_off.
 */
#ifdef CONFIG_SMP
#define XEN_VCPU_INFO_BY_EAX(field)	%ss:xen_vcpu_info+XEN_vcpu_info_##field(%eax)
#else
#define XEN_VCPU_INFO_BY_EAX(field)	%ss:xen_vcpu_info+XEN_vcpu_info_##field
#endif

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
	testb	$USER_SEGMENT_RPL_MASK, PT_CS(%esp)
	jz	.Lreturn_to_kernel

	/*
	 * Back to user mode. Until .Lunmasked no event is delivered, and a
	 * selector that faults is dealt with as in RESTORE_REGS. From there on
	 * all registers are user mode's but %eax, whose value is at (%esp), and
	 * %esp. An event that is pending by then, or is delivered up to the
	 * iret, is taken as if it had come in user mode: .Lupcall_on_return.
	 * To handle it where it came would be to handle it in the kernel, and
	 * what it has asked for (a signal, another task) would be forgotten.
	 */
.Lreturn_to_user:
	movl	PT_EAX(%esp), %eax
	movl	%eax, PT_GS(%esp)		/* the unused slot */
#ifdef CONFIG_SMP
	movl	PER_CPU_VAR(this_cpu_off), %eax
#endif
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	addl	$4, %esp			/* %eax */
1:	popl	%ds
2:	popl	%es
3:	popl	%fs
4:	movb	$0, XEN_VCPU_INFO_BY_EAX(mask)
.Lunmasked:
	cmpb	$0, XEN_VCPU_INFO_BY_EAX(pending)
	je	5f
	movb	$1, XEN_VCPU_INFO_BY_EAX(mask)
	jmp	.Lupcall_before_iret
5:	/* Xen does this at its own returns to user mode; this is none of them. */
	CLEAR_CPU_BUFFERS
	movl	(%esp), %eax
	leal	8(%esp), %esp			/* skip orig_ax */
.Liret_to_user:
	iret

	_ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_POP_ZERO|EX_REG_DS)
	_ASM_EXTABLE_TYPE(2b, 3b, EX_TYPE_POP_ZERO|EX_REG_ES)
	_ASM_EXTABLE_TYPE(3b, 4b, EX_TYPE_POP_ZERO|EX_REG_FS)

.Lreturn_to_kernel:
	testl	$X86_EFLAGS_IF, PT_EFLAGS(%esp)
	jnz	.Lreturn_by_hypercall
	RESTORE_REGS pop=4			/* skip orig_ax */
	iret

.Lreturn_by_hypercall:
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
	cmpl	$.Liret_to_user, PT_EIP(%esp)
	je	.Lfault_on_iret
.Lno_fault_on_iret:
	ENCODE_FRAME_POINTER
	movl	PT_GS(%esp), %edi
	movl	PT_ORIG_EAX(%esp), %edx		/* error code */
	movl	$-1, PT_ORIG_EAX(%esp)		/* no system call to restart */
	movl	%esp, %eax
	CALL_NOSPEC edi
handle_exception_return:
	jmp	.Lreturn

	/*
	 * User mode's %cs or %ss is bad. The frame of this exception says that
	 * the mask was clear, so a fixup would run without it: leave the frame
	 * and go on below, on the one the iret did not get through.
	 */
.Lfault_on_iret:
	testl	$USER_SEGMENT_RPL_MASK, PT_CS(%esp)
	jnz	.Lno_fault_on_iret		/* a program jumped there */
	RESTORE_REGS pop=4			/* skip the error code */
	leal	12(%esp), %esp
.Liret_error:
	pushl	$0				/* no error code */
	pushl	$iret_error
	jmp	handle_exception
SYM_CODE_END(handle_exception)

/* Event channel upcall (CALLBACKTYPE_event), like an interrupt. */
SYM_CODE_START(xen_hypervisor_callback)
	cmpl	$.Liret_to_user, (%esp)
	ja	.Lupcall
	cmpl	$.Lunmasked, (%esp)
	jae	.Lupcall_on_return
.Lupcall:
	pushl	$-1				/* pt_regs->orig_ax */
	SAVE_ALL
	ENCODE_FRAME_POINTER
	movl	%esp, %eax
	call	xen_pv_evtchn_do_upcall
	jmp	.Lreturn

	/* Between .Lunmasked and .Liret_to_user: drop the frame, redo the rest. */
.Lupcall_on_return:
	testl	$USER_SEGMENT_RPL_MASK, 4(%esp)
	jnz	.Lupcall			/* a program jumped there */
	cmpl	$.Liret_to_user, (%esp)
	leal	12(%esp), %esp
	je	.Lupcall
.Lupcall_before_iret:
	movl	(%esp), %eax
	leal	8(%esp), %esp			/* skip orig_ax */
	jmp	.Lupcall
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
 * none does, the frame itself is bad, and that is an iret that faults; unless it
 * is one of the kernel's, and the descriptor has come back meanwhile.
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
	testl	$USER_SEGMENT_RPL_MASK, 4(%esp)
	jz	.Lxen_iret
	jmp	.Liret_error

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

/* On the stack of all others. Xen sends no further one before the hypercall. */
SYM_CODE_START(asm_exc_nmi)
	pushl	$-1				/* pt_regs->orig_ax */
	SAVE_ALL
	ENCODE_FRAME_POINTER
	movl	%esp, %eax
	call	exc_nmi
	jmp	.Lreturn_by_hypercall
SYM_CODE_END(asm_exc_nmi)

/* The TSS of the double fault task wants an address; Xen has no task gates. */
SYM_CODE_START(asm_exc_double_fault)
	ud2
SYM_CODE_END(asm_exc_double_fault)
