// SPDX-License-Identifier: GPL-2.0
#include "module_link.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

#define STACK_SIZE	(1 << 18)

struct word {
	struct word *next;
	struct halb_instance instance;
	bool del;
};

struct module_link {
	struct nl_ctx ctx;		/* the thread's */
	int fd;				/* a copy */
	pthread_mutex_t mutex;		/* what is below */
	pthread_cond_t told;		/* for the thread: there are words, or it ends */
	pthread_cond_t known;		/* for who waits: all words were passed on */
	struct word *words;		/* in their order, one of an instance */
	bool busy;			/* the thread passes one on */
	bool ended;
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
	pthread_cond_destroy(&link->known);
	free(link);
}

/* --- the thread --------------------------------------------------------------------- */

static bool pass_on(struct module_link *link, const struct word *word)
{
	if (word->del)
		return !nl_instance_del(&link->ctx, word->instance.name);
	return !nl_instance_set(&link->ctx, &word->instance, 1);
}

/* An instance that the module does not have is as good as removed. */
static void note_refusal(struct module_link *link, const struct word *word)
{
	if (word->del)
		return;
	snprintf(link->refusal.instance, sizeof(link->refusal.instance), "%s",
		 word->instance.name);
	snprintf(link->refusal.why, sizeof(link->refusal.why), "%.319s", link->ctx.err.text);
	link->refused = true;
	eventfd_write(link->fd, 1);
}

/* Lets the mutex go while the module thinks. */
static void take_word(struct module_link *link)
{
	struct word *word = link->words;
	bool good;

	link->words = word->next;
	link->busy = true;
	pthread_mutex_unlock(&link->mutex);
	good = pass_on(link, word);
	pthread_mutex_lock(&link->mutex);
	link->busy = false;
	if (!good)
		note_refusal(link, word);
	free(word);
	if (link->words)
		return;
	pthread_cond_broadcast(&link->known);
	eventfd_write(link->fd, 1);
}

static void *run(void *arg)
{
	struct module_link *link = arg;

	pthread_mutex_lock(&link->mutex);
	while (link->words || !link->ended) {
		if (link->words)
			take_word(link);
		else
			pthread_cond_wait(&link->told, &link->mutex);
	}
	pthread_mutex_unlock(&link->mutex);
	link_free(link);
	return NULL;
}

/* --- its owner ---------------------------------------------------------------------- */

struct module_link *module_link_new(struct nl_ctx *ctx, int fd)
{
	struct module_link *link = calloc(1, sizeof(*link));
	pthread_condattr_t attr;

	if (!link) {
		nl_close(ctx);
		return NULL;
	}
	link->ctx = *ctx;
	link->fd = dup(fd);
	pthread_mutex_init(&link->mutex, NULL);
	pthread_cond_init(&link->told, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&link->known, &attr);
	pthread_condattr_destroy(&attr);
	if (link->fd >= 0 && thread_start(NULL, THREAD_CALLERS, STACK_SIZE, run, link))
		return link;
	link_free(link);
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
	struct word **end = &link->words, *word;

	pthread_mutex_lock(&link->mutex);
	word = find_word(link, instance->name);
	if (word) {
		*word = (struct word){ .instance = *instance, .del = del };
		while (*end)
			end = &(*end)->next;
		*end = word;
		pthread_cond_signal(&link->told);
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

bool module_link_wait(struct module_link *link, int64_t us)
{
	struct timespec until = in_us(us);
	bool knows;

	pthread_mutex_lock(&link->mutex);
	while (us && (link->words || link->busy))
		if (pthread_cond_timedwait(&link->known, &link->mutex, &until))
			break;
	knows = !link->words && !link->busy;
	pthread_mutex_unlock(&link->mutex);
	return knows;
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

void module_link_end(struct module_link *link)
{
	pthread_mutex_lock(&link->mutex);
	link->ended = true;
	pthread_cond_signal(&link->told);
	pthread_mutex_unlock(&link->mutex);
}
