// SPDX-License-Identifier: GPL-2.0
/*
 * What network cards do to packets, and no device of a VM does: as they come to
 * PREROUTING, those with one of these traffic classes become what a card would
 * have made of them. For the rows that load it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/net_namespace.h>

/* several segments in one, about which nothing else is known (LRO) */
#define CARD_LRO	0x5c
/* the card has looked at the checksum, and found it right */
#define CARD_CHECKED	0x6c

static unsigned int card(void *priv, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	u8 class = state->pf == NFPROTO_IPV6 ? ipv6_get_dsfield(ipv6_hdr(skb)) :
					       ipv4_get_dsfield(ip_hdr(skb));

	switch (class) {
	case CARD_LRO:
		skb_shinfo(skb)->gso_size = 100;
		skb_shinfo(skb)->gso_type = 0;
		break;
	case CARD_CHECKED:
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		break;
	}
	return NF_ACCEPT;
}

static const struct nf_hook_ops hooks[] = {
	{
		.hook = card,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW - 1,
	}, {
		.hook = card,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW - 1,
	},
};

static int __net_init card_net_init(struct net *net)
{
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static void __net_exit card_net_exit(struct net *net)
{
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static struct pernet_operations card_net_ops = {
	.init = card_net_init,
	.exit = card_net_exit,
};

static int __init card_init(void)
{
	return register_pernet_subsys(&card_net_ops);
}

static void __exit card_exit(void)
{
	unregister_pernet_subsys(&card_net_ops);
}

module_init(card_init);
module_exit(card_exit);
MODULE_DESCRIPTION("What network cards do to packets, for tests");
MODULE_LICENSE("GPL");
