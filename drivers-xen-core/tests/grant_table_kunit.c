// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of grant tables: a domain may grant its pages to itself, so each
 * test is both who grants and who uses the grant.
 */

#include <kunit/test.h>

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/iopoll.h>
#include <linux/mm.h>

#include <asm/xen/hypercall.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

/* For what the timer of the deferred list does, once a second. */
#define WAIT_US		(30 * USEC_PER_SEC)
#define DEFERRED	12

/* Trees without this have no classes of tests. */
#ifndef KUNIT_CASE_SLOW
#define KUNIT_CASE_SLOW	KUNIT_CASE
#endif

struct grants {
	domid_t domid;
	unsigned int used_before;
	struct page *page;
	/* What a failed test may leave behind. */
	unsigned int nr_refs;
	grant_ref_t *refs;
};

/* A grant mapped into this domain. */
struct mapping {
	struct page *page;
	grant_handle_t handle;
	s16 status;
};

static void note(void *noted)
{
	*(bool *)noted = true;
}

/* Whether @count grants are free, without making the table grow for them. */
static bool has_free(u16 count)
{
	struct gnttab_free_callback callback = {};
	bool noted = false;

	gnttab_request_free_callback(&callback, note, &noted, count);
	gnttab_cancel_free_callback(&callback);
	return noted;
}

static unsigned int free_grants(void)
{
	unsigned int low = 0, high = U16_MAX;

	while (low < high) {
		unsigned int middle = (low + high + 1) / 2;

		if (has_free(middle))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static unsigned int grants_in_frame(void)
{
	struct gnttab_get_version version = { .dom = DOMID_SELF };

	/* Who does not know the question has the first version only. */
	if (!HYPERVISOR_grant_table_op(GNTTABOP_get_version, &version, 1) &&
	    version.version == 2)
		return XEN_PAGE_SIZE / sizeof(union grant_entry_v2);
	return XEN_PAGE_SIZE / sizeof(struct grant_entry_v1);
}

static unsigned int table_frames(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };

	if (HYPERVISOR_grant_table_op(GNTTABOP_query_size, &size, 1) ||
	    size.status != GNTST_okay)
		return 0;
	return size.nr_frames;
}

static unsigned int table_size(void)
{
	return table_frames() * grants_in_frame();
}

static unsigned int used_grants(void)
{
	return table_size() - free_grants();
}

/* Inside the PV shim a domain can grant, but not use grants itself. */
static void need_maps(struct kunit *test)
{
	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, NULL, 0))
		kunit_skip(test, "this hypervisor does not let the domain use grants");
}

static grant_ref_t grant(struct kunit *test, struct page *page, bool readonly)
{
	struct grants *grants = test->priv;
	int ref = gnttab_grant_foreign_access(grants->domid,
					      xen_page_to_gfn(page), readonly);

	KUNIT_ASSERT_GE(test, ref, 0);
	return ref;
}

static struct mapping map(struct kunit *test, grant_ref_t ref, u32 flags)
{
	struct grants *grants = test->priv;
	struct gnttab_map_grant_ref op;
	struct mapping mapping;
	bool in_lowmem;

	KUNIT_ASSERT_EQ(test, gnttab_alloc_pages(1, &mapping.page), 0);
	in_lowmem = !PageHighMem(mapping.page);
	if (!in_lowmem)
		gnttab_free_pages(1, &mapping.page);
	KUNIT_ASSERT_TRUE_MSG(test, in_lowmem, "give the domain less memory");
	gnttab_set_map_op(&op, (unsigned long)page_address(mapping.page),
			  GNTMAP_host_map | flags, ref, grants->domid);
	KUNIT_EXPECT_EQ(test, gnttab_map_refs(&op, NULL, &mapping.page, 1), 0);
	mapping.status = op.status;
	mapping.handle = op.handle;
	if (op.status != GNTST_okay)
		gnttab_free_pages(1, &mapping.page);
	return mapping;
}

static struct mapping map_ok(struct kunit *test, grant_ref_t ref, u32 flags)
{
	struct mapping mapping = map(test, ref, flags);

	KUNIT_ASSERT_EQ(test, mapping.status, GNTST_okay);
	return mapping;
}

static void unmap(struct kunit *test, struct mapping *mapping)
{
	struct gnttab_unmap_grant_ref op;

	gnttab_set_unmap_op(&op, (unsigned long)page_address(mapping->page),
			    GNTMAP_host_map, mapping->handle);
	KUNIT_EXPECT_EQ(test, gnttab_unmap_refs(&op, NULL, &mapping->page, 1), 0);
	KUNIT_EXPECT_EQ(test, op.status, GNTST_okay);
	gnttab_free_pages(1, &mapping->page);
}

