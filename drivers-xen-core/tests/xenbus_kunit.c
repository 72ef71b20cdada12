// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of xenbus, against the xenstored at the other end. All they make
 * is below the one directory of its own in which a domain may write: data.
 */

#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/slab.h>

#include <xen/xen.h>
#include <xen/xenbus.h>

#include "../xenbus/xenbus.h"

#define WAIT_US		(20 * USEC_PER_SEC)
#define SETTLE_MS	20
#define DIR		"data/kunit"
/* What xenstored lets a domain have in one node, less the node's own data. */
#define LARGE		1900

struct watched {
	struct xenbus_watch watch;
	atomic_t events;
	char last[64];
};

/* Delete @path and all below it. xenstored does, but says nothing if it can. */
static void clean_up(const char *path)
{
	if (xenbus_exists(XBT_NIL, path, ""))
		xenbus_rm(XBT_NIL, path, "");
}

static void expect_value(struct kunit *test, struct xenbus_transaction t,
			 const char *node, const char *want)
{
	unsigned int len;
	char *value = xenbus_read(t, DIR, node, &len);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(value), "reading %s: %ld", node,
			       PTR_ERR(value));
	KUNIT_EXPECT_STREQ(test, value, want);
	KUNIT_EXPECT_EQ(test, len, strlen(want));
	kfree(value);
}

static void expect_missing(struct kunit *test, const char *node)
{
	char *value = xenbus_read(XBT_NIL, DIR, node, NULL);

	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(value), -ENOENT, "%s", node);
	if (!IS_ERR(value))
		kfree(value);
}

static void write_and_read(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "a", "one"), 0);
	expect_value(test, XBT_NIL, "a", "one");
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "a", ""), 0);
	expect_value(test, XBT_NIL, "a", "");
	KUNIT_EXPECT_EQ_MSG(test, xenbus_write(XBT_NIL, DIR, "b/c/d", "two"), 0,
			    "with the nodes above it");
	expect_value(test, XBT_NIL, "b/c/d", "two");
	expect_value(test, XBT_NIL, "b/c", "");

	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, DIR, "a"), 0);
	expect_missing(test, "a");
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, DIR, "b"), 0);
	expect_missing(test, "b/c/d");
}

static void refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ_MSG(test, xenbus_write(XBT_NIL, "/local/domain/0", "kunit", ""),
			    -EACCES, "into another domain's directory");
	KUNIT_EXPECT_EQ_MSG(test, xenbus_write(XBT_NIL, DIR, "a b", ""), -EINVAL,
			    "a name with a blank");
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, DIR "/none", "none"), -ENOENT);
	expect_missing(test, "none");
	KUNIT_EXPECT_EQ(test, xenbus_exists(XBT_NIL, DIR, "none"), 0);
}

static void formatted(struct kunit *test)
{
	unsigned int n = 0;
	char *text = NULL;
	int i = 0;

	KUNIT_EXPECT_EQ(test, xenbus_printf(XBT_NIL, DIR, "n", "%u %s", 42u, "x"), 0);
	expect_value(test, XBT_NIL, "n", "42 x");
	KUNIT_EXPECT_EQ(test, xenbus_scanf(XBT_NIL, DIR, "n", "%u", &n), 1);
	KUNIT_EXPECT_EQ(test, n, 42);
	KUNIT_EXPECT_EQ(test, xenbus_read_unsigned(DIR, "n", 7), 42);

	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "n", "many"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_scanf(XBT_NIL, DIR, "n", "%u", &n), -ERANGE);
	KUNIT_EXPECT_EQ_MSG(test, xenbus_read_unsigned(DIR, "n", 7), 7, "no number");
	KUNIT_EXPECT_EQ(test, xenbus_scanf(XBT_NIL, DIR, "none", "%u", &n), -ENOENT);
	KUNIT_EXPECT_EQ_MSG(test, xenbus_read_unsigned(DIR, "none", 7), 7, "missing");

	KUNIT_EXPECT_EQ(test, xenbus_printf(XBT_NIL, DIR, "i", "%d", -1), 0);
	KUNIT_EXPECT_EQ(test, xenbus_gather(XBT_NIL, DIR, "i", "%d", &i,
					    "n", NULL, &text, NULL), 0);
	KUNIT_EXPECT_EQ(test, i, -1);
	KUNIT_EXPECT_STREQ(test, text, "many");
	kfree(text);
	KUNIT_EXPECT_EQ(test, xenbus_gather(XBT_NIL, DIR, "n", "%d", &i, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, xenbus_gather(XBT_NIL, DIR, "i", "%d", &i,
					    "none", "%d", &i, NULL), -ENOENT);
}

