// SPDX-License-Identifier: GPL-2.0
/* Modules that are not what they should be. tests/cli.sh checks the sentences. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "absent.h"
#include "tap.h"
#include "util.h"

static char *contents;
static size_t size;

static void read_whole(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		exit(1);
	contents = malloc(1 << 20);
	size = fread(contents, 1, 1 << 20, file);
	fclose(file);
}

static void write_whole(const char *path, size_t len)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(contents, 1, len, file) != len || fclose(file))
		exit(1);
}

/* argv[1]: an object file with a .modinfo */
int main(int argc, char **argv)
{
	char path[] = "/tmp/halb-absent-XXXXXX", vermagic[256];
	bool is_signed;
	int fd = mkstemp(path);

	if (argc < 2 || fd < 0)
		return 1;
	close(fd);
	read_whole(argv[1]);
	ok(!absent_read_module(argv[1], vermagic, sizeof(vermagic), &is_signed) &&
	   !strcmp(vermagic, "6.1.0-test SMP mod_unload ") && !is_signed, "a module: %s", vermagic);
	ok(absent_read_module("/nonexistent", vermagic, sizeof(vermagic), &is_signed) == -ENOENT,
	   "no file");
	ok(absent_read_module("/", vermagic, sizeof(vermagic), &is_signed) == -ENOEXEC,
	   "a directory");
	ok(absent_read_module("/proc/self/exe", vermagic, sizeof(vermagic), &is_signed) == -ENOEXEC,
	   "a program");

	for (size_t len = 0; len < size; len += 7) {
		write_whole(path, len);
		absent_read_module(path, vermagic, sizeof(vermagic), &is_signed);
	}
	ok(true, "a module that is cut off anywhere");
	srand(1);
	for (int i = 0; i < 3000; i++) {
		/* Where the offsets and lengths are: the file's head and its last part. */
		size_t at = rand() % 2 ? (size_t)rand() % 64 : size - 1 - (size_t)rand() % (size / 2);
		char old = contents[at];

		contents[at] = (char)rand();
		write_whole(path, size);
		absent_read_module(path, vermagic, sizeof(vermagic), &is_signed);
		if (rand() % 4)
			contents[at] = old;
	}
	ok(true, "a module with broken bytes");
	unlink(path);
	free(contents);
	return done();
}
