// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables that stay page tables between two processes.
 *
 * When Xen validates a page as a page table it looks at each of its 512 entries,
 * and again when the page stops being one: as much as some thirty changes of an
 * entry by hypercall, and a small process has eight such pages. So what an
 * exiting process leaves stays pinned and read-only, empty as it is, for the next
 * one to take: tables of PTEs, and page directories. A page directory keeps its four
 * tables of PMDs, which Xen knows as part of it, and stays on pgd_list, so that what is
 * mapped for the kernel reaches it like those in use.
 *
 * An mm that begins with such a page directory is pinned from then on; its entries
 * are set and cleared by hypercall, in batches. Where it will have many, or has
 * them at its end, validating is cheaper, and goes as pgtable-pin.c says.
 *
 * The pool has a reference to the page of a table that waits in it. A table that
 * was unhooked is put in the queue at once, while mmu_gather has its own reference
 * yet: it drops that when no TLB and no walker knows the table any more, and one whose
 * only reference is the pool's may be taken. Later trees let an architecture free what
 * mmu_gather has collected (CONFIG_HAVE_ARCH_TLB_REMOVE_TABLE); with these it is then that
 * a table is put in the queue. Memory that is short gets the tables back by a shrinker.
 *
 * Hypercalls: those of pgtable-pin.c.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>

#include <asm/tlb.h>

#include <xen/interface/xen.h>
#include <xen/page.h>

#include "../xen/xen-ops.h"
#include "mach-xen.h"

/*
 * How many entries of an mm cost as much as to validate a table and to undo that,
 * with Xen 4.17: 43 us by tests/bench/floor.c of the stack, and 1.4 us for an
 * mmu_update in a batch with what the kernel does for it.
 */
#define ENTRIES_PER_TABLE	30

/* An mm with more tables would leave those of many small ones no room. */
#define MAX_TABLES		24

/* A list of tables may have this part of lowmem: 1 MiB of 256 MiB. */
#define MEMORY_PER_LIST		256
#define MAX_PGDS		32UL

/*
 * What makes a page a page table to generic code, and what ends that: one function for all
 * kinds in trees where it makes page directories, too.
 */
#ifdef __pgd_alloc
#define pte_ctor	pagetable_pte_ctor
#define pmd_ctor	pagetable_pmd_ctor
#define pmd_dtor	pagetable_dtor
#define pgd_ctor	pagetable_pgd_ctor
#define pgd_dtor	pagetable_dtor
#else
static inline bool pte_ctor(struct mm_struct *mm, struct ptdesc *table)
{
	return pagetable_pte_ctor(table);
}

static inline bool pmd_ctor(struct mm_struct *mm, struct ptdesc *table)
{
	return pagetable_pmd_ctor(table);
}

#define pmd_dtor	pagetable_pmd_dtor
static inline void pgd_ctor(struct ptdesc *table) {}
static inline void pgd_dtor(struct ptdesc *table) {}
#endif

static DEFINE_SPINLOCK(pool_lock);

/* Tables of PTEs of user space; under pool_lock, as all below. */
static LIST_HEAD(pool);
static unsigned long pool_nr;

/* Tables of PTEs that were taken and not hooked in yet: generic code may free them. */
static LIST_HEAD(lent);
static unsigned long nr_lent;

static pgd_t *pool_pgds[MAX_PGDS];
static unsigned int pool_nr_pgds;

/* Pages a list may have. None are kept before it is set. */
static unsigned long pool_limit __ro_after_init;

/**
 * xen_better_pinned - are a pinned mm's page tables better left so
 * @mm: the mm
 * @entries: how many entries are to be set or cleared one by one then
 *
 * Return: false if it is not pinned, or a large one, or if it is cheaper to have Xen
 *	   validate its tables.
 */
bool xen_better_pinned(struct mm_struct *mm, unsigned long entries)
{
	unsigned long tables = mm_pgtables_bytes(mm) / PAGE_SIZE + 1;

	return PagePinned(virt_to_page(mm->pgd)) && tables <= MAX_TABLES &&
	       entries <= tables * ENTRIES_PER_TABLE;
}

/*
 * Does a table map nothing. Whoever frees one has cleared its entries, so this is only
 * to be sure that no process gets another's pages: the words with the present bits are
 * enough. memchr_inv() takes eight times as many instructions.
 */
static bool is_empty(const void *table)
{
	const unsigned long *word, *end = table + PAGE_SIZE;

	BUILD_BUG_ON(sizeof(pte_t) != 2 * sizeof(*word));

	for (word = table; word < end; word += 16)
		if (word[0] | word[2] | word[4] | word[6] |
		    word[8] | word[10] | word[12] | word[14])
			return false;
	return true;
}

