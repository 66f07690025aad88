// SPDX-License-Identifier: GPL-2.0
#include "absent.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static const char signature_magic[] = "~Module signature appended~\n";

struct module {
	char path[PATH_MAX];
	char release[256];		/* of the kernel that it is for; may be empty */
	bool signature_known;		/* not for a compressed one */
	bool is_signed;
};

/* --- one file ---------------------------------------------------------------- */

/* The section of that name, if the whole of it lies within the file. */
static const char *find_section(const unsigned char *map, size_t size,
				const char *name, size_t *length)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)map;
	const Elf64_Shdr *shdr, *strings;

	if (size < sizeof(*ehdr) || memcmp(ehdr->e_ident, ELFMAG, SELFMAG) ||
	    ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_shentsize != sizeof(*shdr) || ehdr->e_shstrndx >= ehdr->e_shnum ||
	    ehdr->e_shoff % sizeof(uint64_t) || ehdr->e_shoff > size ||
	    (size - ehdr->e_shoff) / sizeof(*shdr) < ehdr->e_shnum)
		return NULL;
	shdr = (const Elf64_Shdr *)(map + ehdr->e_shoff);
	strings = &shdr[ehdr->e_shstrndx];
	if (strings->sh_offset > size || strings->sh_size > size - strings->sh_offset)
		return NULL;
	for (unsigned int i = 0; i < ehdr->e_shnum; i++) {
		const Elf64_Shdr *s = &shdr[i];

		if (s->sh_name >= strings->sh_size ||
		    strings->sh_size - s->sh_name <= strlen(name) ||
		    strcmp((const char *)map + strings->sh_offset + s->sh_name, name))
			continue;
		if (s->sh_type == SHT_NOBITS || s->sh_offset > size ||
		    s->sh_size > size - s->sh_offset)
			return NULL;
		*length = s->sh_size;
		return (const char *)map + s->sh_offset;
	}
	return NULL;
}

/* The value of "key=value" among the strings of .modinfo. */
static bool find_modinfo(const char *info, size_t length, const char *key,
			 char *value, size_t size)
{
	size_t key_len = strlen(key);

	while (length) {
		size_t len = strnlen(info, length);

		if (len > key_len && !memcmp(info, key, key_len) && info[key_len] == '=') {
			snprintf(value, size, "%.*s", (int)(len - key_len - 1),
				 info + key_len + 1);
			return true;
		}
		len += len < length;	/* its NUL */
		info += len;
		length -= len;
	}
	return false;
}

int absent_read_module(const char *path, char *vermagic, size_t size, bool *is_signed)
{
	const size_t magic_len = sizeof(signature_magic) - 1;
	const char *info;
	unsigned char *map;
	struct stat st;
	size_t length;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)magic_len) {
		close(fd);
		return -ENOEXEC;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	*is_signed = !memcmp(map + st.st_size - magic_len, signature_magic, magic_len);
	info = find_section(map, (size_t)st.st_size, ".modinfo", &length);
	ret = info && find_modinfo(info, length, "vermagic", vermagic, size) ? 0 : -ENOEXEC;
	munmap(map, (size_t)st.st_size);
	return ret;
}

/* --- the places where it may be ---------------------------------------------- */

static const char *root(void)
{
	const char *dir = getenv("HALB_SYSFS_ROOT");

	return dir ? dir : "";
}