static s16 copy(struct kunit *test, grant_ref_t ref, bool to_grant,
		struct page *page, u16 offset, u16 len)
{
	struct grants *grants = test->priv;
	struct gnttab_copy op = { .len = len };
	typeof(op.source) granted = {
		.u.ref = ref, .domid = grants->domid, .offset = offset,
	};
	typeof(op.source) local = {
		.u.gmfn = xen_page_to_gfn(page), .domid = DOMID_SELF,
	};

	op.flags = to_grant ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
	memcpy(&op.source, to_grant ? &local : &granted, sizeof(local));
	memcpy(&op.dest, to_grant ? &granted : &local, sizeof(local));
	gnttab_batch_copy(&op, 1);
	return op.status;
}

static struct page *new_page(struct kunit *test, int fill)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page_address(page), fill, PAGE_SIZE);
	return page;
}

/* All @size bytes at @p are @fill. */
static bool is_filled(const void *p, int fill, size_t size)
{
	return !memchr_inv(p, fill, size);
}

static void grant_and_revoke(struct kunit *test)
{
	struct grants *grants = test->priv;
	unsigned int used = used_grants();
	grant_ref_t ref = grant(test, grants->page, false);

	KUNIT_EXPECT_GE(test, ref, GNTTAB_NR_RESERVED_ENTRIES);
	KUNIT_EXPECT_EQ(test, used_grants(), used + 1);
	KUNIT_EXPECT_EQ(test, gnttab_end_foreign_access_ref(ref), 1);
	KUNIT_EXPECT_EQ_MSG(test, used_grants(), used + 1, "revoked, not freed");
	gnttab_free_grant_reference(ref);
	KUNIT_EXPECT_EQ(test, used_grants(), used);

	ref = grant(test, grants->page, false);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
	KUNIT_EXPECT_EQ(test, used_grants(), used);

	ref = grant(test, grants->page, false);
	get_page(grants->page);
	gnttab_end_foreign_access(ref, grants->page);
	KUNIT_EXPECT_EQ(test, page_count(grants->page), 1);
	KUNIT_EXPECT_EQ(test, used_grants(), used);
}

static void private_list(struct kunit *test)
{
	unsigned int used = used_grants();
	grant_ref_t head;
	int a, b;

	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_references(2, &head), 0);
	KUNIT_EXPECT_EQ(test, used_grants(), used + 2);
	KUNIT_EXPECT_EQ(test, gnttab_empty_grant_references(&head), 0);
	a = gnttab_claim_grant_reference(&head);
	b = gnttab_claim_grant_reference(&head);
	KUNIT_EXPECT_GE(test, a, GNTTAB_NR_RESERVED_ENTRIES);
	KUNIT_EXPECT_GE(test, b, GNTTAB_NR_RESERVED_ENTRIES);
	KUNIT_EXPECT_NE(test, a, b);
	KUNIT_EXPECT_NE(test, gnttab_empty_grant_references(&head), 0);
	KUNIT_EXPECT_EQ(test, gnttab_claim_grant_reference(&head), -ENOSPC);
	gnttab_release_grant_reference(&head, a);
	KUNIT_EXPECT_EQ(test, gnttab_claim_grant_reference(&head), a);
	gnttab_release_grant_reference(&head, a);
	gnttab_release_grant_reference(&head, b);
	gnttab_free_grant_references(head);
	KUNIT_EXPECT_EQ(test, used_grants(), used);
}

static void map_shares_the_page(struct kunit *test)
{
	struct grants *grants = test->priv;
	struct mapping mapping;
	grant_ref_t ref;
	char *granted = page_address(grants->page), *mapped;

	need_maps(test);
	ref = grant(test, grants->page, false);
	mapping = map_ok(test, ref, 0);
	mapped = page_address(mapping.page);
	KUNIT_EXPECT_TRUE(test, PageForeign(mapping.page));
	KUNIT_EXPECT_TRUE(test, is_filled(mapped, 0x5a, PAGE_SIZE));
	memset(mapped + 100, 0xa5, 100);
	KUNIT_EXPECT_TRUE(test, is_filled(granted + 100, 0xa5, 100));
	granted[PAGE_SIZE - 1] = 1;
	KUNIT_EXPECT_EQ(test, READ_ONCE(mapped[PAGE_SIZE - 1]), 1);
	unmap(test, &mapping);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
}

