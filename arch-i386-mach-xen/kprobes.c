// SPDX-License-Identifier: GPL-2.0
/*
 * Probes on the instructions that read and write "interrupts off" under Xen.
 *
 * The copy of a probed instruction is executed with interrupts off, and what
 * reads or changes the flag natively (pushf, cli, sti) is emulated instead, by
 * the flags that the exception returns to. Here the flag is a byte in memory:
 * a copy would read it as it is in the exception, and what it writes would be
 * undone by the return, or let an event in between copy and return.
 */
#include <linux/kprobes.h>
#include <linux/percpu.h>

#include <asm/insn.h>
#include <asm/ptrace.h>
#include <asm/text-patching.h>

#include <asm/xen/hypervisor.h>

#include "../xen/xen-ops.h"

#define OPCODE_MOVB_IMM		0xc6
#define OPCODE2_MOVZBL		0xb6
#define MOD_RM_DISP32		0x05	/* whatever the register's bits are */
#define MOD_RM_MASK		0xc7

static void __kprobes skip_probed(struct kprobe *p, struct pt_regs *regs)
{
	regs->ip = regs->ip - INT3_INSN_SIZE + p->ainsn.size;
}

static void __kprobes emulate_irq_disable(struct kprobe *p, struct pt_regs *regs)
{
	regs->flags &= ~X86_EFLAGS_IF;
	skip_probed(p, regs);
}

static void __kprobes emulate_irq_enable(struct kprobe *p, struct pt_regs *regs)
{
	regs->flags |= X86_EFLAGS_IF;
	skip_probed(p, regs);
}

static void __kprobes emulate_save_flags(struct kprobe *p, struct pt_regs *regs)
{
	/* by the number an instruction has for it */
	static const u8 offset[] = {
		offsetof(struct pt_regs, ax), offsetof(struct pt_regs, cx),
		offsetof(struct pt_regs, dx), offsetof(struct pt_regs, bx),
		offsetof(struct pt_regs, sp), offsetof(struct pt_regs, bp),
		offsetof(struct pt_regs, si), offsetof(struct pt_regs, di),
	};
	unsigned long *reg = (void *)regs + offset[p->ainsn.indirect.reg];

	*reg = !(regs->flags & X86_EFLAGS_IF);
	skip_probed(p, regs);
}

/**
 * xen_prepare_kprobe_emulation - have an access to evtchn_upcall_mask emulated
 * @p: the probe
 * @insn: the instruction it is put on, decoded
 *
 * Those that arch_local_save_flags(), arch_local_irq_disable() and
 * arch_local_irq_enable() are made of (<mach_irqflags.h>); any other instruction
 * is none of our business. evtchn_upcall_mask: xen/include/public/xen.h.
 *
 * Context: registration of a probe.
 */
void xen_prepare_kprobe_emulation(struct kprobe *p, const struct insn *insn)
{
	unsigned long mask = (unsigned long)&xen_vcpu_info + XEN_VCPU_INFO_mask;
	const insn_byte_t *opcode = insn->opcode.bytes;
	insn_byte_t modrm = insn->modrm.bytes[0];

	if ((modrm & MOD_RM_MASK) != MOD_RM_DISP32 ||
	    insn->displacement.value != (insn_value_t)mask)
		return;

	if (opcode[0] == OPCODE_MOVB_IMM) {
		p->ainsn.emulate_op = insn->immediate.value ?
				      emulate_irq_disable : emulate_irq_enable;
	} else if (opcode[0] == 0x0f && opcode[1] == OPCODE2_MOVZBL) {
		p->ainsn.emulate_op = emulate_save_flags;
		p->ainsn.indirect.reg = X86_MODRM_REG(modrm);
	}
}
