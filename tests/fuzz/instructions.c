// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes at random, executed; most of them begin with what has to do with traps,
 * segments, flags and privilege, as far as user mode may try.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "fuzz.h"

static const char *const beginnings[] = {
	"\xcd",			/* int N */
	"\xcd\x80", "\xcd\x82", "\xcc", "\xce", "\xf1",
	"\x0f\x34", "\x0f\x35", "\x0f\x05", "\x0f\x07",	/* sysenter to sysret */
	"\x0f\x01", "\x0f\x00",	/* lgdt and the like */
	"\x0f\x20", "\x0f\x21", "\x0f\x22", "\x0f\x23",	/* control, debug registers */
	"\x0f\x30", "\x0f\x32", "\x0f\x31", "\x0f\x33",	/* MSRs, TSC, counters */
	"\x0f\xa2", "\x0f\x0b\x78\x65\x6e\x0f\xa2",	/* CPUID, and Xen's */
	"\x0f\x06", "\x0f\x08", "\x0f\x09", "\x0f\xaa",
	"\x0f\xb2", "\x0f\xb4", "\x0f\xb5", "\xc4", "\xc5",	/* lss to lds */
	"\x8e", "\x8c", "\x17", "\x1f", "\x07", "\x0f\xa1", "\x0f\xa9",
	"\x9a", "\xea", "\xca", "\xcb", "\xcf", "\xff",	/* far jumps, iret */
	"\x9d", "\x9c", "\xfa", "\xfb", "\xf4", "\x62", "\x63",
	"\xe4", "\xe6", "\xec", "\xee", "\x6c", "\x6e",	/* ports */
	"\x66", "\x67", "\xf0", "\xf2", "\xf3", "\x2e", "\x36", "\x64", "\x65",
	"\x0f\xae", "\x0f\xc7", "\xdb\xe3", "\xd9", "\xdd",	/* FPU */
};

static void fuzz(void)
{
	unsigned char *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* What the instructions pop; and some below it for what they push */
	uint32_t stack[64 + 32];
	unsigned int at, n;
	const char *with;

	if (code == MAP_FAILED)
		return;
	for (at = 0; at < 4096; at++)
		code[at] = random32();
	for (at = 0; at < 64; at += 4 + below(8)) {
		n = below(sizeof(beginnings) / sizeof(*beginnings));
		with = beginnings[n];
		memcpy(code + at, with, strlen(with));
	}
	/* As likely as not an address, a selector or flags, as an iret wants them */
	for (at = 0; at < 32; at++)
		stack[64 + at] = below(2) ? odd_value() : at % 3 == 1 ? odd_selector() : below(1 << 22);
	/* May run into the page's end, and what is not code. */
	mprotect(code + 4096, 4096, below(4));
	asm volatile("movl %2, %%esp; pushfl; orl %1, (%%esp); popfl; jmp *%0"
		     : : "r" (code + below(16)), "r" (below(8) ? 0 : EFLAGS_TF),
		     "r" (stack + 64), "a" (below(450)), "c" (odd_value()),
		     "d" (odd_value()) : "memory");
}
