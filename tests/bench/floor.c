// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest 32-bit PV guest that shows what Xen itself takes for a trap, for the
 * return from it and for a hypercall: what no kernel can be faster than. A line on
 * its console for each, with the nanoseconds of ROUNDS, the least of some tries as
 * others use the processor too, then it powers off.
 *
 * It is entered with the domain builder's page tables, which map all its memory
 * from VIRT_BASE on, and does not change them but for the pages below that have a
 * purpose. SYSCALL is an instruction of AMD's CPUs in 32-bit programs, as the lab's
 * CPU has it.
 */
#include <stdint.h>

#define VIRT_BASE	0xc0000000u
#define PAGE		4096u

#define ROUNDS		1000u
#define TRIES		20

/* From xen/include/public */
#define HYPERVISOR_set_trap_table	0
#define HYPERVISOR_mmu_update		1
#define HYPERVISOR_stack_switch		3
#define HYPERVISOR_multicall		13
#define HYPERVISOR_update_va_mapping	14
#define HYPERVISOR_xen_version		17
#define HYPERVISOR_iret			23
#define HYPERVISOR_mmuext_op		26
#define HYPERVISOR_sched_op		29
#define HYPERVISOR_callback_op		30
#define HYPERVISOR_event_channel_op	32
#define SCHEDOP_shutdown		2
#define EVTCHNOP_send			4
#define CALLBACKOP_register		0
#define CALLBACKTYPE_syscall32		7
#define MMUEXT_PIN_L1_TABLE		0
#define MMUEXT_PIN_L3_TABLE		2
#define MMUEXT_UNPIN_TABLE		4
#define MMUEXT_NEW_BASEPTR		5
#define DOMID_SELF			0x7ff0
#define FLAT_RING1_CS			0xe019
#define FLAT_RING1_DS			0xe021
#define UVMF_INVLPG			2
#define PTE_USER			7	/* and present and writable */
#define PTE_USER_READ			5
#define PTE_KERNEL			3
#define PTE_KERNEL_READ			1

struct start_info {
	char magic[32];
	uint32_t nr_pages, shared_info, flags, store_mfn, store_evtchn;
	uint32_t console_mfn, console_evtchn;
	uint32_t pt_base, nr_pt_frames, mfn_list;
};

struct console {
	char in[1024], out[2048];
	uint32_t in_cons, in_prod, out_cons, out_prod;
};

struct trap_info {
	uint8_t vector, flags;
	uint16_t cs;
	uint32_t address;
};

struct callback_register {
	uint16_t type, flags;
	uint32_t cs, eip;
};

struct call {
	uint32_t op, result, args[6];
};

struct mmuext_op {
	uint32_t cmd, mfn, arg2;
};

struct mmu_update {
	uint64_t ptr, val;
};

#define STR(x)		#x
#define NUMBER(x)	STR(x)

/* How the builder is to load it; notes are name, type and value. */
#define NOTE(type, value)						\
	"	.long	4, 2f - 1f, " #type "\n	.asciz	\"Xen\"\n"	\
	"1:	" value "\n2:	.p2align 2\n"

asm("	.pushsection .note.Xen, \"a\", @note\n"
    NOTE(6, ".asciz \"floor\"")		/* guest OS */
    NOTE(5, ".asciz \"xen-3.0\"")	/* interface */
    NOTE(8, ".asciz \"generic\"")	/* loader */
    NOTE(9, ".asciz \"yes\"")		/* PAE */
    NOTE(10, ".asciz \"!writable_page_tables|pae_pgdir_above_4gb\"")
    NOTE(3, ".long 0xc0000000")		/* where its memory begins */
    NOTE(4, ".long 0xc0000000")		/* what ELF's addresses count from */
    NOTE(1, ".long entry")
    "	.popsection\n");

/*
 * Ring 3: %ecx times what is to be measured, then a system call that is not
 * counted. It has a page of its own and no stack.
 */
asm("	.balign	4096\n"
    "user_page:\n"
    "user_int80:\n"
    "	xorl	%eax, %eax\n"
    "1:	int	$0x80\n"
    "	decl	%ecx\n"
    "	jnz	1b\n"
    "	jmp	leave\n"
    "user_syscall:\n"			/* leaves its address in %ecx */
    "	xorl	%eax, %eax\n"
    "	movl	%ecx, %ebp\n"
    "1:	syscall\n"
    "	decl	%ebp\n"
    "	jnz	1b\n"
    "	jmp	leave\n"
    "user_ud2:\n"
    "1:	ud2\n"
    "	decl	%ecx\n"
    "	jnz	1b\n"
    "	jmp	leave\n"
    "user_fault:\n"
    "	xorl	%eax, %eax\n"
    "1:	movb	(%eax), %al\n"
    "	decl	%ecx\n"
    "	jnz	1b\n"
    "leave:\n"
    "	movl	$1, %eax\n"
    "	int	$0x80\n"
    "	.balign	4096\n");

