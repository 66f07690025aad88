/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_DEVICE_H
#define _HALB_DEVICE_H

struct halb_net;

void halb_device_init_net(struct halb_net *hn);
void halb_device_exit_net(struct halb_net *hn);
int halb_device_init(void);
void halb_device_exit(void);

#endif
