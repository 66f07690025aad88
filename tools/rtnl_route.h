/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Routes and rules of the configuration as what the kernel is asked, ready to be sent. Plain
 * data, as addresses are: the supervisor takes them away again without knowing a configuration.
 */
#ifndef HALB_RTNL_ROUTE_H
#define HALB_RTNL_ROUTE_H

#include "conf.h"

#define RTNL_REQUEST_MAX	960

struct rtnl_request {
	_Alignas(8) uint8_t message[RTNL_REQUEST_MAX];
	uint16_t len;			/* 0: there is none */
	bool rule;
	bool no_track;			/* nobody minds if it goes */
	unsigned int line;		/* of the configuration */
};

/* Both return 0, -ENODEV if an interface that it names is not there, or -EMSGSIZE. */
int rtnl_route(struct rtnl_request *request, const struct conf_route *route);
int rtnl_rule(struct rtnl_request *request, const struct conf_rule *rule);

bool rtnl_request_equal(const struct rtnl_request *a, const struct rtnl_request *b);

/* Both return 0 or a negative errno. What was there is -EEXIST, what was not -ESRCH. */
int rtnl_request_add(const struct rtnl_request *request);
int rtnl_request_del(const struct rtnl_request *request);

#endif
