/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nl's own: the structs of model.h to and from netlink attributes. Nothing but
 * nl.c and the tests includes this.
 */
#ifndef HALB_NL_CODEC_H
#define HALB_NL_CODEC_H

#include <libmnl/libmnl.h>

#include "model.h"

/* More than the attributes of any one object need: whoever appends an object
 * makes sure of this much room first.
 */
#define NL_OBJECT_MAX	1024

/* Each puts one nest of the type given. */
void nl_put_key(struct nlmsghdr *nlh, uint16_t type, const struct halb_key *key);
void nl_put_service(struct nlmsghdr *nlh, uint16_t type,
		    const struct halb_service *service);
/* key_only: what names the server, without what it is like */
void nl_put_server(struct nlmsghdr *nlh, uint16_t type,
		   const struct halb_server *server, bool key_only);
/* the request of a dump: the servers of one service */
void nl_put_server_filter(struct nlmsghdr *nlh, uint16_t type,
			  const struct halb_key *service);
void nl_put_conn(struct nlmsghdr *nlh, uint16_t type, const struct halb_conn *conn);
void nl_put_settings(struct nlmsghdr *nlh, uint16_t type,
		     const struct halb_settings *settings);
void nl_put_instance(struct nlmsghdr *nlh, uint16_t type,
		     const struct halb_instance *instance);
void nl_put_change(struct nlmsghdr *nlh, uint16_t type,
		   const struct halb_change *change);

/* Each reads one nest; 0 or -EBADMSG. Attributes that are not known are passed
 * over: the kernel's module may be newer.
 */
int nl_get_service(const struct nlattr *nest, struct halb_service *service);
int nl_get_server(const struct nlattr *nest, struct halb_server *server);
int nl_get_conn(const struct nlattr *nest, struct halb_conn *conn);
int nl_get_settings(const struct nlattr *nest, struct halb_settings *settings);
int nl_get_instance(const struct nlattr *nest, struct halb_instance *instance);
int nl_get_stats(const struct nlattr *nest, struct halb_stats *stats);
int nl_get_counter(const struct nlattr *nest, struct halb_counter *counter);

/* Scalars; false if the attribute is too short. */
bool nl_get_u32(const struct nlattr *attr, uint32_t *value);
bool nl_get_string(const struct nlattr *attr, char *buf, size_t size);

#endif
