// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of event channels: a domain may offer a port to itself, so each
 * test has both ends of a channel.
 */

#include <kunit/test.h>

#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/irq.h>
#include <linux/smp.h>

#include <asm/xen/hypercall.h>
#include <xen/events.h>
#include <xen/evtchn.h>
#include <xen/xen.h>
#include <xen/xen-ops.h>
#include <xen/xenbus.h>

#define WAIT_US		(20 * USEC_PER_SEC)
/* How long an event that must not come gets the chance to. */
#define SETTLE_MS	10
#define NO_IRQ		(-1U)

/* Trees without this have no static channels, and nobody asks for one. */
#ifdef IOCTL_EVTCHN_BIND_STATIC
#define make_refcounted(port)	evtchn_make_refcounted(port, false)
#else
#define make_refcounted(port)	evtchn_make_refcounted(port)
#endif

/* One end of the channel. */
struct end {
	int irq;
	atomic_t events;
	/* Of the last event: where it came, and how many had been sent then. */
	int cpu;
	int seen;
	/* How often to send an event back. */
	atomic_t returns;
	bool late;
	bool hold;
	unsigned int eoi_flags;
	struct pair *pair;
};

/*
 * The channel. The local end is offered by xenbus_alloc_evtchn(), as a
 * frontend's is; the remote end attaches itself to it, as a backend does.
 */
struct pair {
	struct xenbus_device dev;
	evtchn_port_t port;
	atomic_t sent;
	struct end local;
	struct end remote;
	unsigned int open_before;
};

static int port_status(evtchn_port_t port, struct evtchn_status *status)
{
	*status = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
	return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

static bool port_is(evtchn_port_t port, u32 what)
{
	struct evtchn_status status;

	return !port_status(port, &status) && status.status == what;
}

/* Xen knows no port from the first one on that it has no memory for. */
static unsigned int open_ports(void)
{
	struct evtchn_status status;
	unsigned int port, open = 0;

	for (port = 0; port < xen_evtchn_nr_channels(); port++) {
		if (port_status(port, &status))
			break;
		open += status.status != EVTCHNSTAT_closed;
	}
	return open;
}

static irqreturn_t count_event(int irq, void *data)
{
	struct end *end = data;

	end->cpu = smp_processor_id();
	end->seen = atomic_read(&end->pair->sent);
	atomic_inc(&end->events);
	if (atomic_dec_if_positive(&end->returns) >= 0)
		notify_remote_via_irq(irq);
	if (end->late && !end->hold)
		xen_irq_lateeoi(irq, end->eoi_flags);
	return IRQ_HANDLED;
}

static void wait_for_events(struct end *end, int want)
{
	int count;

	read_poll_timeout(atomic_read, count, count >= want, 50, WAIT_US, false,
			  &end->events);
}

static void expect_events(struct kunit *test, struct end *end, int want,
			  const char *what)
{
	wait_for_events(end, want);
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&end->events), want, "%s", what);
}

/* An event for @end; it takes the other end to send it. */
static void send_to(struct end *end)
{
	struct pair *pair = end->pair;

	atomic_inc(&pair->sent);
	notify_remote_via_irq(end == &pair->local ? pair->remote.irq :
						    pair->local.irq);
}

static void offer(struct kunit *test)
{
	struct pair *pair = test->priv;

	KUNIT_ASSERT_EQ(test, xenbus_alloc_evtchn(&pair->dev, &pair->port), 0);
}

static void bind_local(struct kunit *test)
{
	struct pair *pair = test->priv;
	int irq;

	irq = bind_evtchn_to_irqhandler(pair->port, count_event, 0,
					"kunit-local", &pair->local);
	KUNIT_ASSERT_GT(test, irq, 0);
	pair->local.irq = irq;
}

static void attach_remote(struct kunit *test)
{
	struct pair *pair = test->priv;
	int irq;

	irq = bind_interdomain_evtchn_to_irqhandler_lateeoi(&pair->dev,
							    pair->port,
							    count_event, 0,
							    "kunit-remote",
							    &pair->remote);
	KUNIT_ASSERT_GT(test, irq, 0);
	pair->remote.irq = irq;
	/* Xen sends it, in case the other end has sent before it could arrive. */
	expect_events(test, &pair->remote, 1, "for being attached");
	atomic_set(&pair->remote.events, 0);
	atomic_set(&pair->dev.events, 0);
}

