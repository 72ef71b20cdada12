// SPDX-License-Identifier: GPL-2.0
/*
 * fpu_kept CPU SECONDS: sleep on a CPU with registers of the FPU in use, and look
 * whether they are the same when it wakes there. Nothing else may use them between:
 * the system call is made by the same assembler as all the rest.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "stay_on.h"

struct state {
	unsigned int mxcsr;
	unsigned short control;
	unsigned char xmm[16], st[10];
};

/* Load the registers, sleep, and store them. */
static int asleep(const struct state *in, struct state *out, const struct timespec *time)
{
	int result;

	asm volatile("fninit\n\t"
		     "fldcw %[icontrol]\n\t"
		     "ldmxcsr %[imxcsr]\n\t"
		     "movups %[ixmm], %%xmm5\n\t"
		     "fldt %[ist]\n\t"
		     "int $0x80\n\t"
		     "fstpt %[ost]\n\t"
		     "movups %%xmm5, %[oxmm]\n\t"
		     "stmxcsr %[omxcsr]\n\t"
		     "fnstcw %[ocontrol]\n\t"
		     : "=a" (result), [ost] "=m" (out->st), [oxmm] "=m" (out->xmm),
		       [omxcsr] "=m" (out->mxcsr), [ocontrol] "=m" (out->control)
		     : "a" (SYS_nanosleep), "b" (time), "c" (NULL), "m" (*time),
		       [ist] "m" (in->st), [ixmm] "m" (in->xmm),
		       [imxcsr] "m" (in->mxcsr), [icontrol] "m" (in->control)
		     : "memory");
	return result;
}

int main(int argc, char **argv)
{
	/* Rounding up, and all exceptions masked; pi. */
	struct state in = {
		.mxcsr = 0x5f80, .control = 0x0b7f,
		.xmm = "0123456789abcde",
		.st = { 0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40 },
	}, out;
	struct timespec time = { 0 };
	int bad = 0;

	if (argc != 3)
		errx(2, "usage: fpu_kept CPU SECONDS");
	stay_on(atoi(argv[1]));
	time.tv_sec = atoi(argv[2]);
	memset(&out, 0, sizeof(out));
	if (asleep(&in, &out, &time))
		errx(2, "nanosleep");
	if (out.control != in.control && ++bad)
		printf("control word %#x, not %#x\n", out.control, in.control);
	if (out.mxcsr != in.mxcsr && ++bad)
		printf("MXCSR %#x, not %#x\n", out.mxcsr, in.mxcsr);
	if (memcmp(out.st, in.st, sizeof(in.st)) && ++bad)
		printf("another number in ST0\n");
	if (memcmp(out.xmm, in.xmm, sizeof(in.xmm)) && ++bad)
		printf("another number in XMM5\n");
	printf("fpu_kept: %s\n", bad ? "bad" : "good");
	return !!bad;
}
