import { isIP } from 'node:net';

/**
 * The one spelling of an IP address: IPv6 in lower case, compressed and without a zone, an IPv4 address that is written as
 * one of IPv6 (`::ffff:192.0.2.1`) as IPv4. '' for what is no address.
 */
export function plainAddress(given: string | undefined): string {
  const text = (given ?? '')
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '');
  const family = isIP(text);
  if (family !== 6) return family === 4 ? text : '';
  const plain = new URL(`http://[${text}]/`).hostname.slice(1, -1); // as RFC 5952 writes it, but for IPv4 at its end
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  const bytes = [high, low].flatMap((part) => [
    Number.parseInt(part, 16) >> 8,
    Number.parseInt(part, 16) & 255,
  ]);
  return bytes.join('.');
}

/**
 * Who is counted as one caller by an address in its one spelling: an IPv4 address, of IPv6 the network of 64 bits, since
 * that is the least that a provider gives to one customer (RFC 6177).
 */
export function limitAddress(address: string): string {
  if (!address.includes(':')) return address;
  const [before = '', after = ''] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === '' ? [] : after.split(':');
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const network = [...head, ...zeros, ...tail].slice(0, 4).join(':');
  return `${new URL(`http://[${network}::]/`).hostname.slice(1, -1)}/64`;
}