/*
 * Ring 1: entry and traps. A frame has an error code or not, then %eip, %cs,
 * %eflags, %esp, %ss. The hypercall to return wants the value of %eax on top of it.
 */
asm("	.globl	entry\n"
    "entry:\n"
    "	movl	$boot_stack + 8192, %esp\n"
    "	pushl	%esi\n"
    "	call	start\n"
    "int80_plain:\n"
    "	testl	%eax, %eax\n"
    "	jnz	done\n"
    "	iret\n"
    "int80_hypercall:\n"
    "	testl	%eax, %eax\n"
    "	jnz	done\n"
    "	pushl	%eax\n"
    "	movl	$" NUMBER(HYPERVISOR_iret) ", %eax\n"
    "	int	$0x82\n"
    "syscall_plain:\n"			/* selectors are the kernel's affair */
    "	movl	$0xe02b, 4(%esp)\n"
    "	movl	$0xe033, 16(%esp)\n"
    "	iret\n"
    "invalid_op:\n"
    "	addl	$2, (%esp)\n"
    "	iret\n"
    "page_fault:\n"
    "	addl	$4, %esp\n"
    "	addl	$2, (%esp)\n"
    "	iret\n"
    "done:\n"
    "	movl	kernel_esp, %esp\n"
    "	popa\n"
    "	ret\n"
    /* void to_user(uint32_t eip, uint32_t count); events stay masked */
    "to_user:\n"
    "	pusha\n"
    "	movl	36(%esp), %ebx\n"
    "	movl	40(%esp), %ecx\n"
    "	movl	%esp, kernel_esp\n"
    "	pushl	$0xe033\n"
    "	pushl	$0\n"
    "	pushl	$2\n"
    "	pushl	$0xe02b\n"
    "	pushl	%ebx\n"
    "	pushl	%eax\n"
    "	movl	$" NUMBER(HYPERVISOR_iret) ", %eax\n"
    "	int	$0x82\n");

extern char user_page[], user_int80[], user_syscall[], user_ud2[], user_fault[];
extern char int80_plain[], int80_hypercall[], syscall_plain[], invalid_op[], page_fault[];
void to_user(uint32_t eip, uint32_t count);
void start(struct start_info *info);

uint32_t kernel_esp;
char boot_stack[8192], trap_stack[4096];
#define TRAP_STACK_TOP	(ADDRESS(trap_stack) + sizeof(trap_stack))

/* Pages with a purpose: one that comes and goes, and page tables beside the builder's. */
#define TABLE(name)	static uint64_t name[PAGE / 8] __attribute__((aligned(PAGE)))
TABLE(spare);
TABLE(ptes);
TABLE(other_pmds);
TABLE(other_pgd);
static struct start_info *start_info;
static struct console *console;

static uint32_t hypercall(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint32_t result;

	asm volatile("int $0x82" : "=a" (result), "+b" (a), "+c" (b), "+d" (c), "+S" (d)
		     : "0" (op) : "memory");
	return result;
}

#define ADDRESS(x)	((uint32_t)(x))

static void poweroff(uint32_t reason)
{
	hypercall(HYPERVISOR_sched_op, SCHEDOP_shutdown, ADDRESS(&reason), 0, 0);
}

/* An error ends it as a crash. */
static void must(uint32_t result)
{
	if (result)
		poweroff(3);
}

static void put(char c)
{
	console->out[console->out_prod % sizeof(console->out)] = c;
	asm volatile("" : : : "memory");
	console->out_prod++;
}

static void print(const char *text, uint32_t number)
{
	char digits[20];
	int i = 0;

	while (*text)
		put(*text++);
	do {
		digits[i++] = '0' + number % 10;
		number /= 10;
	} while (number);
	put('=');
	while (i)
		put(digits[--i]);
	put('\n');
}

/* The machine's TSC counts nanoseconds; its lower half is enough. */
static uint32_t now(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return low;
}

static void measure(const char *what, void (*rounds)(uint32_t argument),
		    uint32_t argument)
{
	uint32_t least = -1u;

	for (int i = 0; i < TRIES; i++) {
		uint32_t begin = now(), taken;

		rounds(argument);
		taken = now() - begin;
		if (taken < least)
			least = taken;
	}
	print(what, least);
}

static void gate(uint8_t vector, uint8_t dpl, void *handler)
{
	struct trap_info traps[2] = {
		{ vector, dpl, FLAT_RING1_CS, ADDRESS(handler) },
	};

	must(hypercall(HYPERVISOR_set_trap_table, ADDRESS(traps), 0, 0, 0));
}

