// SPDX-License-Identifier: GPL-2.0
/* The VRRP state machine with a clock of its own: every row of RFC 9568's tables (6.4.1 to 6.4.3),
 * what keepalived adds to them, and sync groups. vrrp_sim_t has the random part.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "util.h"
#include "vrrp_group.h"

#define MS	(VRRP_SECOND / 1000)

/* What was asked for, as words: "advert(100) hold announce(master) MASTER" */
static char did[1024];

__printf(1, 2)
static void note_did(const char *format, ...)
{
	size_t len = strlen(did);
	va_list ap;

	/* Nobody looks at as much as that. */
	if (len > sizeof(did) / 2)
		return;
	if (len)
		did[len++] = ' ';
	va_start(ap, format);
	vsnprintf(did + len, sizeof(did) - len, format, ap);
	va_end(ap);
}

static void op_send(struct vrrp *v, uint8_t priority)
{
	(void)v;
	note_did("advert(%u)", priority);
}

static void op_addresses(struct vrrp *v, bool hold)
{
	(void)v;
	note_did(hold ? "hold" : "release");
}

static void op_announce(struct vrrp *v, enum vrrp_announce kind)
{
	static const char *const names[] = { "master", "again", "refresh", "rival", "heal" };

	(void)v;
	note_did("announce(%s)", names[kind]);
}

static void op_changed(struct vrrp *v, enum vrrp_state from, enum vrrp_why why)
{
	(void)from;
	(void)why;
	note_did("%s", vrrp_state_name(v->state));
}

static void op_rival(struct vrrp *v, bool there)
{
	(void)v;
	note_did(there ? "rival" : "no-rival");
}

static const struct vrrp_ops ops = {
	op_send, op_addresses, op_announce, op_changed, op_rival,
};

static bool did_just(const char *want)
{
	bool same = !strcmp(did, want);

	if (!same)
		note("wanted '%s', got '%s'", want, did);
	did[0] = '\0';
	return same;
}

static const struct vrrp_params params = {
	.version = 3, .priority = 100, .advert_int = VRRP_SECOND, .down_adverts = 3,
};

static struct halb_addr ip(unsigned int last)
{
	struct halb_addr a = { .family = AF_INET };

	a.v4.s_addr = htonl(0x0a000000 | last);
	return a;
}

static vrrp_time now;

/* Runs its timers up to a moment. */
static void run_until(struct vrrp *v, vrrp_time until)
{
	while (vrrp_next(v) <= until) {
		now = vrrp_next(v);
		vrrp_timeout(v, now);
	}
	now = until;
}

static void hear(struct vrrp *v, unsigned int from, uint8_t priority, unsigned int interval)
{
	struct vrrp_packet p = { .version = 3, .vrid = 1, .priority = priority, .interval = interval };
	struct halb_addr a = ip(from);

	vrrp_receive(v, now, &a, &p);
}

static struct vrrp fresh(const struct vrrp_params *p)
{
	struct vrrp v;

	vrrp_init(&v, p, &ops);
	v.self = ip(5);
	now = 1000 * VRRP_SECOND;
	did[0] = '\0';
	return v;
}

static struct vrrp as_backup(struct vrrp_params p)
{
	struct vrrp v = fresh(&p);

	vrrp_start(&v, now);
	did[0] = '\0';
	return v;
}

static struct vrrp as_master(struct vrrp_params p)
{
	struct vrrp v = as_backup(p);

	if (v.state == VRRP_BACKUP)
		run_until(&v, v.down);
	did[0] = '\0';
	return v;
}

#define with(...) ({ struct vrrp_params p_ = params; __VA_ARGS__; p_; })

/* --- 6.4.1 Initialize ------------------------------------------------------------- */

static void test_initialize(void)
{
	struct vrrp_params owner = with(p_.priority = 255);
	struct vrrp v = fresh(&owner);

	vrrp_start(&v, now);
	ok(did_just("advert(255) hold announce(master) MASTER") && v.advert == now + VRRP_SECOND,
	   "the owner is master at once");
	v = fresh(&params);
	vrrp_start(&v, now);
	/* 3 + (256 - 100) / 256 */
	ok(did_just("BACKUP") && v.down == now + 3609375, "others begin as backup, for 3.609 s");
	v = fresh(&params);
	hear(&v, 9, 200, 100);
	ok(did_just("") && v.state == VRRP_INIT, "a packet before the start changes nothing");
	vrrp_stop(&v, now);
	ok(did_just(""), "nor does a stop");
}

