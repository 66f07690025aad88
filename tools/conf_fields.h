/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of the model, by name: what a configuration looks like as text, line by
 * line, and so what differs between two of them.
 */
#ifndef HALB_CONF_FIELDS_H
#define HALB_CONF_FIELDS_H

#include "conf.h"

enum field_kind {
	FIELD_BOOL, FIELD_U8, FIELD_U16, FIELD_U32, FIELD_INT, FIELD_TIME, FIELD_STRING,
	FIELD_NAME,			/* a char array */
	FIELD_ADDR, FIELD_SCRIPT,
	FIELD_HEX,			/* `size` bytes */
	FIELD_BYTES,			/* a pointer, and a size_t after it */
	FIELD_WORDS,			/* a list of strings */
	FIELD_STRUCT,			/* of `sub` */
	FIELD_LIST,			/* a pointer and a count, of `sub` */
	FIELD_POINTER,			/* to one `sub`, or NULL */
};

struct fields;
struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t size;
	const struct fields *sub;
};

struct fields {
	const struct field *fields;
	size_t count;
	size_t size;			/* of the struct */
};

extern const struct fields fields_global, fields_daemon, fields_ipaddr, fields_route, fields_rule,
	fields_script, fields_process, fields_track_file, fields_track_group, fields_garp_group,
	fields_group, fields_vrrp, fields_service, fields_server;

/* A line for each member that has a value: "PREFIX.NAME VALUE" */
void fields_print(FILE *out, const struct fields *fields, const void *object, const char *prefix);

#endif
