import { URI } from 'otpauth';
import { toDataURL } from 'qrcode';
import { describe, expect, test } from 'vitest';
import { codeAt } from '../testing/authenticator.ts';
import { otpauthUrl, stepsOf } from './totp.ts';

describe('a code', () => {
  const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'; // '12345678901234567890'

  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('of second %d is that of RFC 6238, appendix B, cut to six digits', async (second, digits) => {
    const code = digits.slice(2);
    expect(codeAt(rfcSecret, second * 1000)).toBe(code);
    expect(await stepsOf(rfcSecret, code, new Date(second * 1000))).toEqual([Math.floor(second / 30)]);
  });

  test('is right for one step before and one after its own, and no longer', async () => {
    const second = 1_111_111_111;
    const found = await Promise.all(
      [-2, -1, 0, 1, 2].map((late) => stepsOf(rfcSecret, '050471', new Date((second + late * 30) * 1000))),
    );
    expect(found.map((steps) => steps.length)).toEqual([0, 1, 1, 1, 0]);
  });
});

describe('a QR code', () => {
  test.each([
    ['a colon', 'Acme: Support', 'Acme  Support'],
    ['nothing but colons', ':::', 'Trunkline'],
    ['an ampersand and a percent sign', 'A&B 100% ?issuer=Evil#', 'A&B 100% ?issuer=Evil#'],
    ['200 emoji', '🐈'.repeat(200), '🐈'.repeat(40)],
  ])('can be scanned in a company whose name is %s', async (_, name, issuer) => {
    const email = `${'a+'.repeat(32)}@${'b'.repeat(180)}.example`;
    const url = await otpauthUrl('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', name, email);
    expect(URI.parse(url)).toMatchObject({ issuer, label: email });
    await expect(toDataURL(url)).resolves.toMatch(/^data:image\/png;base64,/);
  });
});