static struct pair *connect(struct kunit *test)
{
	offer(test);
	bind_local(test);
	attach_remote(test);
	return test->priv;
}

static void unbind(struct end *end)
{
	if (end->irq)
		unbind_from_irqhandler(end->irq, end);
	end->irq = 0;
}

static void disconnect(struct pair *pair)
{
	unbind(&pair->remote);
	/* Who unbinds a port closes it. */
	if (pair->local.irq)
		unbind(&pair->local);
	else if (pair->port && !port_is(pair->port, EVTCHNSTAT_closed))
		xenbus_free_evtchn(&pair->dev, pair->port);
	pair->port = 0;
}

static void bind_and_unbind(struct kunit *test)
{
	struct pair *pair = test->priv;
	evtchn_port_t port;

	offer(test);
	port = pair->port;
	KUNIT_EXPECT_TRUE(test, port_is(port, EVTCHNSTAT_unbound));
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(port), NO_IRQ);

	bind_local(test);
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(port), pair->local.irq);
	KUNIT_EXPECT_EQ(test, bind_evtchn_to_irq(port), pair->local.irq);

	unbind(&pair->local);
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(port), NO_IRQ);
	KUNIT_EXPECT_TRUE(test, port_is(port, EVTCHNSTAT_closed));
}

static void interdomain_loopback(struct kunit *test)
{
	struct pair *pair = connect(test);
	struct evtchn_status status;

	KUNIT_ASSERT_EQ(test, port_status(pair->port, &status), 0);
	KUNIT_EXPECT_EQ(test, status.status, EVTCHNSTAT_interdomain);
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(status.u.interdomain.port),
			pair->remote.irq);
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.event_channels), 1);

	send_to(&pair->remote);
	expect_events(test, &pair->remote, 1, "to the end that attached itself");
	expect_events(test, &pair->local, 0, "its sender");
	send_to(&pair->local);
	expect_events(test, &pair->local, 1, "to the end that was offered");
	expect_events(test, &pair->remote, 1, "its sender");
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.events), 1);

	unbind(&pair->remote);
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.event_channels), 0);
}

static void far_end_closes(struct kunit *test)
{
	struct pair *pair = connect(test);

	unbind(&pair->remote);
	KUNIT_EXPECT_TRUE(test, port_is(pair->port, EVTCHNSTAT_unbound));
	/* Into the void. */
	notify_remote_via_irq(pair->local.irq);

	attach_remote(test);
	send_to(&pair->local);
	expect_events(test, &pair->local, 1, "from the next far end");
	send_to(&pair->remote);
	expect_events(test, &pair->remote, 1, "to the next far end");
}

static void masked_event_waits(struct kunit *test)
{
	struct pair *pair = connect(test);
	int i;

	disable_irq(pair->local.irq);
	disable_irq(pair->local.irq);
	for (i = 0; i < 3; i++)
		send_to(&pair->local);
	expect_events(test, &pair->local, 0, "disabled twice");
	enable_irq(pair->local.irq);
	expect_events(test, &pair->local, 0, "enabled once");
	enable_irq(pair->local.irq);
	expect_events(test, &pair->local, 1, "enabled twice");
	send_to(&pair->local);
	expect_events(test, &pair->local, 2, "after that");
}

static void pending_event_is_cleared(struct kunit *test)
{
	struct pair *pair = connect(test);

	disable_irq(pair->local.irq);
	send_to(&pair->local);
	xen_clear_irq_pending(pair->local.irq);
	enable_irq(pair->local.irq);
	expect_events(test, &pair->local, 0, "cleared while disabled");
	send_to(&pair->local);
	expect_events(test, &pair->local, 1, "after that");
}

