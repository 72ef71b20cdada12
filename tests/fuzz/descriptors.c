// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of every kind in LDT and TLS, 16-bit ones among them, and selectors,
 * of these or none, in every segment register: by a load, by a far return into a
 * segment that may not be code, by a stack that may not be one.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>

#include "fuzz.h"

static struct user_desc descriptor(void)
{
	struct user_desc desc = {
		.entry_number = below(3) ? below(16) : odd_value(),
		.base_addr = below(2) ? 0 : odd_value(),
		.limit = below(2) ? 0xfffff : odd_value() & 0xfffff,
		.seg_32bit = below(4) != 0,
		.contents = below(4),
		.read_exec_only = below(2),
		.limit_in_pages = below(2),
		.seg_not_present = below(4) == 0,
		.useable = below(2),
	};

	return desc;
}

static void load(uint32_t selector)
{
	switch (below(6)) {
	case 0:
		asm volatile("movl %0, %%ds; movl %%ss, %%eax; movl %%eax, %%ds"
			     : : "r" (selector) : "eax", "memory");
		break;
	case 1:
		asm volatile("movl %0, %%es; movl %%ss, %%eax; movl %%eax, %%es"
			     : : "r" (selector) : "eax", "memory");
		break;
	case 2:
		asm volatile("movl %0, %%fs; movl %%fs:(0), %%eax" : : "r" (selector) : "eax");
		break;
	case 3:
		asm volatile("movl %0, %%gs" : : "r" (selector));
		break;
	case 4:
		/* An interrupt may come while it is there. */
		asm volatile("movl %%ss, %%edx; movl %0, %%ss; nop; nop; nop;"
			     "movl %%edx, %%ss" : : "r" (selector) : "edx", "memory");
		break;
	case 5:
		asm volatile("pushl %0; pushl $1f; lret; 1:" : : "r" (selector) : "memory");
		break;
	}
}

static void fuzz(void)
{
	struct user_desc desc, tls[3];
	char ldt[256];
	int n;

	for (n = 0; n < 60; n++) {
		desc = descriptor();
		switch (below(8)) {
		case 0 ... 2:
			RAW(SYS_modify_ldt, below(2) ? 1 : 0x11, &desc, sizeof(desc));
			break;
		case 3:
			RAW(SYS_modify_ldt, odd_value(), below(2) ? (void *)odd_value() : ldt,
			    odd_value());
			break;
		case 4:
			desc.entry_number = below(4) ? below(16) : -1u;
			RAW(SYS_set_thread_area, &desc);
			break;
		case 5:
			tls[0].entry_number = odd_value();
			RAW(SYS_get_thread_area, tls);
			break;
		case 6:
			RAW(SYS_modify_ldt, 0, ldt, sizeof(ldt));
			RAW(SYS_sched_yield);
			break;
		default:
			load(odd_selector());
		}
		/* Both have it now: one loses it. */
		if (!below(40) && !RAW(SYS_fork)) {
			load(below(16) << 3 | 7);
			RAW(SYS_exit_group, 0);
		}
	}
}
