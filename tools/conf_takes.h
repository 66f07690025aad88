/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks of the top level, and values that several tables have. */
#ifndef HALB_CONF_TAKES_H
#define HALB_CONF_TAKES_H

#include "conf_priv.h"

#define TAKE(name) \
	void conf_take_##name(struct parser *p, const struct conf_row *row, \
			      const struct node *node, void *object)

/* conf_vrrp.c */
TAKE(static_ipaddress);
TAKE(static_routes);
TAKE(static_rules);
TAKE(track_group);
TAKE(garp_group);
TAKE(vrrp_script);
TAKE(track_process);
TAKE(track_file);
TAKE(sync_group);
TAKE(instance);

/* conf_service.c */
TAKE(server_group);
TAKE(virtual_server);

/* conf_check.c */
TAKE(check);

TAKE(weight);
TAKE(user);

#undef TAKE

#endif