/* --- 6.4.2 Backup ------------------------------------------------------------------ */

static void test_backup(void)
{
	struct vrrp v = as_backup(params);
	vrrp_time begin = now;

	run_until(&v, begin + 3609374);
	ok(did_just("") && v.state == VRRP_BACKUP, "until the last microsecond of 3.609 s");
	run_until(&v, begin + 3609375);
	ok(did_just("advert(100) hold announce(master) MASTER") && v.why == VRRP_WHY_SILENCE,
	   "then it is master, and tells the others first");

	v = as_backup(params);
	vrrp_stop(&v, now);
	ok(did_just("INIT") && vrrp_next(&v) == VRRP_NEVER, "stop");

	v = as_backup(params);
	hear(&v, 9, 0, 100);
	ok(did_just("") && v.down == now + 609375, "priority 0: the skew time");
	run_until(&v, v.down);
	ok(did_just("advert(100) hold announce(master) MASTER") && v.why == VRRP_WHY_RESIGNED,
	   "... and master");

	v = as_backup(params);
	run_until(&v, now + VRRP_SECOND);
	hear(&v, 9, 101, 100);
	ok(v.down == now + 3609375, "higher priority: the time begins again");
	run_until(&v, now + VRRP_SECOND);
	hear(&v, 4, 100, 100);
	ok(v.down == now + 3609375, "the same priority from a lower address, too");
	hear(&v, 9, 200, 40);
	/* 3 * 0.4 + (256 - 100) * 0.4 / 256 */
	ok(v.down == now + 1443750, "the master's interval counts, not ours");
	hear(&v, 9, 0, 40);
	ok(v.down == now + 243750, "in the skew time as well");

	v = as_backup(params);
	begin = now;
	for (int i = 0; i < 3; i++) {
		run_until(&v, now + VRRP_SECOND);
		hear(&v, 9, 99, 100);
	}
	ok(v.down == begin + 3609375, "lower priority is not listened to");
	run_until(&v, v.down);
	ok(did_just("advert(100) hold announce(master) MASTER") && v.why == VRRP_WHY_PREEMPT,
	   "... and preempted");

	v = as_backup(with(p_.nopreempt = true));
	hear(&v, 9, 1, 100);
	run_until(&v, now + 3 * VRRP_SECOND);
	hear(&v, 9, 1, 100);
	run_until(&v, now + 3 * VRRP_SECOND);
	ok(did_just("") && v.state == VRRP_BACKUP, "nopreempt: lower priority is good enough");
	run_until(&v, now + VRRP_SECOND);
	ok(v.state == VRRP_MASTER, "... while it is heard");
}

/* --- 6.4.3 Active (master) ---------------------------------------------------------- */

static void test_master(void)
{
	struct vrrp v = as_master(params);
	vrrp_time begin = now;

	run_until(&v, now + 2 * VRRP_SECOND);
	ok(did_just("advert(100) advert(100)") && v.advert == now + VRRP_SECOND,
	   "an advertisement each interval");
	hear(&v, 9, 0, 100);
	ok(did_just("advert(100)") && v.advert == now + VRRP_SECOND,
	   "priority 0 is answered, and the interval begins again");
	hear(&v, 4, 101, 40);
	ok(did_just("release BACKUP") && v.why == VRRP_WHY_HIGHER && v.down == now + 1443750 &&
	   v.advert == VRRP_NEVER, "higher priority: backup, for that master's interval");

	v = as_master(params);
	hear(&v, 6, 100, 100);
	ok(did_just("release BACKUP"), "the same priority, a higher address: backup");
	v = as_master(params);
	hear(&v, 4, 100, 100);
	ok(did_just("advert(100) announce(rival) rival") && v.state == VRRP_MASTER,
	   "the same priority, a lower address: asserts itself");
	v = as_master(params);
	hear(&v, 9, 99, 100);
	ok(did_just("advert(100) announce(rival) rival") && v.advert == now + VRRP_SECOND,
	   "lower priority: asserts itself");

	/* Late, as after a suspended machine. */
	v = as_master(params);
	begin = v.advert;
	vrrp_timeout(&v, begin + 300 * MS);
	ok(did_just("advert(100)") && v.advert == begin + VRRP_SECOND,
	   "a late advertisement does not delay the next");
	vrrp_timeout(&v, begin + 10 * VRRP_SECOND);
	ok(did_just("advert(100)") && v.advert == begin + 11 * VRRP_SECOND,
	   "after a long sleep one is sent, not ten");
}

