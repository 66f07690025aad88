// SPDX-License-Identifier: GPL-2.0
/*
 * One bug of every kind that the debug kernel is there to catch:
 *
 *	insmod detect.ko bug=NAME
 *
 * makes that mistake, once, and refuses to stay. Used by detect/bugs.sh.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fault-inject.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

static char *bug = "";
module_param(bug, charp, 0);

struct thing {
	struct list_head list;
	struct timer_list timer;
	struct delayed_work work;
	struct rcu_head rcu;
	int value[4];
};

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static struct thing __rcu *published;
static LIST_HEAD(things);

static struct thing *new_thing(void)
{
	struct thing *t = kzalloc(sizeof(*t), GFP_KERNEL);

	/* The compiler must not see what comes of it. */
	OPTIMIZER_HIDE_VAR(t);
	return t;
}

static void use_after_free(void)
{
	struct thing *t = new_thing();

	if (!t)
		return;
	kfree(t);
	OPTIMIZER_HIDE_VAR(t);
	WRITE_ONCE(t->value[0], 1);
}

static void leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		new_thing();
}

static void rcu_pointer(void)
{
	/* No rcu_read_lock(). */
	if (rcu_dereference(published))
		pr_info("published\n");
}

static void rcu_list(void)
{
	struct thing *t;

	list_for_each_entry_rcu(t, &things, list)
		pr_info("listed\n");
}

static void sleep_in_atomic(void)
{
	spin_lock(&lock_a);
	might_sleep();
	spin_unlock(&lock_a);
}

/* The scheduler mends the count, so that unlocking makes it negative: lockdep leaves. */
static void schedule_in_atomic(void)
{
	spin_lock(&lock_a);
	msleep(20);
	spin_unlock(&lock_a);
}

static void sleep_in_rcu(void)
{
	rcu_read_lock();
	might_sleep();
	rcu_read_unlock();
}

static void which_cpu(void)
{
	pr_info("on CPU %d\n", smp_processor_id());
}

static void lock_inversion(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);

	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static DECLARE_COMPLETION(timer_ran);

static void timer_locks(struct timer_list *timer)
{
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	complete(&timer_ran);
}

static void lock_in_softirq(void)
{
	struct timer_list timer;

	/* Softirqs are enabled here, so that the timer could want the lock meanwhile. */
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	timer_setup_on_stack(&timer, timer_locks, 0);
	mod_timer(&timer, jiffies + 1);
	wait_for_completion(&timer_ran);
	del_timer_sync(&timer);
	destroy_timer_on_stack(&timer);
}

static void timer_never(struct timer_list *timer) {}
static void work_never(struct work_struct *work) {}
static void rcu_never(struct rcu_head *rcu) {}

static void freed_timer(void)
{
	struct thing *t = new_thing();

	if (!t)
		return;
	timer_setup(&t->timer, timer_never, 0);
	mod_timer(&t->timer, jiffies + 3600 * HZ);
	kfree(t);
}

static void freed_work(void)
{
	struct thing *t = new_thing();

	if (!t)
		return;
	INIT_DELAYED_WORK(&t->work, work_never);
	schedule_delayed_work(&t->work, 3600 * HZ);
	kfree(t);
}

static void rcu_twice(void)
{
	struct thing *t = new_thing();

	if (!t)
		return;
	call_rcu(&t->rcu, rcu_never);
	call_rcu(&t->rcu, rcu_never);
	rcu_barrier();
	kfree(t);
}

static void bounds(void)
{
	/* Within the object, so that it is UBSAN's and not KASAN's. */
	struct {
		int array[4], more[4];
	} small;
	volatile int index = 5;

	memset(&small, 0, sizeof(small));
	small.array[index] = 1;
	OPTIMIZER_HIDE_VAR(index);
	pr_info("%d\n", small.more[index & 3]);
}

static void shift(void)
{
	volatile int by = 40;
	int one = 1;

	pr_info("%d\n", one << by);
}

static void failslab(void)
{
#ifdef CONFIG_FAILSLAB
	struct thing *t;

	current->fail_nth = 1;
	t = new_thing();
	current->fail_nth = 0;
	pr_info("the allocation %s\n", t ? "succeeded" : "failed");
	kfree(t);
#endif
}

static void list_twice(void)
{
	struct thing *t = new_thing();

	if (!t)
		return;
	list_add(&t->list, &things);
	list_del(&t->list);
	list_del(&t->list);
	kfree(t);
}

static void warn(void)
{
	WARN(1, "detect: a warning\n");
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "leak", leak },
	{ "rcu-pointer", rcu_pointer },
	{ "rcu-list", rcu_list },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "schedule-in-atomic", schedule_in_atomic },
	{ "sleep-in-rcu", sleep_in_rcu },
	{ "which-cpu", which_cpu },
	{ "lock-inversion", lock_inversion },
	{ "lock-in-softirq", lock_in_softirq },
	{ "freed-timer", freed_timer },
	{ "freed-work", freed_work },
	{ "rcu-twice", rcu_twice },
	{ "bounds", bounds },
	{ "shift", shift },
	{ "failslab", failslab },
	{ "list-twice", list_twice },
	{ "warn", warn },
};

static int __init detect_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (!strcmp(bugs[i].name, bug)) {
			bugs[i].make();
			return -ECANCELED;
		}
	}
	return -EINVAL;
}

module_init(detect_init);
MODULE_DESCRIPTION("Bugs that a debug kernel must catch");
MODULE_LICENSE("GPL");
