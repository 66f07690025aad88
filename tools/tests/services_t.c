// SPDX-License-Identifier: GPL-2.0
/* What is changed in the module, so that it has what it should. */
#include <arpa/inet.h>

#include "fake_module.h"
#include "tap.h"

#define KEYS		4
#define SERVERS		6

static struct fake_module fake;

static struct halb_service service(unsigned int n)
{
	struct halb_service service = {
		.present = HALB_SVC_SCHEDULER,
		.key = { .protocol = IPPROTO_TCP, .port = 80, .addr = { .family = AF_INET } },
		.scheduler = "wrr",
	};

	service.key.addr.v4.s_addr = htonl(0xc0000200 + n);
	return service;
}

static struct services_server server(unsigned int n, int weight)
{
	struct services_server server = {
		.server = {
			.present = HALB_SRV_PORT | HALB_SRV_METHOD | HALB_SRV_WEIGHT,
			.addr = { .family = AF_INET },
			.port = 80,
			.method = HALB_METHOD_DR,
			.weight = weight < 0 ? 0 : weight,
		},
		.out = weight < 0,
	};

	server.server.addr.v4.s_addr = htonl(0x0a000000 + n);
	return server;
}

/* -1: not there */
static int weight_of(unsigned int svc, unsigned int srv)
{
	struct services_server like = server(srv, 0);
	struct halb_server *found;

	like.server.service = service(svc).key;
	found = fake_server(&fake, &like.server);
	return found ? (int)found->weight : -1;
}

static struct services *start(void)
{
	struct services *services = services_new(&fake_ops, &fake);

	if (!services || services_adopt(services))
		abort();
	return services;
}

static void test_pool(void)
{
	struct halb_service svc = service(1);
	struct services_server wants[] = { server(1, 1), server(2, 2), server(3, -1) };
	struct services *services;

	memset(&fake, 0, sizeof(fake));
	services = start();
	services_want(services, &svc, wants, 3);
	ok(!services_commit(services) && fake.transactions == 1 && weight_of(1, 1) == 1 &&
	   weight_of(1, 2) == 2 && weight_of(1, 3) == -1,
	   "a service and its servers, without the one that is down, in one transaction");
	services_want(services, &svc, wants, 3);
	ok(!services_commit(services) && fake.transactions == 1, "the same again is nothing");
	wants[1].server.weight = 5;
	services_want(services, &svc, wants, 3);
	ok(!services_commit(services) && services_changes(services) == 1 &&
	   weight_of(1, 2) == 5, "a weight is one change");
	wants[0].out = true;
	wants[2].out = false;
	services_want(services, &svc, wants, 3);
	ok(!services_commit(services) && weight_of(1, 1) == -1 && weight_of(1, 3) == 0 &&
	   !services_draining(services), "what is down goes at once, what is up comes");

	fake.conns = 3;
	services_want(services, &svc, wants, 2);
	ok(!services_commit(services) && weight_of(1, 3) == 0 &&
	   services_draining(services) == 1, "what is not wanted any more drains");
	ok(services_poll(services) == 1 && weight_of(1, 3) == 0, "as long as it has connections");
	fake.conns = 0;
	ok(services_poll(services) == 0 && weight_of(1, 3) == -1, "and is gone after the last");
	ok(!fake.resets, "none was reset");

	services_drop(services, &svc.key);
	ok(!services_commit(services) && !fake.services_count && !fake.servers_count,
	   "a service that is not wanted goes");
	services_free(services);
}

static void test_restart(void)
{
	struct halb_service svc = service(1), other = service(2);
	struct services_server wants[] = { server(1, 1), server(2, 2), server(3, 3) };
	struct services *services;
	unsigned int transactions;

	memset(&fake, 0, sizeof(fake));
	services = start();
	services_want(services, &svc, wants, 3);
	services_want(services, &other, wants, 1);
	services_commit(services);
	services_free(services);
	transactions = fake.transactions;

	services = start();
	ok(services_weight(services, &svc.key, &wants[1].server.addr, 80) == 2 &&
	   services_weight(services, &other.key, &wants[1].server.addr, 80) ==
	   SERVICES_ABSENT, "a restart finds what is there");
	services_want(services, &svc, wants, 3);
	ok(!services_commit(services) && fake.transactions == transactions,
	   "and touches nothing that is right");
	services_want(services, &svc, wants, 2);
	services_commit(services);
	ok(weight_of(1, 3) == 0 && services_draining(services) == 1,
	   "a server that is left over drains");
	ok(fake_service(&fake, &other.key), "a service of somebody else stays");
	services_flush(services);
	services_commit(services);
	ok(!fake_service(&fake, &other.key) && fake_service(&fake, &svc.key),
	   "unless everything else is to go");

	/* Somebody takes a service away, and comes with another. */
	fake.services_count = 0;
	fake.servers_count = 0;
	wants[0].server.weight = 7;
	services_want(services, &svc, wants, 2);
	ok(!services_commit(services) && weight_of(1, 1) == 7 && weight_of(1, 2) == 2,
	   "what somebody took away is there again");
	other = service(3);
	fake_service_change(&fake, HALB_CHANGE_OP_ADD, &other);
	services_want(services, &other, wants, 1);
	ok(!services_commit(services) && weight_of(3, 1) == 7,
	   "what somebody was faster with is taken over");

	fake.refuse = EPERM;
	wants[0].server.weight = 8;
	services_want(services, &svc, wants, 2);
	ok(services_commit(services) == -EPERM && strstr(services_error(services), "refused"),
	   "a refusal says why");
	fake.refuse = 0;
	ok(!services_commit(services) && weight_of(1, 1) == 8, "and nothing is forgotten");
	services_free(services);
}

