// SPDX-License-Identifier: GPL-2.0
#include "ip_vs.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

/* What /proc/net/ip_vs has of a service; the three lines before them are heads. */
static bool is_service(const char *line)
{
	static const char *const kinds[] = { "TCP ", "UDP ", "SCTP ", "FWM " };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(line, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

static unsigned int count_services(void)
{
	FILE *file = fopen("/proc/net/ip_vs", "r");
	unsigned int count = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		count += is_service(line);
	if (file)
		fclose(file);
	return count;
}

/* The first who makes this file is the one who tells. */
static bool told_before(void)
{
	char path[RUN_PATH_SIZE];
	int fd;

	if (run_path("ip_vs-seen", path))
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

void ip_vs_warn(void)
{
	unsigned int count = count_services();

	if (count && !told_before())
		fprintf(stderr, "halb: ip_vs has %u service%s here, which halb does not see; to take them over: /usr/sbin/ipvsadm -S -n | halbctl -R\n",
			count, count == 1 ? "" : "s");
}