static void callback(uint16_t type, void *handler)
{
	struct callback_register callback = {
		type, 0, FLAT_RING1_CS, ADDRESS(handler),
	};

	must(hypercall(HYPERVISOR_callback_op, CALLBACKOP_register, ADDRESS(&callback),
		       0, 0));
}

static uint64_t machine_address(uint32_t address)
{
	uint32_t pfn = (address - VIRT_BASE) / PAGE;

	return (uint64_t)((uint32_t *)start_info->mfn_list)[pfn] * PAGE;
}

/* Where a frame is mapped */
static void *of_machine(uint64_t address)
{
	uint32_t pfn, mfn = address >> 12;

	for (pfn = 0; ((uint32_t *)start_info->mfn_list)[pfn] != mfn; pfn++)
		;
	return (void *)(VIRT_BASE + pfn * PAGE);
}

static void set_protection(void *page, uint32_t flags)
{
	uint64_t pte = machine_address(ADDRESS(page)) | flags;

	must(hypercall(HYPERVISOR_update_va_mapping, ADDRESS(page), pte, pte >> 32,
		       UVMF_INVLPG));
}

static void pin(uint32_t cmd, void *table)
{
	struct mmuext_op op = { cmd, machine_address(ADDRESS(table)) / PAGE, 0 };

	must(hypercall(HYPERVISOR_mmuext_op, ADDRESS(&op), 1, 0, DOMID_SELF));
}

/* The two page directories, to be loaded in turns */
static uint32_t pgd_mfns[2];

/* A second page directory that maps the same, by PMDs of its own */
static void make_other_pgd(void)
{
	uint64_t *pgd = (void *)start_info->pt_base;
	uint64_t *pmds = of_machine(pgd[VIRT_BASE >> 30]);
	uint32_t i;

	for (i = 0; i < PAGE / 8; i++) {
		other_pmds[i] = pmds[i];
		other_pgd[i] = pgd[i];
	}
	other_pgd[VIRT_BASE >> 30] = machine_address(ADDRESS(other_pmds)) | PTE_KERNEL_READ;
	set_protection(other_pmds, PTE_KERNEL_READ);
	set_protection(other_pgd, PTE_KERNEL_READ);
	pin(MMUEXT_PIN_L3_TABLE, other_pgd);

	pgd_mfns[0] = machine_address(ADDRESS(other_pgd)) / PAGE;
	pgd_mfns[1] = machine_address(start_info->pt_base) / PAGE;
}

/* What is measured, ROUNDS times */

static void in_user(uint32_t code)
{
	to_user(code, ROUNDS);
}

static void nothing(uint32_t argument)
{
	(void)argument;
	for (uint32_t i = 0; i < ROUNDS; i++)
		hypercall(HYPERVISOR_xen_version, 0, 0, 0, 0);
}

static void multicall(uint32_t calls)
{
	struct call call[2] = { { .op = HYPERVISOR_xen_version },
				{ .op = HYPERVISOR_xen_version } };

	for (uint32_t i = 0; i < ROUNDS; i++)
		must(hypercall(HYPERVISOR_multicall, ADDRESS(call), calls, 0, 0));
}

static void stack_switch(uint32_t stack)
{
	for (uint32_t i = 0; i < ROUNDS; i++)
		must(hypercall(HYPERVISOR_stack_switch, FLAT_RING1_DS, stack, 0, 0));
}

static void rdtsc(uint32_t argument)
{
	(void)argument;
	for (uint32_t i = 0; i < ROUNDS; i++)
		now();
}

static void page_directory(uint32_t argument)
{
	struct mmuext_op base = { .cmd = MMUEXT_NEW_BASEPTR };

	(void)argument;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		base.mfn = pgd_mfns[i & 1];
		must(hypercall(HYPERVISOR_mmuext_op, ADDRESS(&base), 1, 0, DOMID_SELF));
	}
}

/*
 * Another stack and another page directory: what two processes have of their own.
 * Xen leaves the old directory to a continuation, for which it changes the call.
 */
static void context_switch(uint32_t stack)
{
	struct mmuext_op base = { .cmd = MMUEXT_NEW_BASEPTR };
	const struct call new_base = {
		HYPERVISOR_mmuext_op, 0, { ADDRESS(&base), 1, 0, DOMID_SELF }
	};
	struct call call[2] = {
		new_base, { HYPERVISOR_stack_switch, 0, { FLAT_RING1_DS, stack } },
	};

	for (uint32_t i = 0; i < ROUNDS; i++) {
		base.mfn = pgd_mfns[i & 1];
		call[0] = new_base;
		must(hypercall(HYPERVISOR_multicall, ADDRESS(call), 2, 0, 0));
		must(call[0].result | call[1].result);
	}
}

