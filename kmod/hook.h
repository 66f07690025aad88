/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_HOOK_H
#define _HALB_HOOK_H

#include "net.h"

int halb_hooks_set(struct halb_net *hn, unsigned int want);

#endif
