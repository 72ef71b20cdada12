/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls without libc: no errno, no %gs, so usable with any segment
 * register contents. One copy a program: include it once.
 */
#ifndef RAW_H
#define RAW_H

long raw_syscall(long nr, ...);

asm(".text\n"
	".type raw_syscall, @function\n"
	"raw_syscall:\n"
	"	pushl %ebp\n"
	"	pushl %ebx\n"
	"	pushl %esi\n"
	"	pushl %edi\n"
	"	movl 20(%esp), %eax\n"
	"	movl 24(%esp), %ebx\n"
	"	movl 28(%esp), %ecx\n"
	"	movl 32(%esp), %edx\n"
	"	movl 36(%esp), %esi\n"
	"	movl 40(%esp), %edi\n"
	"	movl 44(%esp), %ebp\n"
	"	int $0x80\n"
	"	popl %edi\n"
	"	popl %esi\n"
	"	popl %ebx\n"
	"	popl %ebp\n"
	"	ret\n");

#define RAW(nr, ...)	raw_syscall(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

#define DEFINE_READ_SEG(seg)						\
static inline __attribute__((unused)) unsigned int read_##seg(void)	\
{									\
	unsigned int sel;						\
									\
	asm volatile("movl %%" #seg ", %0" : "=r" (sel));		\
	return sel & 0xffff;						\
}

DEFINE_READ_SEG(cs)
DEFINE_READ_SEG(ds)
DEFINE_READ_SEG(es)
DEFINE_READ_SEG(fs)
DEFINE_READ_SEG(gs)
DEFINE_READ_SEG(ss)

static inline __attribute__((unused)) unsigned int read_eflags(void)
{
	unsigned int flags;

	asm volatile("pushfl; popl %0" : "=r" (flags));
	return flags;
}

#define EFLAGS_CF	0x00000001u
#define EFLAGS_TF	0x00000100u
#define EFLAGS_IF	0x00000200u
#define EFLAGS_DF	0x00000400u
#define EFLAGS_OF	0x00000800u
#define EFLAGS_IOPL	0x00003000u
#define EFLAGS_NT	0x00004000u
#define EFLAGS_RF	0x00010000u
#define EFLAGS_VM	0x00020000u
#define EFLAGS_AC	0x00040000u
#define EFLAGS_VIF	0x00080000u
#define EFLAGS_VIP	0x00100000u
#define EFLAGS_ID	0x00200000u

#endif /* RAW_H */
