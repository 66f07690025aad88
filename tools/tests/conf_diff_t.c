// SPDX-License-Identifier: GPL-2.0
/* What a reload changes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_diff.h"
#include "tap.h"

static char path[64] = "/tmp/conf_diff_t.XXXXXX";

static struct conf *load(const char *text)
{
	struct conf_messages messages = { 0 };
	FILE *file = fopen(path, "w");
	struct conf *conf;

	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
	conf_load(path, NULL, &conf, &messages);
	for (size_t i = 0; i < messages.count; i++)
		if (messages.messages[i].severity >= CONF_ERROR)
			note("%u: %s", messages.messages[i].pos.line, messages.messages[i].text);
	conf_messages_free(&messages);
	if (!conf)
		abort();
	return conf;
}

/* "changed vrrp_instance V: priority 100 -> 150", lines of it */
static char *differences(const struct conf *was, const struct conf *is)
{
	static const char *const changes[] = { "added", "removed", "changed" };
	struct conf_differences list;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	conf_diff(was, is, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct conf_difference *d = &list.list[i];

		fprintf(out, "%s %s %s%s%s\n", changes[d->change], conf_what_name(d->what), d->name,
			*d->members ? ": " : "", d->members);
		if ((d->was != NULL) == (d->change == CONF_ADDED) ||
		    (d->is != NULL) == (d->change == CONF_REMOVED))
			fputs("wrong pointers\n", out);
		if (d->what == CONF_WHAT_SERVER && !d->service_was && !d->service_is)
			fputs("no service\n", out);
	}
	conf_differences_free(&list);
	fclose(out);
	return text;
}

static void is_changed(const char *name, const char *was, const char *is, const char *wanted)
{
	struct conf *old = load(was), *new = load(is);
	char *got = differences(old, new);

	if (!ok(!strcmp(got, wanted), "%s", name)) {
		note("wanted %s", wanted);
		note("got    %s", got);
	}
	free(got);
	conf_free(old);
	conf_free(new);
}

#define V(name, id, more) \
	"vrrp_instance " name " {\n interface eth0\n virtual_router_id " id "\n" more "}\n"
#define VIP(addr)	"virtual_ipaddress { " addr " }\n"
#define S(addr, more)	"virtual_server " addr " 80 {\nlb_kind DR\n" more "}\n"
#define R(addr, more)	"real_server " addr " 80 {\n" more "}\n"

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	is_changed("the same", V("V", "1", VIP("192.0.2.1")), V("V", "1", VIP("192.0.2.1")), "");
	is_changed("other lines, spaces and order of blocks",
		   V("V", "1", VIP("192.0.2.1")) V("W", "2", VIP("192.0.2.2")),
		   "# a comment\n\n" V("W", "2", VIP("192.0.2.2")) "\n" V("V", "1", VIP("192.0.2.1")), "");
	is_changed("a default that is written down",
		   V("V", "1", VIP("192.0.2.1")), V("V", "1", "priority 100\nadvert_int 1\n" VIP("192.0.2.1")),
		   "");
	is_changed("a priority", V("V", "1", VIP("192.0.2.1")), V("V", "1", "priority 150\n" VIP("192.0.2.1")),
		   "changed vrrp_instance V: priority 100 -> 150\n");
	is_changed("an instance more, one less", V("V", "1", VIP("192.0.2.1")), V("W", "2", VIP("192.0.2.1")),
		   "removed vrrp_instance V\nadded vrrp_instance W\n");
	is_changed("an address moves to another instance",
		   V("V", "1", VIP("192.0.2.1")) V("W", "2", VIP("192.0.2.2\n192.0.2.3")),
		   V("V", "1", VIP("192.0.2.1\n192.0.2.3")) V("W", "2", VIP("192.0.2.2")),
		   "changed vrrp_instance V: vips[1].addr (none) -> 192.0.2.3; vips[1].prefix (none) -> 32; vips[1].scope (none) -> -1; vips[1].peer_prefix (none) -> 0; vips[1].flags (none) -> 0; vips[1].preferred_lft (none) -> 4294967295; vips[1].no_track (none) -> no; vips[1].use_vmac (none) -> no\n"
		   "changed vrrp_instance W: vips[1].addr 192.0.2.3 -> (none); vips[1].prefix 32 -> (none); vips[1].scope -1 -> (none); vips[1].peer_prefix 0 -> (none); vips[1].flags 0 -> (none); vips[1].preferred_lft 4294967295 -> (none); vips[1].no_track no -> (none); vips[1].use_vmac no -> (none)\n");
	is_changed("passwords are not told",
		   V("V", "1", "authentication { auth_type PASS\nauth_pass a }\n" VIP("192.0.2.1")),
		   V("V", "1", "authentication { auth_type PASS\nauth_pass b }\n" VIP("192.0.2.1")),
		   "changed vrrp_instance V: auth_pass (changed)\n");
	is_changed("a weight", S("192.0.2.1", R("10.0.0.1", "weight 1\n") R("10.0.0.2", "")),
		   S("192.0.2.1", R("10.0.0.1", "weight 3\n") R("10.0.0.2", "")),
		   "changed real_server 10.0.0.1:80: weight 1 -> 3\n");
	is_changed("a server more, one less, in another order",
		   S("192.0.2.1", R("10.0.0.1", "") R("10.0.0.2", "")),
		   S("192.0.2.1", R("10.0.0.3", "") R("10.0.0.1", "")),
		   "removed real_server 10.0.0.2:80\nadded real_server 10.0.0.3:80\n");
	is_changed("a service goes with its servers, another comes",
		   S("192.0.2.1", R("10.0.0.1", "")), S("192.0.2.2", R("10.0.0.1", "")),
		   "removed virtual_server tcp 192.0.2.1 80\nremoved real_server 10.0.0.1:80\n"
		   "added virtual_server tcp 192.0.2.2 80\nadded real_server 10.0.0.1:80\n");
	is_changed("what is inherited", S("192.0.2.1", R("10.0.0.1", "TCP_CHECK { }\n")),
		   S("192.0.2.1", "delay_loop 60\nretry 5\n" R("10.0.0.1", "TCP_CHECK { }\n")),
		   "changed real_server 10.0.0.1:80: checks[0].retry 1 -> 5\n");
	is_changed("global_defs, and what instances inherit of it",
		   "global_defs { router_id w }\n" V("V", "1", VIP("192.0.2.1")),
		   "global_defs {\nrouter_id x\nvrrp_version 3\n}\nglobal_defs { router_id y }\n"
		   V("V", "1", "version 2\n" VIP("192.0.2.1")),
		   "changed global_defs global_defs: router_id w -> y\n");
	unlink(path);
	return done();
}