static bool has_no_other_user(struct ptdesc *table)
{
	return page_ref_count(ptdesc_page(table)) == 1;
}

/* The caller's reference becomes the pool's. */
static bool pool_put(struct ptdesc *table, bool at_once)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&pool_lock, flags);
	room = pool_nr < pool_limit;
	if (room) {
		/* Those that can be taken are in front of those that cannot yet. */
		if (at_once)
			list_add(&table->pt_list, &pool);
		else
			list_add_tail(&table->pt_list, &pool);
		pool_nr++;
	}
	spin_unlock_irqrestore(&pool_lock, flags);
	return room;
}

static struct ptdesc *pool_get(void)
{
	struct ptdesc *table;
	unsigned long flags;

	spin_lock_irqsave(&pool_lock, flags);
	table = list_first_entry_or_null(&pool, struct ptdesc, pt_list);
	if (table && has_no_other_user(table)) {
		list_del_init(&table->pt_list);
		pool_nr--;
	} else {
		table = NULL;
	}
	spin_unlock_irqrestore(&pool_lock, flags);

	/* What a lock was in; the next one must find it as in a new page. */
	if (table)
		set_page_private(ptdesc_page(table), 0);
	return table;
}

/* What an mm leaves is nobody's then, kept or not. */
static bool keep_if_empty(struct ptdesc *table, bool at_once)
{
	memcg_kmem_uncharge_page(ptdesc_page(table), 0);
	return is_empty(ptdesc_address(table)) && pool_put(table, at_once);
}

static void free_table(struct ptdesc *table)
{
	xen_unpin_table(ptdesc_address(table));
	pagetable_free(table);
}

#ifdef CONFIG_HAVE_ARCH_TLB_REMOVE_TABLE
/**
 * __tlb_remove_table - free a page table that no TLB and no walker knows any more
 * @table: its struct ptdesc; to generic code it is a page table yet
 *
 * Context: any; mostly that of RCU.
 */
void __tlb_remove_table(void *table)
{
	struct ptdesc *ptes = table;

	pagetable_dtor(ptes);
	if (!PagePinned(ptdesc_page(ptes)))
		pagetable_free(ptes);
	else if (!keep_if_empty(ptes, true))
		free_table(ptes);
}
#else
/**
 * paravirt_tlb_remove_table - free a page of a page table when no TLB knows it
 * @tlb: whose mmu_gather
 * @page: the page, unhooked and no longer known as a page table to generic code
 *
 * If it is pinned, it is kept, or becomes ordinary memory here.
 */
void paravirt_tlb_remove_table(struct mmu_gather *tlb, struct page *page)
{
	if (PagePinned(page)) {
		get_page(page);
		if (!keep_if_empty(page_ptdesc(page), false)) {
			put_page(page);
			xen_unpin_table(page_address(page));
		}
	}
	tlb_remove_table(tlb, page);
}
#endif

/**
 * pmd_free - free a table of PMDs that was never hooked in, or is no longer
 * @mm: whose; the caller will take the table from mm_pgtables_bytes()
 * @pmd: the table
 *
 * One that is pinned is still hooked in, see set_pud(), and stays the mm's: it goes
 * with the page directory. One that is not is in no TLB, so it needs no mmu_gather.
 */
void pmd_free(struct mm_struct *mm, pmd_t *pmd)
{
	struct ptdesc *table = virt_to_ptdesc(pmd);

	if (PagePinned(ptdesc_page(table))) {
		mm_inc_nr_pmds(mm);
		return;
	}
	pmd_dtor(table);
	pagetable_free(table);
}

static void lend(struct ptdesc *table)
{
	unsigned long flags;

	get_page(ptdesc_page(table));
	spin_lock_irqsave(&pool_lock, flags);
	list_add(&table->pt_list, &lent);
	nr_lent++;
	spin_unlock_irqrestore(&pool_lock, flags);
}

/* One that was lent, and freed. */
static struct ptdesc *take_back(void)
{
	struct ptdesc *table, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool_lock, flags);
	list_for_each_entry(table, &lent, pt_list)
		if (has_no_other_user(table)) {
			list_del_init(&table->pt_list);
			nr_lent--;
			found = table;
			break;
		}
	spin_unlock_irqrestore(&pool_lock, flags);

	if (found) {
		memcg_kmem_uncharge_page(ptdesc_page(found), 0);
		set_page_private(ptdesc_page(found), 0);
	}
	return found;
}

/**
 * xen_ptes_hooked_in - a pinned table of PTEs is about to be hooked in
 * @page: its page
 *
 * If it was lent, whoever unhooks it will free it by mmu_gather. It may also have been
 * hooked in before, elsewhere.
 */