static void map_is_refused(struct kunit *test)
{
	struct grants *grants = test->priv;
	struct mapping mapping;
	grant_ref_t ref;

	need_maps(test);
	ref = grant(test, grants->page, true);
	KUNIT_EXPECT_EQ_MSG(test, map(test, ref, 0).status, GNTST_general_error,
			    "to write what is granted for reading");
	mapping = map_ok(test, ref, GNTMAP_readonly);
	KUNIT_EXPECT_TRUE(test, is_filled(page_address(mapping.page), 0x5a,
					  PAGE_SIZE));
	unmap(test, &mapping);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
	KUNIT_EXPECT_EQ_MSG(test, map(test, ref, GNTMAP_readonly).status,
			    GNTST_general_error, "what has been revoked");
	KUNIT_EXPECT_EQ_MSG(test, map(test, INVALID_GRANT_REF, 0).status,
			    GNTST_bad_gntref, "what cannot be a grant");
}

static void ring_of_pages(struct kunit *test)
{
	struct grants *grants = test->priv;
	struct xenbus_device *dev;
	grant_ref_t refs[4];
	void *ring, *mapped;
	int i;

	need_maps(test);
	dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->otherend_id = grants->domid;
	KUNIT_ASSERT_EQ(test, xenbus_setup_ring(dev, GFP_KERNEL, &ring,
						ARRAY_SIZE(refs), refs), 0);
	KUNIT_EXPECT_EQ(test, xenbus_map_ring_valloc(dev, refs, ARRAY_SIZE(refs),
						     &mapped), 0);
	for (i = 0; i < ARRAY_SIZE(refs); i++)
		memset(ring + i * XEN_PAGE_SIZE, i + 1, XEN_PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(refs); i++)
		KUNIT_EXPECT_TRUE(test, is_filled(mapped + i * XEN_PAGE_SIZE,
						  i + 1, XEN_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, xenbus_unmap_ring_vfree(dev, mapped), 0);
	xenbus_teardown_ring(&ring, ARRAY_SIZE(refs), refs);
	KUNIT_EXPECT_NULL(test, ring);
	for (i = 0; i < ARRAY_SIZE(refs); i++)
		KUNIT_EXPECT_EQ(test, refs[i], INVALID_GRANT_REF);
}

static void copy_both_ways(struct kunit *test)
{
	struct grants *grants = test->priv;
	char *granted = page_address(grants->page), *own;
	struct page *page;
	grant_ref_t ref;

	need_maps(test);
	page = new_page(test, 0);
	own = page_address(page);
	ref = grant(test, grants->page, false);
	KUNIT_EXPECT_EQ(test, copy(test, ref, false, page, 96, 1000), GNTST_okay);
	KUNIT_EXPECT_TRUE(test, is_filled(own, 0x5a, 1000));
	KUNIT_EXPECT_TRUE(test, is_filled(own + 1000, 0, PAGE_SIZE - 1000));

	memset(own, 0x33, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, copy(test, ref, true, page, 4000, 96), GNTST_okay);
	KUNIT_EXPECT_TRUE(test, is_filled(granted, 0x5a, 4000));
	KUNIT_EXPECT_TRUE(test, is_filled(granted + 4000, 0x33, 96));

	KUNIT_EXPECT_EQ_MSG(test, copy(test, ref, false, page, 4000, 97),
			    GNTST_bad_copy_arg, "beyond the end of the page");
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
	KUNIT_EXPECT_NE_MSG(test, copy(test, ref, false, page, 0, 1), GNTST_okay,
			    "what has been revoked");

	ref = grant(test, grants->page, true);
	KUNIT_EXPECT_EQ(test, copy(test, ref, false, page, 0, 1), GNTST_okay);
	KUNIT_EXPECT_EQ_MSG(test, copy(test, ref, true, page, 0, 1),
			    GNTST_general_error,
			    "to write what is granted for reading");
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
	put_page(page);
}

static void revoke_while_mapped(struct kunit *test)
{
	struct grants *grants = test->priv;
	unsigned int used = used_grants();
	struct mapping first, second;
	grant_ref_t ref;

	need_maps(test);
	ref = grant(test, grants->page, false);
	first = map_ok(test, ref, 0);
	second = map_ok(test, ref, GNTMAP_readonly);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 0);
	memset(page_address(first.page), 0x11, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, is_filled(page_address(grants->page), 0x11,
					  PAGE_SIZE));
	unmap(test, &first);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 0);
	KUNIT_EXPECT_TRUE(test, is_filled(page_address(second.page), 0x11,
					  PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, used_grants(), used + 1);
	unmap(test, &second);
	KUNIT_EXPECT_EQ(test, gnttab_try_end_foreign_access(ref), 1);
	KUNIT_EXPECT_EQ(test, used_grants(), used);
}

