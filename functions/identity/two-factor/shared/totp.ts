import { timingSafeEqual } from 'node:crypto';

/** What every authenticator app takes, and most take nothing else: RFC 6238 with these, 160 bits of secret. */
const parameters = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const secretBytes = 20; // RFC 4226, section 4, R6
/** Steps before and after the present one that are taken: a clock that is off, a code typed late. */
const window = 1;

/** A QR code holds some 2300 characters, and percent-encoding makes up to twelve of one. */
const maxIssuerCharacters = 40;

/** Loaded on first use: most functions that know of second factors meet none. */
const library = () => import('otpauth');

/** @returns a new secret in base32, as authenticators take it. */
export async function makeSecret(): Promise<string> {
  const { Secret } = await library();
  return new Secret({ size: secretBytes }).base32;
}

/** What the QR code says: `otpauth://totp/<company>:<e-mail>?…`. A colon in the name would end it there. */
export async function otpauthUrl(secret: string, companyName: string, email: string): Promise<string> {
  const { Secret, TOTP } = await library();
  const issuer = [...companyName.replaceAll(':', ' ')].slice(0, maxIssuerCharacters).join('').trim();
  const totp = new TOTP({
    ...parameters,
    issuer: issuer || 'Trunkline',
    label: email,
    secret: Secret.fromBase32(secret),
  });
  return totp.toString();
}

/**
 * Which steps of 30 s around this time the code is right for; none, where it is wrong. Compares with every
 * step, so that the time it takes tells nothing.
 * @param code Six digits.
 */
export async function stepsOf(secret: string, code: string, now: Date): Promise<number[]> {
  const { Secret, TOTP } = await library();
  const totp = new TOTP({ ...parameters, secret: Secret.fromBase32(secret) });
  const present = Math.floor(now.getTime() / 1000 / parameters.period);
  const given = Buffer.from(code);
  const steps = Array.from({ length: 2 * window + 1 }, (_, i) => present - window + i);
  return steps.filter((step) => {
    const expected = Buffer.from(totp.generate({ timestamp: step * parameters.period * 1000 }));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
