// SPDX-License-Identifier: GPL-2.0
/* Looking for keepalived, and for another halbd, in our network namespace. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status.h"
#include "supervise.h"

static bool same_netns(const char *pid)
{
	struct stat ours, theirs;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return !stat("/proc/self/ns/net", &ours) && !stat(path, &theirs) &&
		ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static bool is_called(const char *pid, const char *name)
{
	char path[300], text[32] = "";
	FILE *file;
	bool same;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	same = fgets(text, sizeof(text), file) && !strncmp(text, name, strlen(name)) &&
		text[strlen(name)] == '\n';
	fclose(file);
	return same;
}

static long find_process(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long found = 0;

	while (proc && !found && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && is_called(entry->d_name, name) &&
		    same_netns(entry->d_name))
			found = atol(entry->d_name);
	if (proc)
		closedir(proc);
	return found;
}

/* Who listens where halbd tells its status; 0: nobody. */
static long find_halbd(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr;
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer), addr_len = status_address(&addr);
	long pid = 0;

	if (fd >= 0 && !connect(fd, (void *)&addr, addr_len) &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		pid = peer.pid ? peer.pid : -1;
	if (fd >= 0)
		close(fd);
	return pid;
}

bool beside_another(void)
{
	long pid = find_process("keepalived");

	if (pid) {
		fprintf(stderr, "halbd: keepalived (process %ld) runs in this network namespace, and two would fight for the addresses.\n"
			"halbd: To switch: `halbd -t` reads its configuration and says what differs; then `systemctl disable --now keepalived` and start halbd, the backup director first. --beside starts nevertheless.\n",
			pid);
		return true;
	}
	pid = find_halbd();
	if (!pid)
		return false;
	fprintf(stderr, "halbd: another halbd (process %ld) runs in this network namespace: stop it first, or send it SIGHUP to reload. --beside starts nevertheless.\n",
		pid);
	return true;
}
