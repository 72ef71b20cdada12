// SPDX-License-Identifier: GPL-2.0
/*
 * The right to use ports and the interrupt flag, asked for, given up and used; by
 * root and by who has no such right. A program in a guest has none: with one, Xen
 * would store what INS reads into the kernel's memory.
 */
#define _GNU_SOURCE
#include "fuzz.h"

static void port(void)
{
	uint16_t number = odd_value();
	uint32_t value = random32();

	switch (below(7)) {
	case 0:
		asm volatile("inb %1, %b0" : "=a" (value) : "d" (number));
		break;
	case 1:
		asm volatile("inl %1, %0" : "=a" (value) : "d" (number));
		break;
	case 2:
		asm volatile("outb %b0, %1" : : "a" (value), "d" (number));
		break;
	case 3:
		asm volatile("outw %w0, %1" : : "a" (value), "d" (number));
		break;
	case 4:
		asm volatile("insl" : : "D" (odd_value()), "d" (number) : "memory");
		break;
	case 5:
		asm volatile("rep outsb" : : "S" (&value), "c" (below(4)), "d" (number));
		break;
	case 6:
		asm volatile("inb $0x80, %%al" : : : "eax");
		break;
	}
}

static void flag(void)
{
	switch (below(5)) {
	case 0:
		asm volatile("cli");
		break;
	case 1:
		asm volatile("sti");
		break;
	case 2:
		asm volatile("pushfl; xorl %0, (%%esp); popfl"
			     : : "r" (odd_value() & ~(EFLAGS_TF | EFLAGS_AC)) : "cc", "memory");
		break;
	case 3:
		asm volatile("pushfw; andw %w0, (%%esp); popfw"
			     : : "r" (random32()) : "cc", "memory");
		break;
	case 4:
		asm volatile("hlt");
		break;
	}
}

static void ignored(int sig)
{
	(void)sig;
	RAW(SYS_exit_group, 1);
}

static void fuzz(void)
{
	int n;

	signal(SIGSEGV, ignored);
	for (n = 0; n < 40; n++) {
		switch (below(6)) {
		case 0:
			RAW(SYS_iopl, below(2) ? below(5) : odd_value());
			break;
		case 1 ... 2:
			RAW(SYS_ioperm, below(2) ? below(65536) : odd_value(),
			    below(2) ? below(300) : odd_value(), below(2));
			break;
		case 3:
			flag();
			break;
		case 4:
			if (!below(8) && !RAW(SYS_fork)) {
				port();
				RAW(SYS_exit_group, 0);
			}
			RAW(SYS_sched_yield);
			break;
		default:
			port();
		}
	}
}