static void directory(struct kunit *test)
{
	unsigned int n = 0, i, seen = 0;
	char **names;

	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "d", ""), 0);
	names = xenbus_directory(XBT_NIL, DIR, "d", &n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(names));
	KUNIT_EXPECT_EQ_MSG(test, n, 0, "empty");
	kfree(names);

	for (i = 0; i < 30; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR "/d", name, "x"), 0);
	}
	names = xenbus_directory(XBT_NIL, DIR, "d", &n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(names));
	KUNIT_EXPECT_EQ(test, n, 30);
	for (i = 0; i < n; i++) {
		unsigned int number;

		KUNIT_ASSERT_EQ(test, kstrtouint(names[i], 10, &number), 0);
		KUNIT_ASSERT_LT(test, number, 30);
		seen |= 1u << number;
	}
	kfree(names);
	KUNIT_EXPECT_EQ_MSG(test, seen, GENMASK(29, 0), "each of them");

	names = xenbus_directory(XBT_NIL, DIR, "none", &n);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(names), -ENOENT);
}

static char *filled(struct kunit *test, size_t size, char c)
{
	char *text = kunit_kzalloc(test, size + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, c, size);
	return text;
}

/* A value that fills more than the ring, 1 KiB each way, and one too large. */
static void large_values(struct kunit *test)
{
	char *large = filled(test, LARGE, 'l');

	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "l", large), 0);
	expect_value(test, XBT_NIL, "l", large);
	KUNIT_EXPECT_EQ_MSG(test, xenbus_write(XBT_NIL, DIR, "l",
					       filled(test, 3000, 'm')), -ENOSPC,
			    "over the domain's quota");
	expect_value(test, XBT_NIL, "l", large);
}

/* What no xenstored takes must not reach it: it would never answer again. */
static void message_too_long(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "l",
					   filled(test, XENSTORE_PAYLOAD_MAX, 'x')),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "l", "short"), 0);
	expect_value(test, XBT_NIL, "l", "short");
}

static void transaction(struct kunit *test)
{
	struct xenbus_transaction t;

	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, DIR, "t", "before"), 0);
	KUNIT_ASSERT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_EXPECT_EQ(test, xenbus_write(t, DIR, "t", "after"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_write(t, DIR, "u", "new"), 0);
	expect_value(test, t, "t", "after");
	expect_value(test, XBT_NIL, "t", "before");
	expect_missing(test, "u");
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 0), 0);
	expect_value(test, XBT_NIL, "t", "after");
	expect_value(test, XBT_NIL, "u", "new");

	KUNIT_ASSERT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_EXPECT_EQ(test, xenbus_write(t, DIR, "t", "aborted"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_rm(t, DIR, "u"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 1), 0);
	expect_value(test, XBT_NIL, "t", "after");
	expect_value(test, XBT_NIL, "u", "new");
}

static void transaction_conflict(struct kunit *test)
{
	struct xenbus_transaction t, other;
	int value;

	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, DIR, "n", "1"), 0);
	KUNIT_ASSERT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_EXPECT_EQ(test, xenbus_scanf(t, DIR, "n", "%d", &value), 1);
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "n", "5"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_printf(t, DIR, "n", "%d", value + 1), 0);
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 0), -EAGAIN);
	expect_value(test, XBT_NIL, "n", "5");

	/* Two transactions: who comes first wins. */
	KUNIT_ASSERT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_ASSERT_EQ(test, xenbus_transaction_start(&other), 0);
	KUNIT_EXPECT_NE(test, t.id, other.id);
	KUNIT_EXPECT_EQ(test, xenbus_scanf(t, DIR, "n", "%d", &value), 1);
	KUNIT_EXPECT_EQ(test, xenbus_printf(t, DIR, "n", "%d", value + 1), 0);
	KUNIT_EXPECT_EQ(test, xenbus_scanf(other, DIR, "n", "%d", &value), 1);
	KUNIT_EXPECT_EQ(test, xenbus_printf(other, DIR, "n", "%d", value + 10), 0);
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 0), 0);
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(other, 0), -EAGAIN);
	expect_value(test, XBT_NIL, "n", "6");
}

