/* SPDX-License-Identifier: GPL-2.0 */
/* Source addresses of fullnat, and whether replies to them find the director. */
#ifndef HALB_SOURCES_H
#define HALB_SOURCES_H

#include "model.h"

/* A line on stderr if not all source addresses of the service are addresses of
 * this machine: that may be meant, but then somebody else must lead replies here.
 */
void sources_warn(const struct halb_service *service);

#endif