/* One of several that the module refuses keeps none of the others. */
static void test_refusal(void)
{
	struct halb_service svc[] = { service(1), service(2), service(3) };
	struct services_server wants[] = { server(1, 1), server(2, 2), server(3, 3) };
	const struct services_refusal *list;
	struct services *services;

	memset(&fake, 0, sizeof(fake));
	services = start();
	fake.refuse_service = svc[1].key.addr;
	for (int i = 0; i < 3; i++)
		services_want(services, &svc[i], wants, 3);
	ok(!services_commit(services) && weight_of(1, 2) == 2 && weight_of(3, 3) == 3 &&
	   weight_of(2, 1) == -1, "of three services one is refused: the others are there");
	ok(services_refusals(services, &list) == 1 && halb_key_equal(&list->key, &svc[1].key) &&
	   !list->addr.family && !list->served && !strcmp(list->why, "refused: Invalid argument"),
	   "it is named, with the reason");
	wants[1].out = true;
	fake.transactions = 0;
	services_want(services, &svc[0], wants, 3);
	ok(!services_commit(services) && fake.transactions == 1 && weight_of(1, 2) == -1 &&
	   services_refusals(services, &list) == 1, "the others follow their servers");
	fake.refuse_service.family = 0;
	ok(!services_commit(services) && weight_of(2, 1) == 1 && weight_of(2, 3) == 3 &&
	   !services_refusals(services, &list), "it is tried again, until it is taken");

	/* A change of what is there */
	fake.refuse_service = svc[0].key.addr;
	snprintf(svc[0].scheduler, sizeof(svc[0].scheduler), "mh");
	wants[0].server.weight = 9;
	services_want(services, &svc[0], wants, 3);
	services_want(services, &svc[2], wants, 3);
	ok(!services_commit(services) && services_refusals(services, &list) == 1 && list->served &&
	   !strcmp(fake_service(&fake, &svc[0].key)->scheduler, "wrr"),
	   "a change is refused: the service goes on as it was");
	ok(weight_of(1, 1) == 9 && weight_of(3, 1) == 9, "and its servers follow");
	services_drop(services, &svc[0].key);
	ok(!services_commit(services) && !fake_service(&fake, &svc[0].key) &&
	   !services_refusals(services, &list), "it can go");

	/* A server */
	fake.refuse_server = wants[2].server.addr;
	wants[0].server.weight = 5;
	wants[2].server.weight = 5;
	wants[1].out = false;
	services_want(services, &svc[2], wants, 3);
	ok(!services_commit(services) && weight_of(3, 1) == 5 && weight_of(3, 2) == 2 &&
	   weight_of(3, 3) == 3, "a server is refused: the others have what they should");
	ok(services_refusals(services, &list) == 1 && list->served && list->port == 80 &&
	   halb_addr_equal(&list->addr, &wants[2].server.addr), "it is named");
	fake.refuse = ENODEV;
	ok(services_commit(services) == -ENODEV, "without a module nothing is tried one by one");
	/* Another module, where nothing is, and somebody was faster than us with a service. */
	memset(&fake, 0, sizeof(fake));
	fake_service_change(&fake, HALB_CHANGE_OP_ADD, &svc[2]);
	services_commit(services);
	ok(!services_commit(services) && weight_of(3, 1) == 5 && weight_of(3, 3) == 5 &&
	   !services_refusals(services, &list), "what was refused is there in another module");
	services_free(services);
}

