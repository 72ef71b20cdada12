/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptor tables, thread-local segments and the kernel stack under Xen. The
 * implementations are in arch/x86/mach-xen/{gdt,ldt,traps}.c.
 *
 * Xen owns the hardware GDT, LDT, IDT and TSS. It is given the machine frames
 * of our GDT and LDT, which must not be mapped writable anywhere while it uses
 * them, and a copy of the IDT's contents.
 */
#ifndef _ASM_X86_MACH_XEN_DESC_H
#define _ASM_X86_MACH_XEN_DESC_H

struct desc_ptr;
struct desc_struct;

void load_gdt(const struct desc_ptr *dtr);
void load_idt(const struct desc_ptr *dtr);
void write_idt_entry(gate_desc *idt, int entry, const gate_desc *gate);
void write_gdt_entry(struct desc_struct *gdt, int entry, void *desc, int type);

/* SGDT tells the address of Xen's table, which we cannot read. */
void native_store_gdt(struct desc_ptr *dtr);
#define native_store_gdt native_store_gdt

void load_TLS(struct thread_struct *t, unsigned int cpu);

void set_ldt(const void *addr, unsigned int entries);
void write_ldt_entry(struct desc_struct *ldt, int entry, const void *desc);
void paravirt_alloc_ldt(struct desc_struct *ldt, unsigned int entries);
void paravirt_free_ldt(struct desc_struct *ldt, unsigned int entries);

/* The task register is Xen's, its TSS is never ours. */
static inline void load_TR_desc(void)
{
}

#define store_tr(tr)	((tr) = 0)

/*
 * Native i386 enters the kernel on the per-CPU entry stack, whatever the task,
 * and tells the CPU of it once. Xen enters on the task's own stack and is told
 * at each context switch, by arch_end_context_switch().
 */
static inline void load_sp0(unsigned long sp0)
{
}

#define load_gs_index(sel)	loadsegment(gs, sel)

#endif /* _ASM_X86_MACH_XEN_DESC_H */
