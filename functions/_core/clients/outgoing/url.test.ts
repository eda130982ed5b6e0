import { describe, expect, test } from 'vitest';
import { hostOf, refusalOfUrl } from './url.ts';

const production = { allowsHttp: false, allowsPrivate: false };
const elsewhere = { allowsHttp: true, allowsPrivate: true };

describe('an address that we send to, in production', () => {
  test.each([
    'https://example.com/hook',
    'https://example.com:8443/hook?x=1',
    'https://8.8.8.8/hook',
    'https://[2606:4700::1111]/hook',
    'https://168.63.129.17',
    'https://[2001:2:1::1]',
    'https://[2001:4860::1]',
    'https://localhost.example.com',
  ])('may be %s', (address) => {
    expect(refusalOfUrl(address, production)).toBeUndefined();
  });

  test.each([
    'http://example.com/hook',
    'https://ada@example.com',
    'https://localhost/hook',
    'https://LOCALHOST./hook',
    'https://api.localhost',
    'https://db.internal',
    'https://printer.local',
    'https://intranet',
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://0177.0.0.1',
    'https://0.0.0.0',
    'https://10.1.2.3',
    'https://172.16.0.1',
    'https://172.31.255.255',
    'https://192.168.1.1',
    'https://100.64.0.1',
    'https://169.254.169.254/latest/meta-data',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[::]',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:a9fe:a9fe]',
    'https://[::127.0.0.1]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'https://[fd00::1]',
    'https://[fe80::1]',
    'https://[ff02::1]',
    'https://168.63.129.16',
    'https://[5f00::1]',
    'https://[100:0:0:1::1]',
    'https://[2001:2::1]',
    'https://[2001:10::1]',
    'https://[2001:1f:ffff::1]',
  ])('may not be %s', (address) => {
    expect(refusalOfUrl(address, production)).toEqual(expect.any(String));
  });

  test('may be http and local elsewhere, but of no other scheme', () => {
    expect(refusalOfUrl('http://localhost:3000/hook', elsewhere)).toBeUndefined();
    expect(refusalOfUrl('file:///etc/passwd', elsewhere)).toEqual(expect.any(String));
  });
});

test.each(['https://Example.com:8443/x', 'https://example.com./y', 'https://exam%70le.com?z'])(
  '%s shares the connections of example.com',
  (address) => expect(hostOf(address)).toBe('example.com'),
);