static void affinity(struct kunit *test)
{
	struct pair *pair = connect(test);
	struct evtchn_status status;
	int cpu, events = 0;

	for_each_online_cpu(cpu) {
		/* Not there with one CPU only. */
		if (IS_ENABLED(CONFIG_SMP))
			KUNIT_EXPECT_EQ(test, irq_set_affinity(pair->local.irq,
							       cpumask_of(cpu)), 0);
		KUNIT_ASSERT_EQ(test, port_status(pair->port, &status), 0);
		KUNIT_EXPECT_EQ(test, status.vcpu, xen_vcpu_nr(cpu));
		pair->local.cpu = -1;
		send_to(&pair->local);
		expect_events(test, &pair->local, ++events, "one more event");
		KUNIT_EXPECT_EQ(test, pair->local.cpu, cpu);
	}
}

/* Events may merge, but a handler runs after the last one was sent. */
static void storm(struct kunit *test)
{
	struct pair *pair = connect(test);
	int i, seen;

	for (i = 0; i < 2000; i++) {
		send_to(&pair->local);
		send_to(&pair->remote);
	}
	read_poll_timeout(READ_ONCE, seen, seen == 4000, 50, WAIT_US, false,
			  pair->remote.seen);
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ(test, pair->remote.seen, 4000);
	KUNIT_EXPECT_GE(test, pair->local.seen, 3999);
	KUNIT_EXPECT_GT(test, atomic_read(&pair->local.events), 0);
	KUNIT_EXPECT_LE(test, atomic_read(&pair->local.events), 2000);
	KUNIT_EXPECT_LE(test, atomic_read(&pair->remote.events), 2000);
}

/* Each event is answered, so none can merge with another. */
static void ping_pong(struct kunit *test)
{
	struct pair *pair = connect(test);

	atomic_set(&pair->local.returns, 1000);
	atomic_set(&pair->remote.returns, 1000);
	send_to(&pair->local);
	expect_events(test, &pair->local, 1001, "at the offered end");
	expect_events(test, &pair->remote, 1000, "at the attached end");
}

static void late_eoi(struct kunit *test)
{
	struct pair *pair = connect(test);

	pair->remote.hold = true;
	send_to(&pair->remote);
	expect_events(test, &pair->remote, 1, "the first event");
	send_to(&pair->remote);
	send_to(&pair->remote);
	expect_events(test, &pair->remote, 1, "before the EOI");
	xen_irq_lateeoi(pair->remote.irq, 0);
	expect_events(test, &pair->remote, 2, "after the EOI");
	xen_irq_lateeoi(pair->remote.irq, 0);
	expect_events(test, &pair->remote, 2, "after the second EOI");
}

/*
 * From the second spurious event in a row on its EOI is delayed, each time
 * twice as long.
 */
static void spurious_events_slow_down(struct kunit *test)
{
	struct pair *pair = connect(test);
	int i;

	pair->remote.eoi_flags = XEN_EOI_FLAG_SPURIOUS;
	for (i = 1; i <= 5; i++) {
		send_to(&pair->remote);
		expect_events(test, &pair->remote, i, "a spurious event");
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.spurious_events), 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.jiffies_eoi_delayed),
			0 + 1 + 2 + 4 + 8);

	/* One with work to do behind it makes up for all of them. */
	pair->remote.eoi_flags = 0;
	send_to(&pair->remote);
	expect_events(test, &pair->remote, 6, "an event with work to do");
	pair->remote.eoi_flags = XEN_EOI_FLAG_SPURIOUS;
	send_to(&pair->remote);
	expect_events(test, &pair->remote, 7, "the first spurious one again");
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->dev.jiffies_eoi_delayed),
			0 + 1 + 2 + 4 + 8);
}

static void port_is_used_again(struct kunit *test)
{
	struct pair *pair = connect(test);
	evtchn_port_t first = pair->port;
	int i;

	disconnect(pair);
	for (i = 1; i <= 100; i++) {
		connect(test);
		/*
		 * Xen gives out the lowest port that is free and has no event
		 * in the queue of a vCPU.
		 */
		KUNIT_ASSERT_EQ(test, pair->port, first);
		send_to(&pair->local);
		wait_for_events(&pair->local, i);
		disconnect(pair);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&pair->local.events), 100);
}

