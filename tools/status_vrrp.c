// SPDX-License-Identifier: GPL-2.0
/* halbctl status: VRRP instances. */
#include "status_show.h"

enum { NAME, STATE, SINCE, PRIORITY, MASTER, REASON, COLUMNS };

static const struct column columns[COLUMNS] = {
	{ "INSTANCE", false },
	{ "STATE", false },
	{ "SINCE", true },
	{ "PRIORITY", true },
	{ "LAST MASTER", false },
	{ "BECAUSE", false },
};

static void show_row(struct out *out, struct json_object *instance)
{
	out_row(out, 0);
	out_cell(out, NAME, "%s", status_str(instance, "name"));
	out_cell(out, STATE, "%s", status_str(instance, "state"));
	out_cell(out, SINCE, "%llu s", (unsigned long long)status_number(instance, "since"));
	out_cell(out, PRIORITY, "%llu",
		 (unsigned long long)status_number(instance, "effective-priority"));
	out_cell(out, MASTER, "%s", status_str(instance, "last-master"));
	out_cell(out, REASON, "%s", status_str(instance, "reason"));
}

/* Packets that were not taken are the first thing to look at when two are master. */
static void show_refused(struct out *out, struct json_object *instance)
{
	struct json_object *counters, *refused;

	if (!json_object_object_get_ex(instance, "counters", &counters) ||
	    !json_object_object_get_ex(counters, "refused", &refused))
		return;
	json_object_object_foreach(refused, key, value) {
		uint64_t count = json_object_get_uint64(value);

		if (count)
			out_line(out, "%s: %llu advertisements with a wrong %s",
				 status_str(instance, "name"), (unsigned long long)count, key);
	}
}

void status_show_vrrp(struct out *out, struct json_object *root)
{
	struct json_object *instances;
	size_t count = 0;

	if (json_object_object_get_ex(root, "instances", &instances))
		count = json_object_array_length(instances);
	if (!count)
		return;
	out_line(out, "%s", "");
	out_table(out, columns, COLUMNS);
	for (size_t i = 0; i < count; i++)
		show_row(out, json_object_array_get_idx(instances, i));
	for (size_t i = 0; i < count; i++)
		show_refused(out, json_object_array_get_idx(instances, i));
}
