/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_NETLINK_H
#define _HALB_NETLINK_H

struct halb_net;

void halb_netlink_init_net(struct halb_net *hn);
void halb_netlink_exit_net(struct halb_net *hn);
int halb_netlink_init(void);
void halb_netlink_exit(void);

#endif
