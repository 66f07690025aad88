/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_NETLINK_H
#define _HALB_NETLINK_H

int halb_netlink_init(void);
void halb_netlink_exit(void);

#endif