void xen_ptes_hooked_in(struct page *page)
{
	struct ptdesc *table = page_ptdesc(page);
	unsigned long flags;
	bool was_lent;

	spin_lock_irqsave(&pool_lock, flags);
	was_lent = !list_empty(&table->pt_list);
	if (was_lent) {
		list_del_init(&table->pt_list);
		nr_lent--;
	}
	spin_unlock_irqrestore(&pool_lock, flags);

	if (was_lent)
		put_page(page);
}

/* For an mm that is pinned: known to generic code as a table of PTEs; if there is none, NULL. */
static struct page *reuse_pte(struct mm_struct *mm)
{
	struct ptdesc *table;
	struct page *page;

	if (!PagePinned(virt_to_page(mm->pgd)))
		return NULL;

	table = take_back();
	if (!table)
		table = pool_get();
	if (!table)
		return NULL;

	page = ptdesc_page(table);
	if (memcg_kmem_charge_page(page, GFP_PGTABLE_USER, 0))
		goto back;
	if (!pte_ctor(mm, table)) {
		memcg_kmem_uncharge_page(page, 0);
		goto back;
	}
	lend(table);
	return page;

back:
	if (!pool_put(table, true))
		free_table(table);
	return NULL;
}

/**
 * xen_pte_alloc_one - an empty table of PTEs
 * @mm: the mm it is for
 *
 * Context: may sleep.
 *
 * Return: its page, pinned if it is one that was in use before; %NULL if there is no
 *	   memory.
 */
struct page *xen_pte_alloc_one(struct mm_struct *mm)
{
	/* Those of both origins are locked together, see queue_pin_ptes(). */
	static struct lock_class_key key;
	struct page *page = reuse_pte(mm);

	if (!page)
		page = (pte_alloc_one)(mm);
	if (page && IS_ENABLED(CONFIG_SPLIT_PTE_PTLOCKS))
		lockdep_set_class(ptep_lockptr(mm, page_address(page)), &key);
	return page;
}

static struct ptdesc *pmds_of(pgd_t *pgd, unsigned int i)
{
	return virt_to_ptdesc(pud_pgtable(*pud_of(pgd, i)));
}

/* A page directory of nobody: to generic code its tables are none. */
static void give_up_pgd(struct mm_struct *mm, pgd_t *pgd, unsigned int nr_pmds)
{
	unsigned int i;

	for (i = 0; i < nr_pmds; i++) {
		struct ptdesc *pmds = pmds_of(pgd, i);

		pmd_dtor(pmds);
		set_page_private(ptdesc_page(pmds), 0);
		memcg_kmem_uncharge_page(ptdesc_page(pmds), 0);
		mm_dec_nr_pmds(mm);
	}
	pgd_dtor(virt_to_ptdesc(pgd));
	memcg_kmem_uncharge_page(virt_to_page(pgd), 0);

	spin_lock(&pgd_lock);
	virt_to_ptdesc(pgd)->pt_mm = &init_mm;
	spin_unlock(&pgd_lock);
}

/* Free a page directory of nobody, and its tables of PMDs. */
static void free_pgd(pgd_t *pgd)
{
	struct ptdesc *pmds[PTRS_PER_PGD];
	unsigned int i;

	spin_lock(&pgd_lock);
	/* While its entries are known to the toolstack, which may move us. */
	for (i = 0; i < PTRS_PER_PGD; i++)
		pmds[i] = pmds_of(pgd, i);
	list_del(&virt_to_ptdesc(pgd)->pt_list);
	spin_unlock(&pgd_lock);

	spin_lock(&init_mm.page_table_lock);
	xen_unpin_pgd(&init_mm, pgd);
	spin_unlock(&init_mm.page_table_lock);

	for (i = 0; i < PTRS_PER_PGD; i++)
		pagetable_free(pmds[i]);
	free_page((unsigned long)pgd);
}

static void keep_or_free_pgd(pgd_t *pgd)
{
	unsigned long flags;
	unsigned int i;
	bool keep = true;

	for (i = 0; i < KERNEL_PGD_BOUNDARY; i++)
		keep = keep && is_empty(pud_pgtable(*pud_of(pgd, i)));

	spin_lock_irqsave(&pool_lock, flags);
	keep = keep && pool_nr_pgds < min(pool_limit, MAX_PGDS);
	if (keep)
		pool_pgds[pool_nr_pgds++] = pgd;
	spin_unlock_irqrestore(&pool_lock, flags);

	if (!keep)
		free_pgd(pgd);
}