/* Not there and there again in turns */
static void update_va_mapping(uint32_t flags)
{
	uint64_t pte = machine_address(ADDRESS(spare)) | PTE_KERNEL;

	for (uint32_t i = 0; i < ROUNDS; i++)
		must(hypercall(HYPERVISOR_update_va_mapping, ADDRESS(spare),
			       i & 1 ? pte : 0, i & 1 ? pte >> 32 : 0, flags));
}

/* The same with some entries of a page table that is pinned, in one go */
static void mmu_update(uint32_t entries)
{
	uint64_t table = machine_address(ADDRESS(ptes));
	uint64_t entry = machine_address(ADDRESS(user_page)) | PTE_USER_READ;
	struct mmu_update updates[PAGE / 8 / 8];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		for (uint32_t j = 0; j < entries; j++)
			updates[j] = (struct mmu_update){ table + j * 8, i & 1 ? 0 : entry };
		must(hypercall(HYPERVISOR_mmu_update, ADDRESS(updates), entries, 0,
			       DOMID_SELF));
	}
}

/* What a process has to have done with each page of its page tables, in one go */
static void page_table(uint32_t entries)
{
	uint64_t entry = machine_address(ADDRESS(user_page)) | PTE_USER_READ;
	uint64_t pte = machine_address(ADDRESS(ptes));
	struct mmuext_op pin_op = { MMUEXT_PIN_L1_TABLE, pte / PAGE, 0 };
	struct mmuext_op unpin_op = { MMUEXT_UNPIN_TABLE, pte / PAGE, 0 };
	struct call call[4] = {
		{ HYPERVISOR_update_va_mapping, 0,
		  { ADDRESS(ptes), pte | PTE_KERNEL_READ, pte >> 32 } },
		{ HYPERVISOR_mmuext_op, 0, { ADDRESS(&pin_op), 1, 0, DOMID_SELF } },
		{ HYPERVISOR_mmuext_op, 0, { ADDRESS(&unpin_op), 1, 0, DOMID_SELF } },
		{ HYPERVISOR_update_va_mapping, 0,
		  { ADDRESS(ptes), pte | PTE_KERNEL, pte >> 32 } },
	};

	for (uint32_t i = 0; i < PAGE / 8; i++)
		ptes[i] = i < entries ? entry : 0;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		must(hypercall(HYPERVISOR_multicall, ADDRESS(call), 4, 0, 0));
		for (uint32_t j = 0; j < 4; j++)
			must(call[j].result);
	}
}

void start(struct start_info *info)
{
	start_info = info;
	console = of_machine((uint64_t)info->console_mfn * PAGE);
	must(hypercall(HYPERVISOR_stack_switch, FLAT_RING1_DS, TRAP_STACK_TOP, 0, 0));
	set_protection(user_page, PTE_USER);
	make_other_pgd();

	gate(0x80, 3, int80_hypercall);
	measure("int 0x80 and the iret hypercall", in_user, ADDRESS(user_int80));
	gate(0x80, 3, int80_plain);
	measure("int 0x80 and a plain iret", in_user, ADDRESS(user_int80));
	callback(CALLBACKTYPE_syscall32, syscall_plain);
	measure("syscall and a plain iret", in_user, ADDRESS(user_syscall));
	gate(6, 0, invalid_op);
	measure("invalid opcode and a plain iret", in_user, ADDRESS(user_ud2));
	gate(14, 0, page_fault);
	measure("page fault and a plain iret", in_user, ADDRESS(user_fault));
	measure("null hypercall", nothing, 0);
	measure("multicall of one null hypercall", multicall, 1);
	measure("multicall of two null hypercalls", multicall, 2);
	measure("stack_switch", stack_switch, TRAP_STACK_TOP);
	measure("rdtsc", rdtsc, 0);
	measure("page directory", page_directory, 0);
	measure("page directory and stack_switch", context_switch, TRAP_STACK_TOP);
	measure("update_va_mapping, no flush", update_va_mapping, 0);
	measure("update_va_mapping, INVLPG", update_va_mapping, UVMF_INVLPG);
	set_protection(ptes, PTE_KERNEL_READ);
	pin(MMUEXT_PIN_L1_TABLE, ptes);
	measure("mmu_update of 1 entry", mmu_update, 1);
	measure("mmu_update of 16 entries", mmu_update, 16);
	measure("mmu_update of 64 entries", mmu_update, 64);
	pin(MMUEXT_UNPIN_TABLE, ptes);
	set_protection(ptes, PTE_KERNEL);
	measure("empty page table, pinned and unpinned", page_table, 0);
	measure("page table of 16 entries, pinned and unpinned", page_table, 16);
	measure("full page table, pinned and unpinned", page_table, PAGE / 8);
	hypercall(HYPERVISOR_event_channel_op, EVTCHNOP_send,
		  ADDRESS(&info->console_evtchn), 0, 0);
	poweroff(0);
}
