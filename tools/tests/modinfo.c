// SPDX-License-Identifier: GPL-2.0
/* Compiled, this has all that absent.c looks for in a module. */
static const char modinfo[] __attribute((used, section(".modinfo"))) =
	"license=GPL\0vermagic=" RELEASE " SMP mod_unload ";
