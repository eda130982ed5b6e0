import { expect, test } from 'vitest';
import { limitAddress, plainAddress } from './address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['[2001:DB8::1]', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1', '::1'],
  ['192.0.2.01', ''],
  ['unknown', ''],
  ['', ''],
  [undefined, ''],
])('the one spelling of %s is "%s"', (given, plain) => {
  expect(plainAddress(given)).toBe(plain);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8:0:0:1::', '2001:db8::/64'],
  ['::1', '::/64'],
  ['', ''],
])('%s is counted as %s', (address, counted) => {
  expect(limitAddress(address)).toBe(counted);
});
