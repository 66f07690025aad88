// SPDX-License-Identifier: GPL-2.0
#include "run.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int run_path(const char *name, char path[static RUN_PATH_SIZE])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int ret = 0;

	/* A cookie is never given out again, other than the number of a namespace's inode. */
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	mkdir(RUN_DIRECTORY, 0755);
	snprintf(path, RUN_PATH_SIZE, RUN_DIRECTORY "/%.32s-%llu", name,
		 (unsigned long long)cookie);
	return ret;
}
