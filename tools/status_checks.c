// SPDX-License-Identifier: GPL-2.0
/* halbctl status: services, their servers, and the checks of those. */
#include "status_show.h"

enum { NAME, STATE, SINCE, WEIGHT, CHECK, LAST, TOOK, FAILED, NEXT, REASON, COLUMNS };

static const struct column columns[COLUMNS] = {
	{ "SERVICE, SERVER", false },
	{ "STATE", false },
	{ "SINCE", true },
	{ "WEIGHT", true },
	{ "CHECK", false },
	{ "LAST", false },
	{ "TOOK", true },
	{ "FAILED", true },
	{ "NEXT", true },
	{ "BECAUSE", false },
};

static void show_state(struct out *out, struct json_object *object)
{
	out_cell(out, STATE, "%s", status_str(object, "state"));
	out_cell(out, SINCE, "%llu s",
		 (unsigned long long)status_number(object, "since-seconds"));
}

static void show_check(struct out *out, struct json_object *check)
{
	uint64_t next = status_number(check, "next-us");

	out_cell(out, CHECK, "%s", status_str(check, "check"));
	out_cell(out, LAST, "%s", status_str(check, "last"));
	out_cell(out, TOOK, "%.1f ms", (double)status_number(check, "took-us") / 1e3);
	out_cell(out, FAILED, "%llu of %llu",
		 (unsigned long long)status_number(check, "failures"),
		 (unsigned long long)status_number(check, "checks"));
	if (next)
		out_cell(out, NEXT, "%.1f s", (double)next / 1e6);
	else
		out_cell(out, NEXT, "now");
	out_cell(out, REASON, "%s", status_str(check, "reason"));
}

/* The first check is on the server's row, each other one below it. */
static void show_server(struct out *out, struct json_object *server)
{
	struct json_object *checks, *refused;

	out_row(out, 1);
	out_cell(out, NAME, "%s", status_str(server, "server"));
	show_state(out, server);
	out_cell(out, WEIGHT, "%llu", (unsigned long long)status_number(server, "weight"));
	if (json_object_object_get_ex(server, "refused", &refused)) {
		out_cell(out, REASON, "the module refuses it: %s", json_object_get_string(refused));
		out_row(out, 1);
	}
	if (!json_object_object_get_ex(server, "checks", &checks))
		return;
	for (size_t i = 0; i < json_object_array_length(checks); i++) {
		if (i)
			out_row(out, 1);
		show_check(out, json_object_array_get_idx(checks, i));
	}
}

static void show_service(struct out *out, struct json_object *service)
{
	struct json_object *servers, *sorry, *refused;

	out_row(out, 0);
	out_cell(out, NAME, "%s", status_str(service, "service"));
	show_state(out, service);
	out_cell(out, WEIGHT, "%llu", (unsigned long long)status_number(service, "weight"));
	if (json_object_object_get_ex(service, "refused", &refused))
		out_cell(out, REASON, "the module refuses it: %s", json_object_get_string(refused));
	else if (json_object_object_get_ex(service, "sorry-server", &sorry))
		out_cell(out, REASON, "quorum %llu, sorry server %s",
			 (unsigned long long)status_number(service, "quorum"),
			 json_object_get_string(sorry));
	else
		out_cell(out, REASON, "quorum %llu",
			 (unsigned long long)status_number(service, "quorum"));
	if (!json_object_object_get_ex(service, "servers", &servers))
		return;
	for (size_t i = 0; i < json_object_array_length(servers); i++)
		show_server(out, json_object_array_get_idx(servers, i));
}

void status_show_checks(struct out *out, struct json_object *checks)
{
	const char *fault = status_str(checks, "fault");
	struct json_object *services;

	if (*fault && *fault != '-')
		out_line(out, "\nServices cannot be served: %s", fault);
	if (!json_object_object_get_ex(checks, "services", &services) ||
	    !json_object_array_length(services))
		return;
	out_line(out, "%s", "");
	out_table(out, columns, COLUMNS);
	for (size_t i = 0; i < json_object_array_length(services); i++)
		show_service(out, json_object_array_get_idx(services, i));
}
