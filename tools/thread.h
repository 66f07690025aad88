/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads of a process that has real-time priority, for what may take its time: they do not share
 * that priority, and signals are left to the others.
 */
#ifndef HALB_THREAD_H
#define HALB_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#include <pthread.h>

/* To be joined, or with thread NULL detached. stack in bytes: that much is locked where all memory
 * is. False: there is no thread.
 */
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *arg), void *arg);

#endif
