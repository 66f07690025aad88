// SPDX-License-Identifier: GPL-2.0
/* A module that is in a long transaction: who tells it of a state must go on, and nothing of what was
 * told last is lost.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "module_link.h"
#include "tap.h"
#include "wrap.h"

/* --- the module ---------------------------------------------------------------------- */

static pthread_mutex_t transaction = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned int asked;		/* so often, answered or not */
static char heard[1024];		/* "NAME=STATE " or "-NAME " for each */
static int refuse;			/* with this */

static void hear(const char *format, const char *name, uint32_t state)
{
	size_t len;

	pthread_mutex_lock(&mutex);
	asked++;
	pthread_mutex_unlock(&mutex);
	pthread_mutex_lock(&transaction);
	pthread_mutex_unlock(&transaction);
	pthread_mutex_lock(&mutex);
	len = strlen(heard);
	snprintf(heard + len, sizeof(heard) - len, format, name, state);
	pthread_mutex_unlock(&mutex);
}

int __wrap_nl_instance_set(struct nl_ctx *ctx, const struct halb_instance *instances, size_t count)
{
	(void)count;
	hear("%s=%u ", instances->name, instances->state);
	if (refuse)
		snprintf(ctx->err.text, sizeof(ctx->err.text), "%s is not wanted", instances->name);
	return -refuse;
}

int __wrap_nl_instance_del(struct nl_ctx *ctx, const char *name)
{
	(void)ctx;
	hear("-%s ", name, 0);
	return 0;
}

/* --- the test ------------------------------------------------------------------------- */

static int fd;

static struct module_link *new_link(void)
{
	struct nl_ctx ctx = { 0 };
	eventfd_t count;

	heard[0] = '\0';
	asked = 0;
	eventfd_read(fd, &count);
	return module_link_new(&ctx, fd, NULL);
}

static void tell(struct module_link *link, const char *name, uint32_t state)
{
	struct halb_instance instance = { .state = state };

	snprintf(instance.name, sizeof(instance.name), "%s", name);
	module_link_set(link, &instance);
}

static bool has_heard(const char *what)
{
	bool same;

	pthread_mutex_lock(&mutex);
	same = !strcmp(heard, what);
	pthread_mutex_unlock(&mutex);
	return same;
}

/* Within ten seconds. */
static bool waits_in_module(void)
{
	for (int i = 0; i < 1000; i++) {
		unsigned int so_far;

		pthread_mutex_lock(&mutex);
		so_far = asked;
		pthread_mutex_unlock(&mutex);
		if (so_far)
			return true;
		usleep(10000);
	}
	return false;
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* There is news within ten seconds. */
static bool is_news(void)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	eventfd_t count;

	return poll(&poll_fd, 1, 10000) == 1 && !eventfd_read(fd, &count);
}

static void test_idle(void)
{
	struct module_link *link = new_link();

	ok(module_link_wait(link, NULL, 0), "nothing was told: the module knows all");
	tell(link, "VI_1", 2);
	ok(module_link_wait(link, NULL, 10000000), "an idle module knows it at once");
	ok(has_heard("VI_1=2 "), "... what was told");
	ok(is_news(), "... and there is news of it");
	module_link_del(link, "VI_1");
	ok(module_link_wait(link, NULL, 10000000) && has_heard("VI_1=2 -VI_1 "), "so with a removal");
	is_news();
	module_link_end(link);
}

static void test_busy(void)
{
	struct module_link *link = new_link();
	int64_t begun;

	pthread_mutex_lock(&transaction);
	tell(link, "VI_1", 1);
	begun = now_us();
	ok(!module_link_wait(link, NULL, 30000), "a module in a transaction does not know it");
	ok(now_us() - begun >= 30000, "... in the time that was given");
	ok(waits_in_module(), "it was asked, and these wait");
	tell(link, "VI_2", 1);
	tell(link, "VI_1", 2);
	tell(link, "VI_3", 1);
	module_link_del(link, "VI_3");
	tell(link, "VI_2", 3);
	begun = now_us();
	ok(!module_link_wait(link, NULL, 0), "nor when nobody waits");
	ok(now_us() - begun < 1000000, "... which takes no time");
	ok(has_heard(""), "nothing has arrived");
	ok(!module_link_wait(link, "VI_3", 0), "it has not answered of any of these");
	ok(module_link_wait(link, "VI_4", 0), "... and has nothing to answer of another one");
	pthread_mutex_unlock(&transaction);
	ok(module_link_wait(link, "VI_2", 10000000), "after the transaction it has of one");
	ok(module_link_wait(link, NULL, 10000000), "... and knows all");
	ok(has_heard("VI_1=1 VI_1=2 -VI_3 VI_2=3 "), "of each instance the last word, in their order");
	ok(is_news(), "and there is news of it");
	module_link_end(link);
}

static void test_refusal(void)
{
	struct module_link *link = new_link();
	struct module_refusal refusal;

	ok(!module_link_refused(link, &refusal), "nothing was refused");
	refuse = EBUSY;
	tell(link, "VI_1", 2);
	ok(is_news(), "a refusal is news");
	module_link_wait(link, NULL, 10000000);
	ok(module_link_refused(link, &refusal), "... and can be asked for");
	ok(!strcmp(refusal.instance, "VI_1"), "of which instance");
	ok(!strcmp(refusal.why, "VI_1 is not wanted"), "and why");
	ok(!module_link_refused(link, &refusal), "once");
	refuse = 0;
	module_link_end(link);
}

static void test_end(void)
{
	struct module_link *link = new_link();

	pthread_mutex_lock(&transaction);
	tell(link, "VI_1", 2);
	tell(link, "VI_2", 2);
	module_link_end(link);
	pthread_mutex_unlock(&transaction);
	/* The link is not ours any more, its news are. */
	for (int i = 0; i < 1000 && !has_heard("VI_1=2 VI_2=2 "); i++)
		usleep(10000);
	ok(has_heard("VI_1=2 VI_2=2 "), "what was told before the end still arrives");
}

/* To the module another socket is another owner, whom it refuses while the first one is open. */
static void test_replace(void)
{
	struct module_link *old = new_link(), *link;
	struct nl_ctx ctx = { 0 };

	pthread_mutex_lock(&transaction);
	tell(old, "VI_1", 1);
	ok(waits_in_module(), "an old link waits in the module");
	tell(old, "VI_2", 1);
	link = module_link_new(&ctx, fd, old);
	tell(link, "VI_3", 1);
	ok(!module_link_wait(link, NULL, 30000), "the new one waits for it");
	ok(asked == 1, "... and asks nothing before");
	pthread_mutex_unlock(&transaction);
	ok(module_link_wait(link, NULL, 10000000), "then it goes on");
	ok(has_heard("VI_1=1 VI_3=1 "), "without what waited in the old one");
	module_link_end(link);
}

int main(void)
{
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	test_idle();
	test_busy();
	test_refusal();
	test_replace();
	test_end();
	return done();
}
