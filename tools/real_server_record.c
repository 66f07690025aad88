// SPDX-License-Identifier: GPL-2.0
/*
 * The record is a file in /run, one for each network namespace. It is text, a fact in a line:
 *
 *	vip 10.9.0.80 all - ours
 *	sysctl all arp_ignore 0 1
 */
#include "real_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "addr.h"
#include "run.h"

bool rs_fail(struct rs_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

/* --- the file ----------------------------------------------------------------------- */

static bool open_file(struct rs_record *record, bool to_change, struct rs_error *err)
{
	char path[RUN_PATH_SIZE];
	int ret = run_path("real-server", path);

	if (ret)
		return rs_fail(err, "this kernel does not tell network namespaces apart (Linux 5.14 does): %s",
			       strerror(-ret));
	record->fd = open(path, (to_change ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW,
			  0644);
	if (record->fd < 0 && errno == ENOENT && !to_change)
		return true;
	if (record->fd < 0)
		return rs_fail(err, "cannot open %s: %s; run this as root", path, strerror(errno));
	if (flock(record->fd, to_change ? LOCK_EX : LOCK_SH))
		return rs_fail(err, "cannot lock %s: %s", path, strerror(errno));
	return true;
}

/* --- lines -------------------------------------------------------------------------- */

/* One more element at the end of an array; NULL: no memory */
static void *grow(void **array, size_t *count, size_t size, struct rs_error *err)
{
	char *more = realloc(*array, (*count + 1) * size);

	if (!more) {
		rs_fail(err, "out of memory");
		return NULL;
	}
	*array = more;
	return more + (*count)++ * size;
}

struct rs_vip *rs_record_add_vip(struct rs_record *record, const struct rs_vip *vip,
				 struct rs_error *err)
{
	struct rs_vip *slot = grow((void **)&record->vips, &record->vips_count,
				   sizeof(*slot), err);

	if (slot)
		*slot = *vip;
	return slot;
}

bool rs_record_add_sysctl(struct rs_record *record, const struct rs_sysctl *sysctl,
			  struct rs_error *err)
{
	struct rs_sysctl *slot = grow((void **)&record->sysctls, &record->sysctls_count,
				      sizeof(*slot), err);

	if (slot)
		*slot = *sysctl;
	return slot;
}

struct rs_vip *rs_record_find(const struct rs_record *record, const struct halb_addr *addr)
{
	for (size_t i = 0; i < record->vips_count; i++)
		if (halb_addr_equal(&record->vips[i].addr, addr))
			return &record->vips[i];
	return NULL;
}

static bool read_line(struct rs_record *record, const char *line, struct rs_error *err)
{
	char addr[ADDR_STRLEN], tunnel[ADDR_STRLEN], ours[8];
	struct rs_sysctl sysctl = { 0 };
	struct rs_vip vip = { 0 };

	if (sscanf(line, "sysctl %15s %15s %d %d", sysctl.dev, sysctl.name, &sysctl.before,
		   &sysctl.since) == 4)
		return rs_record_add_sysctl(record, &sysctl, err);
	if (sscanf(line, "vip %45s %15s %45s %7s", addr, vip.dev, tunnel, ours) != 4 ||
	    !addr_parse(addr, &vip.addr) ||
	    (strcmp(tunnel, "-") && !addr_parse(tunnel, &vip.tunnel)))
		return rs_fail(err, "the record in " RUN_DIRECTORY " is damaged in the line '%.60s'",
			       line);
	vip.ours = !strcmp(ours, "ours");
	return rs_record_add_vip(record, &vip, err);
}

static bool read_lines(struct rs_record *record, struct rs_error *err)
{
	int fd = dup(record->fd);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[256];
	bool good = true;

	if (!file)
		return rs_fail(err, "cannot read the record in " RUN_DIRECTORY ": %s",
			       strerror(errno));
	while (good && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		good = read_line(record, line, err);
	}
	fclose(file);
	return good;
}

bool rs_record_open(struct rs_record *record, bool to_change, struct rs_error *err)
{
	*record = (struct rs_record) { .fd = -1 };
	if (open_file(record, to_change, err) &&
	    (record->fd < 0 || read_lines(record, err)))
		return true;
	rs_record_close(record);
	return false;
}

static void print(const struct rs_record *record, FILE *file)
{
	char addr[ADDR_STRLEN], tunnel[ADDR_STRLEN];

	for (size_t i = 0; i < record->vips_count; i++) {
		const struct rs_vip *vip = &record->vips[i];

		fprintf(file, "vip %s %s %s %s\n", addr_format(&vip->addr, addr), vip->dev,
			vip->tunnel.family ? addr_format(&vip->tunnel, tunnel) : "-",
			vip->ours ? "ours" : "before");
	}
	for (size_t i = 0; i < record->sysctls_count; i++) {
		const struct rs_sysctl *sysctl = &record->sysctls[i];

		fprintf(file, "sysctl %s %s %d %d\n", sysctl->dev, sysctl->name, sysctl->before,
			sysctl->since);
	}
}

/* In one write: a reader, or a crash, sees the old one or the new one. */
bool rs_record_write(struct rs_record *record, struct rs_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	bool good;

	if (!file)
		return rs_fail(err, "out of memory");
	print(record, file);
	good = !fclose(file) && pwrite(record->fd, text, size, 0) == (ssize_t)size &&
	       !ftruncate(record->fd, (off_t)size);
	if (!good)
		rs_fail(err, "cannot write the record in " RUN_DIRECTORY ": %s", strerror(errno));
	free(text);
	return good;
}

void rs_record_close(struct rs_record *record)
{
	if (record->fd >= 0)
		close(record->fd);
	free(record->vips);
	free(record->sysctls);
	*record = (struct rs_record) { .fd = -1 };
}