static bool used_becomes(unsigned int want)
{
	unsigned int used;

	return !read_poll_timeout(used_grants, used, used == want,
				  20 * USEC_PER_MSEC, WAIT_US, false);
}

/* More than the timer takes off the list at a time, the first one stuck. */
static void deferred_list(struct kunit *test)
{
	struct grants *grants = test->priv;
	unsigned int used = used_grants();
	struct mapping mappings[DEFERRED];
	grant_ref_t ref;
	int i;

	need_maps(test);
	for (i = 0; i < DEFERRED; i++) {
		ref = grant(test, grants->page, false);
		mappings[i] = map_ok(test, ref, 0);
		/* With the page's reference given away, or one taken for it. */
		if (i % 2)
			get_page(grants->page);
		gnttab_end_foreign_access(ref, i % 2 ? grants->page : NULL);
	}
	KUNIT_EXPECT_EQ(test, used_grants(), used + DEFERRED);
	KUNIT_EXPECT_EQ(test, page_count(grants->page), 1 + DEFERRED);
	for (i = 1; i < DEFERRED; i++)
		unmap(test, &mappings[i]);
	KUNIT_EXPECT_TRUE(test, used_becomes(used + 1));
	KUNIT_EXPECT_EQ(test, page_count(grants->page), 2);
	KUNIT_EXPECT_TRUE(test, is_filled(page_address(mappings[0].page), 0x5a,
					  PAGE_SIZE));
	unmap(test, &mappings[0]);
	KUNIT_EXPECT_TRUE(test, used_becomes(used));
	KUNIT_EXPECT_EQ(test, page_count(grants->page), 1);
}

/* Take @count grants into grants->refs, which a test's end frees. */
static void take(struct kunit *test, unsigned int count)
{
	struct grants *grants = test->priv;
	grant_ref_t head;
	int ref;

	grants->refs = kunit_kcalloc(test, count, sizeof(*grants->refs),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, grants->refs);
	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_references(count, &head), 0);
	while ((ref = gnttab_claim_grant_reference(&head)) >= 0)
		grants->refs[grants->nr_refs++] = ref;
	KUNIT_EXPECT_EQ(test, grants->nr_refs, count);
}

/* Free those taken that @which says. */
static void give_back(struct grants *grants, bool (*which)(grant_ref_t ref))
{
	unsigned int i, kept = 0;

	for (i = 0; i < grants->nr_refs; i++) {
		if (!which || which(grants->refs[i]))
			gnttab_free_grant_reference(grants->refs[i]);
		else
			grants->refs[kept++] = grants->refs[i];
	}
	grants->nr_refs = kept;
}

static void need_room(struct kunit *test, unsigned int frames)
{
	if (table_frames() + frames > gnttab_max_grant_frames())
		kunit_skip(test, "the grant table has grown to its limit");
}

static bool even(grant_ref_t ref)
{
	return !(ref % 2);
}

/*
 * No two free grants are neighbours and the table's last one is in use, so a
 * sequence has to come out of a new frame.
 */
static void sequence_from_a_new_frame(struct kunit *test)
{
	struct grants *grants = test->priv;
	unsigned int count = grants_in_frame();
	grant_ref_t first;

	need_room(test, 4);
	take(test, max(free_grants(), 3 * count));
	/* The rest of a frame that it took for that. */
	if (free_grants()) {
		give_back(grants, NULL);
		take(test, free_grants());
	}
	KUNIT_ASSERT_EQ(test, free_grants(), 0);
	give_back(grants, even);
	KUNIT_ASSERT_GE(test, free_grants(), count);

	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_reference_seq(count, &first), 0);
	KUNIT_ASSERT_LE_MSG(test, first + count, table_size(),
			    "the end of the sequence, and of the table");
	gnttab_free_grant_reference_seq(first, count);
	give_back(grants, NULL);
}

static grant_ref_t hole;

static bool in_hole(grant_ref_t ref)
{
	return ref >= hole || (even(ref) && ref < hole / 2);
}

/*
 * A sequence takes all that is free at the table's end, but some is free
 * elsewhere; then the table has to grow.
 */
