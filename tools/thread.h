/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads of a process that may have real-time priority, and mostly should not share it.
 */
#ifndef HALB_THREAD_H
#define HALB_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#include <pthread.h>

enum thread_priority {
	THREAD_ORDINARY,
	THREAD_CALLERS,			/* also where SCHED_RESET_ON_FORK keeps it from children */
};

/* To be joined, or with thread NULL detached. stack in bytes: that much is locked where all memory
 * is. False: there is no thread.
 */
bool thread_start(pthread_t *thread, enum thread_priority priority, size_t stack,
		  void *(*run)(void *arg), void *arg);

#endif
