import { BlockList, isIP } from 'node:net';

/** This machine: only in development. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Never another member's node: unspecified, link-local (where clouds keep their
 * credentials), multicast, reserved. Private networks are allowed: agencies are on one.
 */
const never = new BlockList();
never.addSubnet('0.0.0.0', 8, 'ipv4');
never.addSubnet('169.254.0.0', 16, 'ipv4');
never.addSubnet('224.0.0.0', 4, 'ipv4');
never.addSubnet('240.0.0.0', 4, 'ipv4');
never.addAddress('100.100.100.200', 'ipv4');
never.addAddress('::', 'ipv6');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');
// Addresses of the older family in the clothes of the newer one.
never.addSubnet('64:ff9b::', 96, 'ipv6');
never.addSubnet('64:ff9b:1::', 48, 'ipv6');
never.addSubnet('::ffff:0:0:0', 96, 'ipv6');
never.addSubnet('2002::', 16, 'ipv6');

/** Why a numeric address may not be connected to; undefined when it may. */
export function refusedAddress(address: string, development: boolean): string | undefined {
  const bare = address.replace(/%.*$/, '');
  const version = isIP(bare);
  if (version === 0) return 'not an address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  // A BlockList looks through ::ffff:a.b.c.d by itself.
  if (never.check(bare, family)) return 'reserved address';
  if (!development && loopback.check(bare, family)) return 'address of this machine';
  return undefined;
}
