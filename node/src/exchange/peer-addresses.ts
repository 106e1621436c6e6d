import { BlockList, isIP } from 'node:net';
import type { Message } from '@credit-ledger/sdk/protocol';

/** Which addresses another member's node may have. */
export interface AddressPolicy {
  /** Private networks and this machine are allowed: only in development. */
  readonly development: boolean;
  /** Of the networks that are not public, those where other members' nodes are: CIDR, such as `10.20.0.0/16`. */
  readonly networks?: readonly string[];
}

type Family = 'ipv4' | 'ipv6';

/**
 * Never another member's node, whatever is allowed: unspecified, link-local (where clouds keep their
 * credentials), multicast, reserved, and addresses of the older family in the clothes of the newer one
 * (of which `::ffff:a.b.c.d` is no part: a BlockList looks through it by itself).
 */
const never = blockList([
  ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['100.100.100.200/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
  ...['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8', '100::/64'],
  ...['64:ff9b::/96', '64:ff9b:1::/48', '::ffff:0:0:0/96', '2002::/16', '2001::/32'],
]);

/** This machine, and networks that end at somebody's own gateway. */
const inside = blockList([
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
  ...['::1/128', 'fc00::/7'],
]);

/** Before `::1` is looked at: the old way to write IPv4 in IPv6, `::a.b.c.d`. */
const compatible = blockList(['::/96']);

/** Why a numeric address may not be connected to; undefined when it may. */
export function refusedAddress(address: string, policy: AddressPolicy): string | undefined {
  const bare = address.replace(/%.*$/, '');
  const version = isIP(bare);
  if (version === 0) return 'not an address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (never.check(bare, family)) return 'reserved address';
  // `::ffff:a.b.c.d` is not in it: its fifth and sixth group differ.
  if (family === 'ipv6' && compatible.check(bare, family) && !inside.check(bare, family))
    return 'reserved address';
  if (policy.development || !inside.check(bare, family)) return undefined;
  if (blockList(policy.networks ?? []).check(bare, family)) return undefined;
  return 'address of a private network that peerNetworks does not name';
}

/** What is wrong with a network in CIDR notation; undefined when nothing is. */
export function mistakeInNetwork(cidr: string): Message | undefined {
  const { address, prefix, family } = parts(cidr);
  if (family === undefined)
    return { en: 'expected a network such as 10.20.0.0/16', zh: '应为网段，例如 10.20.0.0/16' };
  const most = family === 'ipv4' ? 32 : 128;
  if (!Number.isInteger(prefix) || prefix < 1 || prefix > most)
    return { en: `expected a prefix from 1 to ${most}`, zh: `前缀长度应为 1 至 ${most}` };
  if (never.check(address, family))
    return { en: 'no node of another member is there', zh: '该网段内不会有其他成员的节点' };
  return undefined;
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const { address, prefix, family } = parts(network);
    if (family !== undefined) list.addSubnet(address, prefix, family);
  }
  return list;
}

function parts(cidr: string): { address: string; prefix: number; family: Family | undefined } {
  const [address = '', prefix = '', more] = cidr.split('/');
  const version = more === undefined && /^\d{1,3}$/.test(prefix) ? isIP(address) : 0;
  const family = version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
  return { address, prefix: Number(prefix), family };
}
