// SPDX-License-Identifier: GPL-2.0
#include "thread.h"

#include <sched.h>
#include <signal.h>

bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *arg), void *arg)
{
	struct sched_param none = { 0 };
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t unused;
	bool good;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &none);
	pthread_attr_setstacksize(&attr, stack);
	if (!thread)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	good = !pthread_create(thread ? thread : &unused, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return good;
}