static void test_stop(void)
{
	struct vrrp v = as_master(params);
	vrrp_time begin = now;

	vrrp_stop(&v, now);
	ok(did_just("advert(0)") && v.state == VRRP_MASTER, "stop: priority 0, the addresses stay");
	run_until(&v, begin + 1049 * MS);
	ok(did_just(""), "... no advertisement meanwhile");
	hear(&v, 9, 0, 100);
	ok(did_just(""), "... another one that stops is not the next one");
	hear(&v, 9, 50, 100);
	ok(did_just("release INIT") && vrrp_next(&v) == VRRP_NEVER,
	   "... until the next master is heard, of whatever priority");
	v = as_master(params);
	vrrp_stop(&v, now);
	did[0] = '\0';
	run_until(&v, now + 1050 * MS);
	ok(did_just("release INIT"), "... or as long as that may take");
	v = as_master(params);
	vrrp_stop(&v, now);
	vrrp_stop(&v, now);
	ok(did_just("advert(0) release INIT"), "asked twice, it goes at once");
	v = as_master(with(p_.advert_int = 40 * VRRP_SECOND));
	begin = now;
	vrrp_stop(&v, now);
	run_until(&v, begin + 5 * VRRP_SECOND - 1);
	ok(v.state == VRRP_MASTER, "with a long interval as well");
	run_until(&v, begin + 5 * VRRP_SECOND);
	ok(v.state == VRRP_INIT, "... but never longer than 5 s");
}

/* --- version 2 ------------------------------------------------------------------------ */

static void test_version2(void)
{
	struct vrrp v = as_backup(with(p_.version = 2, p_.advert_int = 10 * VRRP_SECOND));

	ok(v.down == now + 30609375, "version 2: the skew time is a fraction of a second, 0.609");
	v = as_backup(with(p_.version = 3, p_.advert_int = 10 * VRRP_SECOND));
	ok(v.down == now + 36093750, "version 3: of the interval, 6.094");
	v = as_backup(with(p_.down_adverts = 5));
	ok(v.down == now + 5609375, "down_timer_adverts 5");
}

/* --- keepalived's additions ------------------------------------------------------------ */

static void test_preempt_delay(void)
{
	struct vrrp v = as_backup(with(p_.preempt_delay = 10 * VRRP_SECOND));
	vrrp_time begin = now;

	for (int i = 0; i < 10; i++) {
		hear(&v, 9, 50, 100);
		run_until(&v, now + VRRP_SECOND);
	}
	ok(did_just("") && now == begin + 10 * VRRP_SECOND, "preempt_delay 10: obeys for 10 s");
	for (int i = 0; i < 4; i++) {
		hear(&v, 9, 50, 100);
		run_until(&v, now + VRRP_SECOND);
	}
	ok(v.state == VRRP_MASTER && v.why == VRRP_WHY_PREEMPT, "... then preempts");

	v = as_backup(with(p_.preempt_delay = 10 * VRRP_SECOND));
	hear(&v, 9, 50, 100);
	run_until(&v, now + VRRP_SECOND);
	hear(&v, 9, 150, 100);
	run_until(&v, now + VRRP_SECOND);
	hear(&v, 9, 50, 100);
	ok(v.preempt_at == now + 10 * VRRP_SECOND, "... which begins again after a better master");
	run_until(&v, v.down);
	ok(v.state == VRRP_MASTER && v.why != VRRP_WHY_RESIGNED,
	   "... and does not matter when the master is gone");
}

static void test_adverts(void)
{
	struct vrrp v = as_master(with(p_.higher_prio_send_advert = true));

	hear(&v, 9, 200, 100);
	ok(did_just("advert(100) release BACKUP"), "higher_prio_send_advert");
	v = as_master(with(p_.lower_prio_no_advert = true));
	hear(&v, 9, 50, 100);
	ok(did_just("announce(rival) rival"), "lower_prio_no_advert");
}

