/* SPDX-License-Identifier: GPL-2.0 */
/*
 * halbctl's grammar: words to objects, and objects to the words that make them.
 * The same for command lines and for what save writes and restore reads.
 */
#ifndef HALB_GRAMMAR_H
#define HALB_GRAMMAR_H

#include "args.h"
#include "model.h"

/* Longest line that grammar_format() makes, with its NUL. */
#define GRAMMAR_LINE	512

/* tcp|udp|sctp ADDR:PORT, or fwmark N [inet6] */
bool grammar_key(struct args *args, struct halb_key *key);
/* ADDR[:PORT] of a server of `service`; without a port it has the service's. */
bool grammar_server_addr(struct args *args, const struct halb_key *service,
			 struct halb_server *server);
/* The filter of conn show and conn flush: all words that are left. */
bool grammar_conn_filter(struct args *args, struct halb_conn *filter);

/* A whole command that changes the configuration, from its noun on:
 * service add|set|del|flush, server add|set|del|drain, settings set.
 */
bool grammar_change(struct args *args, struct halb_change *change);

/* The reverse: the line of a change whose objects are the kernel's answers. */
const char *grammar_format(const struct halb_change *change,
			   char line[static GRAMMAR_LINE]);

/* " persistent 300 netmask 255.255.255.0 sh-port", each with a blank before it;
 * empty without any. Returns buf.
 */
const char *grammar_format_options(const struct halb_service *service,
				   char *buf, size_t size);
const char *grammar_format_server_options(const struct halb_server *server,
				  char *buf, size_t size);

#endif
