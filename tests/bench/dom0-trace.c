// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest asks of Xen, from xentrace's records on standard input: between
 * the two marks that `ops OPERATION count COUNT` makes, every hypercall, every
 * call in a multicall, and every trap that Xen hands to the guest or emulates.
 * One line for each such pair, "what=how often" with blanks in between.
 *
 *	xentrace -D -e 0x22b000 /proc/self/fd/1 | dom0-trace DOMAIN
 *
 * for a machine of one processor: what other domains do there meanwhile is told
 * apart by Xen's scheduler, which is in that trace, too.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

/* From xen/include/public/trace.h */
#define TRC_LOST_RECORDS	0x0001f001
#define TRC_SCHED_SWITCH	0x0002800a
#define TRC_PV_ENTRY		0x00201000
#define TRC_PV_SUBCALL		0x00202000
#define TRC_64_FLAG		0x100

enum {
	PV_TRAP = 3,
	PV_PAGE_FAULT = 4,
	PV_HYPERCALL_V2 = 13,
	PV_HYPERCALL_SUBCALL = 14,
	PV_EVENTS = 16,
};

static const char * const events[PV_EVENTS] = {
	[5] = "forced_invalid_op",
	[6] = "emulated_privop",
	[7] = "emulated_4gb",
	[8] = "fpu_restored",
	[9] = "paging_fixup",
	[10] = "gdt_ldt_fault",
	[11] = "emulated_pt_write",
	[12] = "emulated_pt_write",
};

#define CALLS	64

static unsigned int hypercalls[CALLS], subcalls[CALLS], traps[32];
static unsigned int faults, others[PV_EVENTS];
static unsigned int requests;	/* entries of mmu_update and mmuext_op */
static uint32_t guest, current;
static int counting;

static uint32_t word(void)
{
	uint32_t value;

	if (fread(&value, sizeof(value), 1, stdin) != 1)
		errx(1, "the trace ends");
	return value;
}

static void reset(void)
{
	memset(hypercalls, 0, sizeof(hypercalls));
	memset(subcalls, 0, sizeof(subcalls));
	memset(traps, 0, sizeof(traps));
	memset(others, 0, sizeof(others));
	faults = 0;
	requests = 0;
	counting = 1;
}

static void print(const char *kind, const unsigned int *counters, int number)
{
	for (int i = 0; i < number; i++)
		if (counters[i])
			printf("%s%d=%u ", kind, i, counters[i]);
}

static void report(void)
{
	print("hypercall", hypercalls, CALLS);
	print("subcall", subcalls, CALLS);
	print("trap", traps, 32);
	for (int i = 0; i < PV_EVENTS; i++)
		if (others[i] && events[i])
			printf("%s=%u ", events[i], others[i]);
	printf("page_fault=%u requests=%u\n", faults, requests);
	fflush(stdout);
	counting = 0;
}

static void page_fault(uint64_t address)
{
	if (address == MARK_BEGIN)
		reset();
	else if (address == MARK_END && counting)
		report();
	else
		faults++;
}

static void call(unsigned int *counters, const uint32_t *extra)
{
	unsigned int op = extra[0] & 0xfffff;

	counters[op % CALLS]++;
	/* mmu_update, mmuext_op: the only argument recorded is their number */
	if (op == 1 || op == 26)
		requests += extra[1] & 0x7fffffff;
}

static void record(unsigned int event, const uint32_t *extra)
{
	int wide = !!(event & TRC_64_FLAG);
	unsigned int number = event & 0xff;

	/* Which domain and vCPU has been running, which ones come now */
	if (event == TRC_SCHED_SWITCH)
		current = extra[2];
	if (current != guest)
		return;
	if ((event & ~0x1ffu) != TRC_PV_ENTRY && (event & ~0x1ffu) != TRC_PV_SUBCALL)
		return;
	switch (number) {
	case PV_TRAP:
		traps[(extra[1 + wide] & 0x7fff) % 32]++;
		break;
	case PV_PAGE_FAULT:
		page_fault(wide ? extra[2] | (uint64_t)extra[3] << 32 : extra[1]);
		break;
	case PV_HYPERCALL_V2:
		call(hypercalls, extra);
		break;
	case PV_HYPERCALL_SUBCALL:
		call(subcalls, extra);
		break;
	default:
		others[number % PV_EVENTS]++;
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: dom0-trace DOMAIN");
	guest = atoi(argv[1]);
	while (1) {
		uint32_t header = word();
		unsigned int event = header & 0xfffffff;
		unsigned int extras = header >> 28 & 7;
		uint32_t extra[8] = { 0 };

		/* A time stamp */
		if (header >> 31) {
			word();
			word();
		}
		for (unsigned int i = 0; i < extras; i++)
			extra[i] = word();
		if (event == TRC_LOST_RECORDS)
			errx(1, "Xen's trace buffer is too small");
		record(event, extra);
	}
}