static void watch_fires(struct xenbus_watch *watch, const char *path,
			const char *token)
{
	struct watched *watched = container_of(watch, struct watched, watch);

	strscpy(watched->last, path, sizeof(watched->last));
	atomic_inc(&watched->events);
}

static bool not_the_quiet_one(struct xenbus_watch *watch, const char *path,
			      const char *token)
{
	return !strstr(path, "quiet");
}

static struct watched *start_watch(struct kunit *test, const char *node)
{
	struct watched *watched = kunit_kzalloc(test, sizeof(*watched), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, watched);
	watched->watch.node = node;
	watched->watch.will_handle = not_the_quiet_one;
	watched->watch.callback = watch_fires;
	KUNIT_ASSERT_EQ(test, register_xenbus_watch(&watched->watch), 0);
	return watched;
}

static void expect_events(struct kunit *test, struct watched *watched, int want,
			  const char *what)
{
	int count;

	read_poll_timeout(atomic_read, count, count >= want, 200, WAIT_US, false,
			  &watched->events);
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&watched->events), want, "%s", what);
}

/* No assertion may abort this while a watch is there. */
static void watches(struct kunit *test)
{
	struct watched *all = start_watch(test, DIR);
	struct watched *one = start_watch(test, DIR "/w");

	/* xenstored begins with one event for what is there, or is not. */
	expect_events(test, all, 1, "of the directory, at first");
	expect_events(test, one, 1, "of the node, at first");
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "w", "1"), 0);
	expect_events(test, all, 2, "of the directory, for a node in it");
	expect_events(test, one, 2, "of the node, when written");
	KUNIT_EXPECT_STREQ(test, all->last, DIR "/w");
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "other", "1"), 0);
	expect_events(test, all, 3, "of the directory, for another node");
	expect_events(test, one, 2, "of the node, for another one");
	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, DIR, "quiet", "1"), 0);
	expect_events(test, all, 3, "when will_handle() says no");

	unregister_xenbus_watch(&one->watch);
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, DIR, "w"), 0);
	expect_events(test, all, 4, "of the directory, for a removal");
	expect_events(test, one, 2, "of the node, unregistered");
	unregister_xenbus_watch(&all->watch);
}

static void watch_of_a_transaction(struct kunit *test)
{
	struct watched *watched = start_watch(test, DIR "/w");
	struct xenbus_transaction t;

	expect_events(test, watched, 1, "at first");
	KUNIT_EXPECT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_EXPECT_EQ(test, xenbus_write(t, DIR, "w", "1"), 0);
	expect_events(test, watched, 1, "before the transaction's end");
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 0), 0);
	expect_events(test, watched, 2, "after it");
	KUNIT_EXPECT_EQ(test, xenbus_transaction_start(&t), 0);
	KUNIT_EXPECT_EQ(test, xenbus_write(t, DIR, "w", "2"), 0);
	KUNIT_EXPECT_EQ(test, xenbus_transaction_end(t, 1), 0);
	expect_events(test, watched, 2, "after an aborted one");
	unregister_xenbus_watch(&watched->watch);
}

/*
 * A device with both ends in this domain: a bus of the tests' own takes data
 * for its root as the frontends' takes device, and the test plays the backend.
 */
#define FRONTEND	DIR "/0"
#define BACKEND		"data/kunit-backend"

static struct {
	struct xenbus_device *dev;
	atomic_t changes;
	int state;
	int removed;
} driver_saw;

static int bus_id(char id[XEN_BUS_ID_SIZE], const char *nodename)
{
	return strscpy(id, "kunit-0", XEN_BUS_ID_SIZE) < 0 ? -E2BIG : 0;
}

static void backend_changed(struct xenbus_watch *watch, const char *path,
			    const char *token)
{
	xenbus_otherend_changed(watch, path, token, 1);
}

static struct xen_bus_type bus = {
	.root = "data",
	.levels = 2,
	.get_bus_id = bus_id,
	.otherend_changed = backend_changed,
	.bus = {
		.name = "xen-kunit",
		.match = xenbus_match,
		.probe = xenbus_dev_probe,
		.remove = xenbus_dev_remove,
		.dev_groups = xenbus_dev_groups,
	},
};