static void growth_after_a_sequence(struct kunit *test)
{
	struct grants *grants = test->priv;
	grant_ref_t first, second, head;
	unsigned int count;

	need_room(test, 3);
	take(test, free_grants());
	hole = table_size() - 40;
	give_back(grants, in_hole);

	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_reference_seq(20, &first), 0);
	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_reference_seq(20, &second), 0);
	KUNIT_EXPECT_EQ(test, first, hole);
	KUNIT_EXPECT_EQ(test, second, hole + 20);
	count = free_grants();
	KUNIT_ASSERT_GT(test, count, 0);
	KUNIT_ASSERT_EQ(test, gnttab_alloc_grant_references(count + 1, &head), 0);
	gnttab_free_grant_references(head);
	gnttab_free_grant_reference_seq(second, 20);
	gnttab_free_grant_reference_seq(first, 20);
	give_back(grants, NULL);
}

/* Last, for the table does not shrink any more. */
static void exhaustion(struct kunit *test)
{
	struct grants *grants = test->priv;
	unsigned int most = gnttab_max_grant_frames() * grants_in_frame();
	struct gnttab_free_callback callback = {};
	grant_ref_t head, none;
	unsigned long *seen;
	bool noted = false;
	unsigned int i;
	int ref;

	seen = kunit_kcalloc(test, BITS_TO_LONGS(most), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	take(test, most - grants->used_before);
	KUNIT_EXPECT_EQ(test, table_size(), most);
	for (i = 0; i < grants->nr_refs; i++)
		if (grants->refs[i] < most)
			set_bit(grants->refs[i], seen);
	KUNIT_EXPECT_EQ_MSG(test, bitmap_weight(seen, most), grants->nr_refs,
			    "different grants");

	ref = gnttab_grant_foreign_access(grants->domid,
					  xen_page_to_gfn(grants->page), 0);
	KUNIT_EXPECT_EQ(test, ref, -ENOSPC);
	KUNIT_EXPECT_EQ(test, gnttab_alloc_grant_references(1, &none), -ENOSPC);
	KUNIT_EXPECT_EQ(test, gnttab_alloc_grant_reference_seq(2, &none), -ENOSPC);

	gnttab_request_free_callback(&callback, note, &noted, 2);
	gnttab_free_grant_reference(grants->refs[--grants->nr_refs]);
	KUNIT_EXPECT_FALSE_MSG(test, noted, "one of two is free");
	gnttab_free_grant_reference(grants->refs[--grants->nr_refs]);
	KUNIT_EXPECT_TRUE_MSG(test, noted, "two are free");
	gnttab_cancel_free_callback(&callback);

	KUNIT_EXPECT_EQ(test, gnttab_alloc_grant_references(2, &head), 0);
	gnttab_free_grant_references(head);
	give_back(grants, NULL);
}

static int grants_init(struct kunit *test)
{
	struct grants *grants;

	if (!xen_domain())
		kunit_skip(test, "not running on Xen");
	if (xen_initial_domain())
		kunit_skip(test, "dom0: nothing answers for xenstore yet");
	grants = kunit_kzalloc(test, sizeof(*grants), GFP_KERNEL);
	if (!grants)
		return -ENOMEM;
	/* A grant to DOMID_SELF is a grant to nobody. */
	grants->domid = xenbus_read_unsigned("domid", "", 0);
	grants->page = new_page(test, 0x5a);
	grants->used_before = used_grants();
	test->priv = grants;
	return 0;
}

static void grants_exit(struct kunit *test)
{
	struct grants *grants = test->priv;

	if (!grants)
		return;
	give_back(grants, NULL);
	KUNIT_EXPECT_EQ_MSG(test, used_grants(), grants->used_before,
			    "grants in use");
	KUNIT_EXPECT_EQ_MSG(test, page_count(grants->page), 1,
			    "users of the page");
	put_page(grants->page);
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE(grant_and_revoke),
	KUNIT_CASE(private_list),
	KUNIT_CASE(map_shares_the_page),
	KUNIT_CASE(map_is_refused),
	KUNIT_CASE(ring_of_pages),
	KUNIT_CASE(copy_both_ways),
	KUNIT_CASE(revoke_while_mapped),
	KUNIT_CASE_SLOW(deferred_list),
	KUNIT_CASE(sequence_from_a_new_frame),
	KUNIT_CASE(growth_after_a_sequence),
	KUNIT_CASE(exhaustion),
	{}
};

static struct kunit_suite grant_suite = {
	.name = "xen_grant_table",
	.init = grants_init,
	.exit = grants_exit,
	.test_cases = grant_cases,
};

kunit_test_suite(grant_suite);

MODULE_DESCRIPTION("KUnit tests of Xen grant tables");
MODULE_LICENSE("GPL");
