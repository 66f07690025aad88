// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever a configuration holds: it is read to its end, what was read can be told as
 * text, and all memory is given back. Built with clang's libFuzzer; see conf_fuzz.sh.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	struct conf_messages messages = { 0 };
	struct conf_differences differences;
	struct conf *conf;
	FILE *file, *out;

	if (!*path)
		snprintf(path, sizeof(path), "/tmp/conf_fuzz.%d", getpid());
	/* An input that includes files would read those of this host. */
	if (memmem(data, size, "include", 7))
		return 0;
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		abort();
	conf_load(path, NULL, &conf, &messages);
	for (size_t i = 0; i < messages.count; i++)
		if (!*messages.messages[i].text)
			abort();
	if (conf) {
		out = fopen("/dev/null", "w");
		if (!out)
			abort();
		conf_dump(conf, out);
		fclose(out);
		conf_diff(conf, conf, &differences);
		if (differences.count)
			abort();
		conf_differences_free(&differences);
	}
	conf_messages_free(&messages);
	conf_free(conf);
	unlink(path);
	return 0;
}
