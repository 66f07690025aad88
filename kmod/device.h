/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_DEVICE_H
#define _HALB_DEVICE_H

int halb_device_init(void);
void halb_device_exit(void);

#endif
