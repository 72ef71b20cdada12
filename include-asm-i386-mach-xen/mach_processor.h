/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control and debug registers, MSRs, CPUID and halt under Xen.
 *
 * Ring 1 may not touch most of these. Some Xen keeps for us in the shared
 * info page (cr2), some have a hypercall (cr0.TS, cr3, debug registers,
 * halting), and the rest trap and are emulated (cr4, MSRs, CPUID). The
 * implementations are in arch/x86/mach-xen/processor.c.
 */
#ifndef _ASM_X86_MACH_XEN_PROCESSOR_H
#define _ASM_X86_MACH_XEN_PROCESSOR_H

void __cpuid(unsigned int *eax, unsigned int *ebx,
	     unsigned int *ecx, unsigned int *edx);

void arch_safe_halt(void);
void halt(void);

unsigned long read_cr0(void);
void write_cr0(unsigned long cr0);
unsigned long __read_cr3(void);
void write_cr3(unsigned long cr3);
void __write_cr4(unsigned long cr4);

/* Xen leaves the faulting address in the vcpu_info of the vCPU. */
static __always_inline unsigned long read_cr2(void)
{
	unsigned long cr2;

	asm volatile("movl " XEN_VCPU_INFO(cr2) ", %0"
		     : "=r" (cr2) : XEN_VCPU_INFO_ARG(cr2) : "memory");
	return cr2;
}

static __always_inline void write_cr2(unsigned long cr2)
{
	asm volatile("movl %0, " XEN_VCPU_INFO(cr2)
		     : : "r" (cr2), XEN_VCPU_INFO_ARG(cr2) : "memory");
}

unsigned long xen_get_debugreg(int reg);
void set_debugreg(unsigned long val, int reg);

#define get_debugreg(var, reg)	((var) = xen_get_debugreg(reg))

/*
 * No MSR access of a guest may fault: what Xen does not let us read is 0, what
 * it does not let us write is dropped. The _safe forms tell the caller.
 */
u64 xen_read_msr_safe(unsigned int msr, int *err);
int xen_write_msr_safe(unsigned int msr, u32 low, u32 high);

static inline u64 xen_read_msr(unsigned int msr)
{
	int err;

	return xen_read_msr_safe(msr, &err);
}

#define rdmsr(msr, low, high)			\
do {						\
	u64 __val = xen_read_msr(msr);		\
	(void)((low) = (u32)__val);		\
	(void)((high) = __val >> 32);		\
} while (0)

#define wrmsr(msr, low, high)			\
	((void)xen_write_msr_safe(msr, low, high))

#define rdmsr_safe(msr, low, high)				\
({								\
	int __err;						\
	u64 __val = xen_read_msr_safe(msr, &__err);		\
	(*low) = (u32)__val;					\
	(*high) = __val >> 32;					\
	__err;							\
})

/*
 * Xen gives a guest performance counters where it was started with vpmu, and
 * keeps their values in a page it shares with the vCPU (arch/x86/xen/pmu.c).
 */
unsigned long long xen_read_pmc(int counter);

#ifdef _ASM_X86_PARAVIRT_BASE_H
/*
 * Trees that have this header call the forms for a whole value by other names.
 * There, wrmsr_safe() is in <asm/msr.h>, and WBINVD is left to trap.
 */
#define rdmsrq(msr, val)	((val) = xen_read_msr(msr))

static inline void wrmsrq(u32 msr, u64 val)
{
	wrmsr(msr, (u32)val, (u32)(val >> 32));
}

static inline int rdmsrq_safe(u32 msr, u64 *val)
{
	int err;

	*val = xen_read_msr_safe(msr, &err);
	return err;
}

static inline int wrmsrq_safe(u32 msr, u64 val)
{
	return xen_write_msr_safe(msr, (u32)val, (u32)(val >> 32));
}

static inline u64 rdpmc(int counter)
{
	return xen_read_pmc(counter);
}
#else
void wbinvd(void);

#define rdmsrl(msr, val)	((val) = xen_read_msr(msr))

static inline void wrmsrl(unsigned int msr, u64 val)
{
	wrmsr(msr, (u32)val, (u32)(val >> 32));
}

#define wrmsr_safe(msr, low, high)	xen_write_msr_safe(msr, low, high)

static inline int rdmsrl_safe(unsigned int msr, unsigned long long *val)
{
	int err;

	*val = xen_read_msr_safe(msr, &err);
	return err;
}

#define rdpmcl(counter, val)	((val) = xen_read_pmc(counter))

#define rdpmc(counter, low, high)		\
do {						\
	u64 __val = xen_read_pmc(counter);	\
	(void)((low) = (u32)__val);		\
	(void)((high) = __val >> 32);		\
} while (0)
#endif

#endif /* _ASM_X86_MACH_XEN_PROCESSOR_H */
