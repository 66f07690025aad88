// SPDX-License-Identifier: GPL-2.0
#include "module_link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

#define STACK_SIZE	(1 << 18)
/* As soon as any ordinary program. A real-time priority is for advertisements, and RLIMIT_RTTIME
 * would count what this thread does in the module.
 */
#define NICE		(-20)

struct word {
	struct word *next;
	struct halb_instance instance;
	bool del;
};

struct module_link {
	struct nl_ctx ctx;		/* the thread's */
	pthread_t thread;
	int fd;				/* a copy */
	pthread_mutex_t mutex;		/* what is below */
	struct module_link *old;	/* for the thread: to be waited for */
	pthread_cond_t told;		/* for the thread: there are words, or it ends */
	pthread_cond_t answered;	/* for who waits: a word was answered */
	struct word *words;		/* in their order, one of an instance */
	struct word *current;		/* the thread passes it on */
	bool ended;
	bool replaced;			/* the new one's thread frees it */
	bool refused;
	struct module_refusal refusal;
};

static void link_free(struct module_link *link)
{
	nl_close(&link->ctx);
	if (link->fd >= 0)
		close(link->fd);
	pthread_mutex_destroy(&link->mutex);
	pthread_cond_destroy(&link->told);
	pthread_cond_destroy(&link->answered);
	free(link);
}

static void refuse(struct module_link *link, const char *name, const char *why)
{
	snprintf(link->refusal.instance, sizeof(link->refusal.instance), "%s", name);
	snprintf(link->refusal.why, sizeof(link->refusal.why), "%.319s", why);
	link->refused = true;
}

/* --- the thread --------------------------------------------------------------------- */

static bool pass_on(struct module_link *link, const struct word *word)
{
	if (word->del)
		return !nl_instance_del(&link->ctx, word->instance.name);
	return !nl_instance_set(&link->ctx, &word->instance, 1);
}

/* Lets the mutex go while the module thinks. */
static void take_word(struct module_link *link)
{
	struct word *word = link->words;
	bool good;

	link->words = word->next;
	link->current = word;
	pthread_mutex_unlock(&link->mutex);
	good = pass_on(link, word);
	pthread_mutex_lock(&link->mutex);
	link->current = NULL;
	/* An instance that the module does not have is as good as removed. */
	if (!good && !word->del)
		refuse(link, word->instance.name, link->ctx.err.text);
	free(word);
	pthread_cond_broadcast(&link->answered);
	eventfd_write(link->fd, 1);
}

static void wait_for_old(struct module_link *link)
{
	struct module_link *old;

	pthread_mutex_lock(&link->mutex);
	old = link->old;
	link->old = NULL;
	pthread_mutex_unlock(&link->mutex);
	if (!old)
		return;
	pthread_join(old->thread, NULL);
	link_free(old);
}

static void *run(void *arg)
{
	struct module_link *link = arg;
	bool replaced;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	wait_for_old(link);
	pthread_mutex_lock(&link->mutex);
	while (link->words || !link->ended) {
		if (link->words)
			take_word(link);
		else
			pthread_cond_wait(&link->told, &link->mutex);
	}
	replaced = link->replaced;
	pthread_mutex_unlock(&link->mutex);
	if (!replaced)
		link_free(link);
	return NULL;
}

/* --- its owner ---------------------------------------------------------------------- */

static void drop_words(struct module_link *link)
{
	while (link->words) {
		struct word *word = link->words;

		link->words = word->next;
		free(word);
	}
}

static void end(struct module_link *link, bool replaced)
{
	pthread_t thread = link->thread;

	pthread_mutex_lock(&link->mutex);
	if (replaced)
		drop_words(link);
	link->replaced = replaced;
	link->ended = true;
	pthread_cond_signal(&link->told);
	pthread_mutex_unlock(&link->mutex);
	/* Nothing of it may be looked at from here on. */
	if (!replaced)
		pthread_detach(thread);
}

void module_link_end(struct module_link *link)
{
	end(link, false);
}

static struct module_link *link_alloc(struct nl_ctx *ctx, int fd)
{
	struct module_link *link = calloc(1, sizeof(*link));
	pthread_condattr_t attr;

	if (!link) {
		nl_close(ctx);
		return NULL;
	}
	link->ctx = *ctx;
	link->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&link->mutex, NULL);
	pthread_cond_init(&link->told, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&link->answered, &attr);
	pthread_condattr_destroy(&attr);
	return link;
}

struct module_link *module_link_new(struct nl_ctx *ctx, int fd, struct module_link *old)
{
	struct module_link *link = link_alloc(ctx, fd);

	if (link) {
		link->old = old;
		/* Until the old one knows that it is waited for. */
		pthread_mutex_lock(&link->mutex);
		if (link->fd >= 0 && thread_start(&link->thread, STACK_SIZE, run, link)) {
			if (old)
				end(old, true);
			pthread_mutex_unlock(&link->mutex);
			return link;
		}
		pthread_mutex_unlock(&link->mutex);
		link_free(link);
	}
	if (old)
		end(old, false);
	return NULL;
}

/* The word of this instance that waits, taken out, or a new one. */
static struct word *find_word(struct module_link *link, const char *name)
{
	for (struct word **at = &link->words; *at; at = &(*at)->next) {
		struct word *word = *at;

		if (strcmp(word->instance.name, name))
			continue;
		*at = word->next;
		return word;
	}
	return calloc(1, sizeof(struct word));
}

static void tell(struct module_link *link, const struct halb_instance *instance, bool del)
{
	struct word **last = &link->words, *word;

	pthread_mutex_lock(&link->mutex);
	word = find_word(link, instance->name);
	if (word) {
		*word = (struct word){ .instance = *instance, .del = del };
		while (*last)
			last = &(*last)->next;
		*last = word;
		pthread_cond_signal(&link->told);
	} else {
		refuse(link, instance->name, "out of memory");
		eventfd_write(link->fd, 1);
	}
	pthread_mutex_unlock(&link->mutex);
}

void module_link_set(struct module_link *link, const struct halb_instance *instance)
{
	tell(link, instance, false);
}

void module_link_del(struct module_link *link, const char *name)
{
	struct halb_instance instance = { 0 };

	snprintf(instance.name, sizeof(instance.name), "%s", name);
	tell(link, &instance, true);
}

static struct timespec in_us(int64_t us)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	us += when.tv_nsec / 1000;
	when.tv_sec += us / 1000000;
	when.tv_nsec = us % 1000000 * 1000;
	return when;
}

static bool is_about(const struct word *word, const char *name)
{
	return word && (!name || !strcmp(word->instance.name, name));
}

static bool is_answered(const struct module_link *link, const char *name)
{
	if (is_about(link->current, name))
		return false;
	for (const struct word *word = link->words; word; word = word->next)
		if (is_about(word, name))
			return false;
	return true;
}

bool module_link_wait(struct module_link *link, const char *name, int64_t us)
{
	struct timespec until = in_us(us);
	bool answered;

	pthread_mutex_lock(&link->mutex);
	while (us && !is_answered(link, name))
		if (pthread_cond_timedwait(&link->answered, &link->mutex, &until))
			break;
	answered = is_answered(link, name);
	pthread_mutex_unlock(&link->mutex);
	return answered;
}

bool module_link_is_idle(struct module_link *link)
{
	return module_link_wait(link, NULL, 0);
}

bool module_link_refused(struct module_link *link, struct module_refusal *refusal)
{
	bool refused;

	pthread_mutex_lock(&link->mutex);
	refused = link->refused;
	*refusal = link->refusal;
	link->refused = false;
	pthread_mutex_unlock(&link->mutex);
	return refused;
}
