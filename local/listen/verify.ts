import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the clocks of both sides may differ, seconds. */
const toleranceSeconds = 300;

/** Whether a text can be a secret of Standard Webhooks: 24 to 64 bytes in base64 behind whsec_. */
export function isWebhookSecret(text: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const { length } = Buffer.from(base64 ?? '', 'base64');
  return length >= 24 && length <= 64;
}

/** What a receiver checks of a delivery, and nothing of it may be believed before. */
export interface Delivery {
  headers: Record<string, string | string[] | undefined>;
  /** As it came: the signature is over these bytes. */
  body: Buffer;
}

/**
 * Why a delivery is not to be believed, as a sentence; undefined where it is genuine and fresh.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function refusalOf({ headers, body }: Delivery, secret: string, now: Date): string | undefined {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name],
  );
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return 'the headers webhook-id, webhook-timestamp and webhook-signature are missing';
  if (!/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp is not a number of seconds';
  const age = Math.round(now.getTime() / 1000) - Number(timestamp);
  if (Math.abs(age) > toleranceSeconds)
    return `it was signed ${Math.abs(age)} seconds ${age > 0 ? 'ago' : 'ahead of this clock'}`;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  const isSigned = signatures.split(' ').some((entry) => {
    const [version, given = ''] = entry.split(',');
    const bytes = Buffer.from(given, 'base64');
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
  return isSigned ? undefined : 'the signature is not of this secret';
}