static int driver_probe(struct xenbus_device *dev,
			const struct xenbus_device_id *id)
{
	driver_saw.dev = dev;
	return xenbus_switch_state(dev, XenbusStateInitialised);
}

static void driver_remove(struct xenbus_device *dev)
{
	driver_saw.dev = NULL;
	driver_saw.removed++;
}

/* As the frontends in the tree do it. */
static void driver_otherend_changed(struct xenbus_device *dev,
				    enum xenbus_state state)
{
	switch (state) {
	case XenbusStateConnected:
		xenbus_switch_state(dev, XenbusStateConnected);
		break;
	case XenbusStateClosed:
		if (dev->state == XenbusStateClosed)
			break;
		fallthrough;
	case XenbusStateClosing:
		xenbus_frontend_closed(dev);
		break;
	default:
		break;
	}
	driver_saw.state = state;
	atomic_inc(&driver_saw.changes);
}

static int driver_read_details(struct xenbus_device *dev)
{
	return xenbus_read_otherend_details(dev, "backend-id", "backend");
}

static const struct xenbus_device_id driver_ids[] = { { "kunit" }, { "" } };

static struct xenbus_driver driver = {
	.name = "kunit",
	.ids = driver_ids,
	.probe = driver_probe,
	.remove = driver_remove,
	.otherend_changed = driver_otherend_changed,
	.read_otherend_details = driver_read_details,
};

static void expect_backend_seen(struct kunit *test, const char *state, int want,
				enum xenbus_state own)
{
	int before = atomic_read(&driver_saw.changes), count, value = -1;

	KUNIT_EXPECT_EQ(test, xenbus_write(XBT_NIL, BACKEND, "state", state), 0);
	read_poll_timeout(atomic_read, count, count > before, 200, WAIT_US, false,
			  &driver_saw.changes);
	KUNIT_EXPECT_EQ_MSG(test, driver_saw.state, want, "state '%s'", state);
	KUNIT_EXPECT_EQ(test, xenbus_scanf(XBT_NIL, FRONTEND, "state", "%d",
					   &value), 1);
	KUNIT_EXPECT_EQ_MSG(test, value, own, "state '%s'", state);
}

/* The device comes, its backend connects, closes and goes. */
static void far_end_closes(struct kunit *test)
{
	char backend[48], state[4];
	int count;
	u32 domid = xenbus_read_unsigned("domid", "", 0);

	memset(&driver_saw, 0, sizeof(driver_saw));
	snprintf(state, sizeof(state), "%d", XenbusStateInitialising);
	snprintf(backend, sizeof(backend), "/local/domain/%u/" BACKEND, domid);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, BACKEND, "state", state), 0);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, FRONTEND, "backend", backend), 0);
	KUNIT_ASSERT_EQ(test, xenbus_printf(XBT_NIL, FRONTEND, "backend-id", "%u",
					    domid), 0);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, FRONTEND, "state", state), 0);

	xenbus_dev_changed(FRONTEND "/state", &bus);
	KUNIT_ASSERT_NOT_NULL(test, driver_saw.dev);
	KUNIT_EXPECT_STREQ(test, driver_saw.dev->otherend, backend);
	KUNIT_EXPECT_EQ(test, driver_saw.dev->otherend_id, domid);
	/* The watch's first event. */
	read_poll_timeout(atomic_read, count, count > 0, 200, WAIT_US, false,
			  &driver_saw.changes);
	KUNIT_EXPECT_EQ(test, driver_saw.state, XenbusStateInitialising);

	expect_backend_seen(test, "4", XenbusStateConnected, XenbusStateConnected);
	expect_backend_seen(test, "garbage", XenbusStateUnknown, XenbusStateConnected);
	expect_backend_seen(test, "5", XenbusStateClosing, XenbusStateClosed);
	KUNIT_EXPECT_TRUE(test, try_wait_for_completion(&driver_saw.dev->down));
	expect_backend_seen(test, "6", XenbusStateClosed, XenbusStateClosed);
	KUNIT_EXPECT_FALSE(test, try_wait_for_completion(&driver_saw.dev->down));

	/* Then the toolstack removes both ends. */
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, BACKEND, ""), 0);
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, FRONTEND, ""), 0);
	xenbus_dev_changed(FRONTEND, &bus);
	KUNIT_EXPECT_EQ(test, driver_saw.removed, 1);
	KUNIT_EXPECT_EQ_MSG(test, xenbus_exists(XBT_NIL, FRONTEND, ""), 0,
			    "the closing device must not make its node again");
}