static void test_garp(void)
{
	struct vrrp v = as_master(with(p_.garp_delay = 5 * VRRP_SECOND + MS));

	run_until(&v, now + 5 * VRRP_SECOND);
	did[0] = '\0';
	run_until(&v, now + MS);
	ok(did_just("announce(again)"), "announces again after garp_master_delay");
	run_until(&v, now + 100 * VRRP_SECOND);
	ok(!strstr(did, "announce"), "... once");
	v = as_master(with(p_.garp_refresh = 10 * VRRP_SECOND + MS, p_.advert_int = 100 * VRRP_SECOND));
	run_until(&v, now + 35 * VRRP_SECOND);
	ok(did_just("announce(refresh) announce(refresh) announce(refresh)"),
	   "garp_master_refresh");

	v = as_master(with(p_.garp_delay = 5 * VRRP_SECOND + MS, p_.garp_refresh = 8 * VRRP_SECOND + MS,
			   p_.advert_int = 100 * VRRP_SECOND));
	run_until(&v, now + 4 * VRRP_SECOND);
	did[0] = '\0';
	vrrp_held_late(&v, now);
	ok(did_just("announce(master)"), "addresses that are held later than it became master: announced then");
	run_until(&v, now + 5 * VRRP_SECOND);
	ok(did_just(""), "... again after garp_master_delay from there");
	run_until(&v, now + 2 * MS);
	ok(did_just("announce(again)"), "... not from when it became master");
	run_until(&v, now + 3 * VRRP_SECOND);
	ok(did_just("announce(refresh)"), "... and so the refreshes");
}

static void test_rival(void)
{
	struct vrrp v = as_master(params);

	for (int i = 0; i < 20; i++) {
		hear(&v, 9, 50, 1);
		run_until(&v, now + 10 * MS);
	}
	ok(v.counters.rivals == 20 && strstr(did, "announce(rival)") &&
	   !strstr(strstr(did, "announce(rival)") + 1, "announce(rival)"),
	   "a second master that talks much makes us announce once per interval");
	did[0] = '\0';
	run_until(&v, now + 1990 * MS);
	ok(did_just("advert(100) advert(100) announce(heal) no-rival"),
	   "when it is silent, the addresses are announced again");
	run_until(&v, now + 100 * VRRP_SECOND);
	ok(!strstr(did, "announce"), "... once");
	hear(&v, 9, 50, 100);
	did[0] = '\0';
	hear(&v, 9, 200, 100);
	ok(did_just("no-rival release BACKUP"), "a rival is forgotten with the state");
}

/* --- what is tracked --------------------------------------------------------------------- */

static void test_weight(void)
{
	struct vrrp v = as_backup(params);
	vrrp_time begin = now;

	vrrp_set_weight(&v, now, -50);
	ok(v.priority == 50 && v.down == begin + 3000000 + 206 * VRRP_SECOND / 256,
	   "a weight changes the skew time that runs");
	vrrp_set_weight(&v, now, 1000);
	ok(v.priority == 254, "no priority above 254");
	vrrp_set_weight(&v, now, -1000);
	ok(v.priority == 1, "none below 1");
	vrrp_set_weight(&v, now, 0);
	ok(v.priority == 100 && v.down == begin + 3609375, "without weights all is as before");
	run_until(&v, begin + 3609375);
	did[0] = '\0';
	vrrp_set_weight(&v, now, -10);
	run_until(&v, v.advert);
	ok(did_just("advert(90)"), "a master advertises the effective priority");
	v = as_master(with(p_.priority = 255));
	vrrp_set_weight(&v, now, -10);
	ok(v.priority == 255, "the owner's priority stays");
}

static void test_fault(void)
{
	struct vrrp v = as_master(params);

	vrrp_set_fault(&v, now, true);
	ok(did_just("release advert(0) FAULT") && vrrp_next(&v) == VRRP_NEVER,
	   "a master's fault: releases, then says so");
	hear(&v, 9, 50, 100);
	ok(did_just(""), "... and does not listen");
	vrrp_set_fault(&v, now, true);
	ok(did_just(""), "... told once");
	vrrp_set_fault(&v, now, false);
	ok(did_just("BACKUP") && v.down == now + 3609375 && v.why == VRRP_WHY_RECOVERED,
	   "recovered, it is backup");
	vrrp_set_fault(&v, now, true);
	ok(did_just("FAULT"), "a backup's fault");
	vrrp_stop(&v, now);
	ok(did_just("INIT"), "stopped in fault");
	vrrp_set_fault(&v, now, false);
	ok(did_just(""), "recovery after the stop");
	vrrp_set_fault(&v, now, true);
	vrrp_start(&v, now);
	ok(did_just("FAULT"), "started in fault");
	v = as_master(with(p_.priority = 255));
	vrrp_set_fault(&v, now, true);
	did[0] = '\0';
	vrrp_set_fault(&v, now, false);
	ok(did_just("advert(255) hold announce(master) MASTER"), "the owner recovers as master");
	vrrp_stop(&v, now);
	did[0] = '\0';
	vrrp_set_fault(&v, now, true);
	ok(did_just(""), "a fault while leaving changes nothing");
}