/* ftp is for nat: it comes after the servers' method, and goes before it. */
static void test_ftp(void)
{
	struct services_server wants[] = { server(1, 1), server(2, 2) };
	struct halb_service svc = service(1), other = service(2);
	const struct services_refusal *list;
	struct services *services;

	memset(&fake, 0, sizeof(fake));
	services = start();
	svc.present |= HALB_SVC_FLAGS;
	svc.flags_mask = HALB_SERVICE_FLAG_FTP;
	services_want(services, &svc, wants, 2);
	services_commit(services);
	for (int i = 0; i < 2; i++)
		wants[i].server.method = HALB_METHOD_NAT;
	svc.flags = HALB_SERVICE_FLAG_FTP;
	services_want(services, &svc, wants, 2);
	ok(!services_commit(services) && fake.transactions == 2 &&
	   fake.services[0].flags == HALB_SERVICE_FLAG_FTP &&
	   fake.servers[1].method == HALB_METHOD_NAT,
	   "a service gets ftp with its servers' nat, in one transaction");
	wants[0].server.method = HALB_METHOD_DR;
	svc.flags = 0;
	services_want(services, &svc, wants, 2);
	ok(!services_commit(services) && fake.transactions == 3 && !fake.services[0].flags &&
	   fake.servers[0].method == HALB_METHOD_DR, "and loses it with that");

	/* A server that goes, and still has connections, keeps its method. */
	wants[1].server.weight = 3;
	svc.flags = HALB_SERVICE_FLAG_FTP;
	snprintf(svc.scheduler, sizeof(svc.scheduler), "mh");
	fake.conns = 1;
	services_want(services, &svc, &wants[1], 1);
	services_want(services, &other, wants, 1);
	ok(!services_commit(services) && fake.transactions == 4 && weight_of(1, 2) == 3 &&
	   weight_of(1, 1) == 0 && weight_of(2, 1) == 1 && !fake.services[0].flags &&
	   !strcmp(fake.services[0].scheduler, "mh") && !services_refusals(services, &list),
	   "not while a server of another method drains; what else changes does");
	services_poll(services);
	ok(!services_commit(services) && fake.transactions == 4, "as long as it does");
	fake.conns = 0;
	services_poll(services);
	ok(!services_commit(services) && weight_of(1, 1) == -1 &&
	   fake.services[0].flags == HALB_SERVICE_FLAG_FTP, "but when it is gone");
	services_free(services);

	fake.services[0].flags = HALB_SERVICE_FLAG_THROUGH_STACK;
	services = start();
	wants[1].server.weight = 4;
	services_want(services, &svc, &wants[1], 1);
	ok(!services_commit(services) && weight_of(1, 2) == 4 &&
	   fake.services[0].flags == HALB_SERVICE_FLAG_THROUGH_STACK &&
	   !services_refusals(services, &list), "nor with through-stack");
	services_free(services);
}

/* Whatever is wanted, by turns, with accidents: it is so after a commit. refusing: but for one
 * service and one server of each, which the module never takes.
 */
static bool history(bool refusing)
{
	struct services *services;
	int want[KEYS][SERVERS];

	memset(&fake, 0, sizeof(fake));
	if (refusing) {
		fake.refuse_service = service(0).key.addr;
		fake.refuse_server = server(0, 0).server.addr;
	}
	services = start();
	for (int step = 0; step < 60; step++) {
		for (int k = 0; k < KEYS; k++) {
			struct services_server wants[SERVERS];
			struct halb_service svc = service(k);
			size_t count = 0;

			for (int s = 0; s < SERVERS; s++) {
				want[k][s] = rand() % 5 - 2;
				if (want[k][s] > -2)
					wants[count++] = server(s, want[k][s]);
			}
			if (rand() % 6 == 0) {
				services_drop(services, &svc.key);
				memset(want[k], -2, sizeof(want[k]));
				for (int s = 0; s < SERVERS; s++)
					want[k][s] = -3;
			} else {
				services_want(services, &svc, wants, count);
			}
		}
		fake.conns = rand() % 2;
		if (rand() % 8 == 0) {
			struct halb_service gone = service(rand() % KEYS);

			fake_service_change(&fake, HALB_CHANGE_OP_DEL, &gone);
			services_adopt(services);
		}
		if (rand() % 8 == 0) {
			services_free(services);
			services = start();
			continue;
		}
		if (services_commit(services)) {
			note("step %d: %s", step, services_error(services));
			return false;
		}
		for (int k = refusing; k < KEYS; k++) {
			for (int s = refusing; s < SERVERS; s++) {
				int have = weight_of(k, s), wanted = want[k][s];

				/* -2: drains, if it was there at all; -3: no service */
				if (wanted == -2 ? have > 0 : have != (wanted < 0 ? -1 : wanted)) {
					note("step %d: service %d server %d: %d, not %d", step, k,
					     s, have, wanted);
					return false;
				}
			}
		}
		services_poll(services);
	}
	services_free(services);
	return true;
}

int main(void)
{
	int wrong = 0;

	srand(1);
	test_pool();
	test_restart();
	test_refusal();
	test_ftp();
	for (int run = 0; run < 300; run++)
		wrong += !history(run % 3 == 2);
	ok(!wrong, "300 random histories, a third of them with refusals");
	return done();
}