static void pending_event_is_not_inherited(struct kunit *test)
{
	struct pair *pair = connect(test);
	evtchn_port_t first = pair->port;

	disable_irq(pair->local.irq);
	send_to(&pair->local);
	disconnect(pair);

	connect(test);
	KUNIT_ASSERT_EQ(test, pair->port, first);
	expect_events(test, &pair->local, 0, "of the port's last owner");
	send_to(&pair->local);
	expect_events(test, &pair->local, 1, "of its new owner");
}

static void references(struct kunit *test)
{
	struct pair *pair = test->priv;
	evtchn_port_t port;

	offer(test);
	port = pair->port;
	KUNIT_ASSERT_GT(test, bind_evtchn_to_irq(port), 0);
	KUNIT_EXPECT_EQ_MSG(test, evtchn_get(port), -EINVAL, "not counted yet");
	KUNIT_EXPECT_EQ(test, make_refcounted(port), 0);
	KUNIT_EXPECT_EQ(test, evtchn_get(port), 0);
	evtchn_put(port);
	KUNIT_EXPECT_TRUE(test, port_is(port, EVTCHNSTAT_unbound));
	KUNIT_EXPECT_NE(test, irq_from_evtchn(port), NO_IRQ);
	evtchn_put(port);
	KUNIT_EXPECT_TRUE(test, port_is(port, EVTCHNSTAT_closed));
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(port), NO_IRQ);
}

static void refused(struct kunit *test)
{
	struct pair *pair = test->priv;
	evtchn_port_t none = -1;

	KUNIT_EXPECT_EQ(test, bind_evtchn_to_irq(none), -ENOMEM);
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(none), NO_IRQ);
	KUNIT_EXPECT_EQ(test, evtchn_get(none), -EINVAL);

	offer(test);
	KUNIT_EXPECT_EQ(test, evtchn_get(pair->port), -ENOENT);
	KUNIT_EXPECT_EQ(test, make_refcounted(pair->port), -ENOENT);
	/* No handler; the port is closed with what had been bound to it. */
	KUNIT_EXPECT_EQ(test, bind_evtchn_to_irqhandler(pair->port, NULL, 0,
							"kunit", NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_from_evtchn(pair->port), NO_IRQ);
	KUNIT_EXPECT_TRUE(test, port_is(pair->port, EVTCHNSTAT_closed));
	/* Nobody offers it any more. */
	KUNIT_EXPECT_LT(test, bind_interdomain_evtchn_to_irq_lateeoi(&pair->dev,
								     pair->port),
			0);
}

static int evtchn_init(struct kunit *test)
{
	struct pair *pair;

	if (!xen_domain())
		kunit_skip(test, "not running on Xen");
	pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return -ENOMEM;
	pair->dev.otherend_id = DOMID_SELF;
	pair->dev.spurious_threshold = 1;
	pair->local.pair = pair;
	pair->remote.pair = pair;
	pair->remote.late = true;
	pair->open_before = open_ports();
	test->priv = pair;
	return 0;
}

static void evtchn_exit(struct kunit *test)
{
	struct pair *pair = test->priv;

	if (!pair)
		return;
	disconnect(pair);
	KUNIT_EXPECT_EQ_MSG(test, open_ports(), pair->open_before, "open ports");
}

static struct kunit_case evtchn_cases[] = {
	KUNIT_CASE(bind_and_unbind),
	KUNIT_CASE(interdomain_loopback),
	KUNIT_CASE(far_end_closes),
	KUNIT_CASE(masked_event_waits),
	KUNIT_CASE(pending_event_is_cleared),
	KUNIT_CASE(affinity),
	KUNIT_CASE(storm),
	KUNIT_CASE(ping_pong),
	KUNIT_CASE(late_eoi),
	KUNIT_CASE(spurious_events_slow_down),
	KUNIT_CASE(port_is_used_again),
	KUNIT_CASE(pending_event_is_not_inherited),
	KUNIT_CASE(references),
	KUNIT_CASE(refused),
	{}
};

static struct kunit_suite evtchn_suite = {
	.name = "xen_evtchn",
	.init = evtchn_init,
	.exit = evtchn_exit,
	.test_cases = evtchn_cases,
};

kunit_test_suite(evtchn_suite);

MODULE_DESCRIPTION("KUnit tests of Xen event channels");
MODULE_LICENSE("GPL");