/* Without asking anybody to close. */
static void far_end_vanishes(struct kunit *test)
{
	char backend[48];
	int before, count;
	u32 domid = xenbus_read_unsigned("domid", "", 0);

	memset(&driver_saw, 0, sizeof(driver_saw));
	snprintf(backend, sizeof(backend), "/local/domain/%u/" BACKEND, domid);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, BACKEND, "state", "4"), 0);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, FRONTEND, "backend", backend), 0);
	KUNIT_ASSERT_EQ(test, xenbus_printf(XBT_NIL, FRONTEND, "backend-id", "%u",
					    domid), 0);
	KUNIT_ASSERT_EQ(test, xenbus_write(XBT_NIL, FRONTEND, "state", "1"), 0);
	xenbus_dev_changed(FRONTEND "/state", &bus);
	KUNIT_ASSERT_NOT_NULL(test, driver_saw.dev);
	expect_backend_seen(test, "4", XenbusStateConnected, XenbusStateConnected);

	msleep(SETTLE_MS);
	before = atomic_read(&driver_saw.changes);
	KUNIT_EXPECT_EQ(test, xenbus_rm(XBT_NIL, BACKEND, ""), 0);
	read_poll_timeout(atomic_read, count, count > before, 200, WAIT_US, false,
			  &driver_saw.changes);
	KUNIT_EXPECT_EQ(test, driver_saw.state, XenbusStateUnknown);
}

/* In dom0 a program is to answer for xenstore, and none runs before init. */
static bool has_xenstore(void)
{
	return xen_domain() && !xen_initial_domain();
}

static int xenbus_suite_init(struct kunit_suite *suite)
{
	int err;

	if (!has_xenstore())
		return 0;
	err = bus_register(&bus.bus);
	if (err)
		return err;
	err = xenbus_register_driver_common(&driver, &bus, THIS_MODULE,
					    KBUILD_MODNAME);
	if (err)
		bus_unregister(&bus.bus);
	return err;
}

static void xenbus_suite_exit(struct kunit_suite *suite)
{
	if (!has_xenstore())
		return;
	xenbus_unregister_driver(&driver);
	bus_unregister(&bus.bus);
}

static int xenbus_test_init(struct kunit *test)
{
	if (!has_xenstore())
		kunit_skip(test, "not running on Xen, or as its dom0");
	return xenbus_write(XBT_NIL, DIR, "", "");
}

static void xenbus_test_exit(struct kunit *test)
{
	unsigned int left = 0;
	char **names;

	if (!has_xenstore())
		return;
	clean_up(BACKEND);
	clean_up(DIR);
	/* The device, if a failed test has left it there. */
	xenbus_dev_changed(FRONTEND, &bus);
	names = xenbus_directory(XBT_NIL, "data", "", &left);
	KUNIT_EXPECT_FALSE(test, IS_ERR(names));
	KUNIT_EXPECT_EQ_MSG(test, left, 0, "nodes in data");
	if (!IS_ERR(names))
		kfree(names);
}

static struct kunit_case xenbus_cases[] = {
	KUNIT_CASE(write_and_read),
	KUNIT_CASE(refused),
	KUNIT_CASE(formatted),
	KUNIT_CASE(directory),
	KUNIT_CASE(large_values),
	KUNIT_CASE(message_too_long),
	KUNIT_CASE(transaction),
	KUNIT_CASE(transaction_conflict),
	KUNIT_CASE(watches),
	KUNIT_CASE(watch_of_a_transaction),
	KUNIT_CASE(far_end_closes),
	KUNIT_CASE(far_end_vanishes),
	{}
};

static struct kunit_suite xenbus_suite = {
	.name = "xenbus",
	.suite_init = xenbus_suite_init,
	.suite_exit = xenbus_suite_exit,
	.init = xenbus_test_init,
	.exit = xenbus_test_exit,
	.test_cases = xenbus_cases,
};

kunit_test_suite(xenbus_suite);

MODULE_DESCRIPTION("KUnit tests of xenbus");
MODULE_LICENSE("GPL");
