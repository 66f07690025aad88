// SPDX-License-Identifier: GPL-2.0
#include "thread.h"

#include <sched.h>

bool thread_start(pthread_t *thread, enum thread_priority priority, size_t stack,
		  void *(*run)(void *arg), void *arg)
{
	struct sched_param param = { 0 };
	int policy = SCHED_OTHER;
	pthread_attr_t attr;
	pthread_t unused;
	bool good;

	if (priority == THREAD_CALLERS)
		pthread_getschedparam(pthread_self(), &policy, &param);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, policy & ~SCHED_RESET_ON_FORK);
	pthread_attr_setschedparam(&attr, &param);
	pthread_attr_setstacksize(&attr, stack);
	if (!thread)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	good = !pthread_create(thread ? thread : &unused, &attr, run, arg);
	pthread_attr_destroy(&attr);
	return good;
}