static pgd_t *pool_get_pgd(void)
{
	pgd_t *pgd = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool_lock, flags);
	if (pool_nr_pgds)
		pgd = pool_pgds[--pool_nr_pgds];
	spin_unlock_irqrestore(&pool_lock, flags);
	return pgd;
}

/**
 * xen_pgd_free - a page directory has no user any more
 * @mm: whose it was; its user space has been unmapped
 * @pgd: the page directory, loaded nowhere
 */
void xen_pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
	/*
	 * With a page directory that is not pinned, it leaves pgd_list, and only
	 * then its entries are read: see free_pgd(). Those of a pinned one are
	 * taken to another host, but not what has been read of them.
	 */
	preempt_disable();
	if (PagePinned(virt_to_page(pgd))) {
		give_up_pgd(mm, pgd, PTRS_PER_PGD);
		keep_or_free_pgd(pgd);
	} else {
		(pgd_free)(mm, pgd);
	}
	preempt_enable();
}

/* A page directory's table of PMDs becomes one that generic code knows. */
static bool take_pmds(struct mm_struct *mm, struct ptdesc *pmds)
{
	if (memcg_kmem_charge_page(ptdesc_page(pmds), GFP_PGTABLE_USER, 0))
		return false;
	if (!pmd_ctor(mm, pmds)) {
		memcg_kmem_uncharge_page(ptdesc_page(pmds), 0);
		return false;
	}
	mm_inc_nr_pmds(mm);
	return true;
}

/*
 * fork() will copy what the parent has that is not a file's, and little else. dup_mm()
 * has begun with a copy of its mm_struct; that of a program to be executed is all zeroes
 * so far.
 */
static bool begins_pinned(const struct mm_struct *mm)
{
	struct mm_struct *parent = current->mm;

	return !mm->total_vm ||
	       xen_better_pinned(parent, get_mm_counter(parent, MM_ANONPAGES) +
				 get_mm_counter(parent, MM_SWAPENTS));
}

/* Pinned, on pgd_list, with all its tables of PMDs; NULL if there is none, or better none. */
static pgd_t *reuse_pgd(struct mm_struct *mm)
{
	unsigned int i;
	pgd_t *pgd;

	pgd = begins_pinned(mm) ? pool_get_pgd() : NULL;
	if (!pgd)
		return NULL;

	mm->pgd = pgd;
	if (memcg_kmem_charge_page(virt_to_page(pgd), GFP_PGTABLE_USER, 0)) {
		keep_or_free_pgd(pgd);
		return NULL;
	}
	pgd_ctor(virt_to_ptdesc(pgd));

	for (i = 0; i < PTRS_PER_PGD; i++)
		if (!take_pmds(mm, pmds_of(pgd, i))) {
			give_up_pgd(mm, pgd, i);
			keep_or_free_pgd(pgd);
			return NULL;
		}

	spin_lock(&pgd_lock);
	virt_to_ptdesc(pgd)->pt_mm = mm;
	spin_unlock(&pgd_lock);
	return pgd;
}

/**
 * xen_pgd_alloc - a page directory for a new mm
 * @mm: the mm, of which there is nothing yet
 *
 * Context: may sleep.
 *
 * Return: the page directory, with its tables of PMDs; if it was in use before it is
 *	   pinned. %NULL if there is no memory.
 */
pgd_t *xen_pgd_alloc(struct mm_struct *mm)
{
	pgd_t *pgd = reuse_pgd(mm);

	return pgd ? pgd : (pgd_alloc)(mm);
}

static unsigned long pool_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long nr = READ_ONCE(pool_nr) + READ_ONCE(nr_lent) +
			   READ_ONCE(pool_nr_pgds);

	return nr ? nr : SHRINK_EMPTY;
}

static unsigned long pool_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed;

	for (freed = 0; freed < sc->nr_to_scan; freed++) {
		struct ptdesc *table = take_back();
		pgd_t *pgd;

		if (!table)
			table = pool_get();
		if (table) {
			free_table(table);
			continue;
		}

		pgd = pool_get_pgd();
		if (!pgd)
			break;
		free_pgd(pgd);
	}
	return freed ? freed : SHRINK_STOP;
}

static int __init pool_init(void)
{
	struct shrinker *shrinker = shrinker_alloc(0, "xen-page-tables");

	/* Nothing is kept that could not be given back. */
	if (!shrinker)
		return -ENOMEM;

	shrinker->count_objects = pool_count;
	shrinker->scan_objects = pool_scan;
	shrinker_register(shrinker);

	pool_limit = (totalram_pages() - totalhigh_pages()) / MEMORY_PER_LIST;
	return 0;
}
subsys_initcall(pool_init);
