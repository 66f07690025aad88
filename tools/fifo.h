/* SPDX-License-Identifier: GPL-2.0 */
/* A FIFO of the configuration, which is told of changes. */
#ifndef HALB_FIFO_H
#define HALB_FIFO_H

#include "conf.h"

/* Makes it if need be. The descriptor, or -1: there is none, or (which is logged) of no use. */
int fifo_open(const struct conf_fifo *conf);
/* One line, with its end. Nothing to do for fd -1. */
void fifo_write(int fd, const char *line);

#endif
