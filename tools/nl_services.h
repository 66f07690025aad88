/* SPDX-License-Identifier: GPL-2.0 */
/* The real module for services.h; its argument is a struct nl_ctx that is open. */
#ifndef HALB_NL_SERVICES_H
#define HALB_NL_SERVICES_H

#include "services.h"

extern const struct services_ops nl_services_ops;

#endif
