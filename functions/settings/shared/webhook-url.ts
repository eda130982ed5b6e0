import { BlockList, isIP } from 'node:net';
import * as z from 'zod';
import { env } from '#core/env.ts';

/** Addresses that no receiver on the internet has: of this machine, of private networks, of nobody. */
const privateAddresses = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  privateAddresses.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 96], // unspecified, loopback, and the old way to write an IPv4 address
  ['64:ff9b::', 96], // these three stand for IPv4 addresses
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  privateAddresses.addSubnet(network, bits, 'ipv6');

/** Whether a host of a parsed URL names this machine or a private network. What a name resolves to is not looked at. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const family = isIP(host);
  if (family !== 0) return privateAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host);
}

/** Why nothing can be sent to this address, as the end of a sentence; undefined where it can. */
export function refusalOfUrl(text: string, isProduction: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be an address such as https://example.com/hook';
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (protocol !== 'https:' && (isProduction || protocol !== 'http:'))
    return isProduction ? 'must begin with https://' : 'must begin with https:// or http://';
  if (hostname === '') return 'must name a host';
  if (username !== '' || password !== '') return 'must hold no user or password';
  if (hash !== '') return 'must hold no fragment';
  if (isProduction && isPrivateHost(hostname)) return 'must not lead to this machine or a private network';
  return undefined;
}

/** An address of somebody else's that we send to. */
export const webhookUrl = z
  .url({ error: 'must be an address such as https://example.com/hook' })
  .max(2000, 'may have at most 2000 characters')
  .superRefine((text, refuse) => {
    const message = refusalOfUrl(text, env().NODE_ENV === 'production');
    if (message) refuse.addIssue({ code: 'custom', message });
  });