/* The first line of a file of the system; empty if there is none. */
static void read_line(const char *path, char *buf, size_t size)
{
	char full[PATH_MAX];
	FILE *f;

	*buf = '\0';
	snprintf(full, sizeof(full), "%s%s", root(), path);
	f = fopen(full, "re");
	if (!f)
		return;
	if (!fgets(buf, (int)size, f))
		*buf = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static bool take_plain(const char *path, struct module *module)
{
	char vermagic[256];

	if (absent_read_module(path, vermagic, sizeof(vermagic), &module->is_signed))
		return false;
	snprintf(module->path, sizeof(module->path), "%s", path);
	snprintf(module->release, sizeof(module->release), "%.*s",
		 (int)strcspn(vermagic, " "), vermagic);
	module->signature_known = true;
	return true;
}

/* A compressed module tells nothing without unpacking it; the directory that it
 * is installed in, /lib/modules/RELEASE, is what modprobe goes by as well.
 */
static bool take_compressed(const char *path, const char *modules, struct module *module)
{
	const char *release = path + strlen(modules) + 1;

	snprintf(module->path, sizeof(module->path), "%s", path);
	snprintf(module->release, sizeof(module->release), "%.*s",
		 (int)strcspn(release, "/"), release);
	module->signature_known = false;
	return true;
}

/* Below one kernel's directory, whose "build" and "source" are links elsewhere. */
static bool find_below(char *dir, const char *modules, struct module *module)
{
	char *paths[2] = { dir, NULL };
	bool found = false;
	FTSENT *entry;
	FTS *fts;

	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return false;
	while (!found && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D || strncmp(entry->fts_name, "halb.ko", 7))
			continue;
		if (!entry->fts_name[7])
			found = take_plain(entry->fts_path, module);
		else if (entry->fts_name[7] == '.')
			found = take_compressed(entry->fts_path, modules, module);
	}
	fts_close(fts);
	return found;
}

/* What is installed for this kernel, else for any other. */
static bool find_installed(const char *running, struct module *module)
{
	char modules[PATH_MAX / 2], dir[PATH_MAX];

	snprintf(modules, sizeof(modules), "%s/lib/modules", root());
	snprintf(dir, sizeof(dir), "%s/%s", modules, running);
	if (*running && find_below(dir, modules, module))
		return true;
	snprintf(dir, sizeof(dir), "%s", modules);
	return find_below(dir, modules, module);
}

/* What lies beside this program: in its directory, or in a source tree. */
static bool find_beside(struct module *module)
{
	static const char *const places[] = { "halb.ko", "../kmod/halb.ko" };
	char exe[PATH_MAX / 2], path[PATH_MAX], *slash;
	ssize_t len;

	len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (len < 0)
		return false;
	exe[len] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return false;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", exe, places[i]);
		if (take_plain(path, module))
			return true;
	}
	return false;
}

static bool find_module(const char *running, struct module *module)
{
	const char *named = getenv("HALB_KO");
	struct module other;

	if (named)
		return take_plain(named, module);
	if (!find_installed(running, module))
		return find_beside(module);
	/* A fresh build counts more than an old kernel's remains. */
	if (strcmp(module->release, running) && find_beside(&other) &&
	    !strcmp(other.release, running))
		*module = other;
	return true;
}

/* --- the sentence ------------------------------------------------------------ */

/* Does the kernel load signed modules only? */
static bool signatures_enforced(void)
{
	char lockdown[128], enforce[16];

	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	read_line("/sys/module/module/parameters/sig_enforce", enforce, sizeof(enforce));
	return *enforce == 'Y' || (*lockdown && !strstr(lockdown, "[none]"));
}

void absent_explain(char *buf, size_t size)
{
	struct module module = { 0 };
	char running[256];

	read_line("/proc/sys/kernel/osrelease", running, sizeof(running));
	if (!find_module(running, &module)) {
		snprintf(buf, size,
			 "the halb module is not loaded, and no halb.ko for kernel %s was found: build and install it (make && make install), then run modprobe halb",
			 running);
	} else if (*module.release && strcmp(module.release, running)) {
		snprintf(buf, size,
			 "the halb module in %s is built for kernel %s, and kernel %s is running: build it for this one (make KVER=%s), then load it again",
			 module.path, module.release, running, running);
	} else if (!signatures_enforced()) {
		snprintf(buf, size,
			 "the halb module is not loaded: run modprobe halb, or insmod %s",
			 module.path);
	} else if (module.signature_known && !module.is_signed) {
		snprintf(buf, size,
			 "this kernel loads signed modules only (Secure Boot or lockdown), and %s is not signed: sign it with a key that the firmware knows (kmodsign, mokutil --import), or switch Secure Boot off",
			 module.path);
	} else {
		snprintf(buf, size,
			 "the halb module is not loaded: run modprobe halb; if that says \"Key was rejected by service\", enrol the key that signed %s (mokutil --import), or switch Secure Boot off",
			 module.path);
	}
}
