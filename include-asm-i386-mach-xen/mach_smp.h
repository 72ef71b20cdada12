/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What arch/x86/xen/smp_pv.c leaves to the subarchitecture: the first state of
 * a vCPU. The implementation is in arch/x86/mach-xen/smp.c.
 */
#ifndef _ASM_X86_MACH_XEN_SMP_H
#define _ASM_X86_MACH_XEN_SMP_H

struct task_struct;

int cpu_initialize_context(unsigned int cpu, struct task_struct *idle);

#endif /* _ASM_X86_MACH_XEN_SMP_H */
