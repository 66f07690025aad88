/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own load balancer, from which people move to halb. */
#ifndef HALB_IP_VS_H
#define HALB_IP_VS_H

/* Once in a network namespace where ip_vs has services, as the first service is added by hand:
 * says on stderr how to take them over.
 */
void ip_vs_warn(void);

#endif