static void test_reload(void)
{
	struct vrrp v = as_master(params);
	struct vrrp_params faster = with(p_.advert_int = 100 * MS);

	vrrp_set_params(&v, now, &params);
	ok(did_just(""), "the same parameters: nothing");
	vrrp_set_params(&v, now, &faster);
	ok(did_just("advert(100)") && v.state == VRRP_MASTER && v.advert == now + 100 * MS,
	   "a master with another interval tells it at once, and stays");
	ok(vrrp_down_interval(&v) == 360937, "... and others would wait for as long as that means");
	v = as_backup(params);
	vrrp_set_params(&v, now, &faster);
	ok(did_just("") && v.down == now + 360937, "a backup that has not heard a master yet");
}

/* --- groups ---------------------------------------------------------------------------- */

static struct vrrp a, b;
static struct vrrp *members[] = { &a, &b };
static struct vrrp_group group;
static unsigned int group_changes;

static void op_group(struct vrrp_group *g)
{
	(void)g;
	group_changes++;
}

static void group_fresh(void)
{
	group = (struct vrrp_group){ .members = members, .count = 2, .changed = op_group };
	a = fresh(&params);
	b = fresh(&params);
	a.group = b.group = &group;
	group_changes = 0;
	vrrp_start(&a, now);
	vrrp_start(&b, now);
	did[0] = '\0';
}

static void test_group(void)
{
	group_fresh();
	ok(group.state == VRRP_BACKUP && group_changes == 1, "a group begins as backup");
	hear(&b, 9, 200, 100);
	run_until(&a, a.down);
	ok(did_just("advert(100) hold announce(master) MASTER advert(100) hold announce(master) MASTER") &&
	   a.why == VRRP_WHY_SILENCE && b.why == VRRP_WHY_GROUP && group_changes == 2,
	   "one becomes master: both do");
	hear(&b, 9, 200, 100);
	ok(did_just("release BACKUP release BACKUP"), "one goes back: both do");
	vrrp_set_fault(&b, now, true);
	ok(did_just("FAULT FAULT") && group.state == VRRP_FAULT, "one has a fault: both have");
	vrrp_set_fault(&a, now, true);
	vrrp_set_fault(&b, now, false);
	ok(did_just(""), "no recovery while another has one");
	vrrp_set_fault(&a, now, false);
	ok(did_just("BACKUP BACKUP"), "both recover together");
	run_until(&a, a.down);
	did[0] = '\0';
	vrrp_set_fault(&b, now, true);
	ok(did_just("release advert(0) FAULT release advert(0) FAULT"),
	   "a fault of one master: both say so");

	group_fresh();
	vrrp_stop(&b, now);
	vrrp_stop(&b, now);
	group.count = 1;
	run_until(&a, a.down);
	group.count = 2;
	did[0] = '\0';
	vrrp_start(&b, now);
	ok(did_just("advert(100) hold announce(master) MASTER") && a.state == VRRP_MASTER &&
	   b.why == VRRP_WHY_GROUP, "one that comes to a group of masters is master");

	group_fresh();
	vrrp_stop(&b, now);
	did[0] = '\0';
	run_until(&a, a.down);
	ok(did_just("") && a.state == VRRP_BACKUP, "none is master while another one is stopped");
	vrrp_stop(&a, now);
	vrrp_set_fault(&b, now, true);
	did[0] = '\0';
	vrrp_start(&a, now);
	ok(did_just("FAULT"), "starting beside one with a fault");
}

int main(void)
{
	test_initialize();
	test_backup();
	test_master();
	test_stop();
	test_version2();
	test_preempt_delay();
	test_adverts();
	test_garp();
	test_rival();
	test_weight();
	test_fault();
	test_reload();
	test_group();
	return done();
}
