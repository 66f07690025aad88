// SPDX-License-Identifier: GPL-2.0
/* A FIFO of the configuration, which is told of changes. */
#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

/* Open for reading too, so that a reader may come and go. */
int fifo_open(const struct conf_fifo *conf)
{
	struct stat st;
	int fd;

	if (!conf->path)
		return -1;
	if (mkfifo(conf->path, 0600) && errno != EEXIST) {
		log_msg(LOG_ERR, "Cannot make the FIFO %s: %s", conf->path, strerror(errno));
		return -1;
	}
	fd = open(conf->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode)) {
		log_msg(LOG_ERR, "Cannot use the FIFO %s: it is something else", conf->path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (conf->user_set && fchown(fd, conf->uid, conf->gid))
		log_msg(LOG_WARNING, "Cannot give the FIFO %s to its user: %s", conf->path,
			strerror(errno));
	return fd;
}

void fifo_write(int fd, const char *line)
{
	size_t len = strlen(line);

	if (fd >= 0 && write(fd, line, len) != (ssize_t)len)
		log_msg(LOG_WARNING, "A FIFO is full: nobody reads it, and a line is lost");
}
