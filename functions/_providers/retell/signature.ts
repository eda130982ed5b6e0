import { createHmac, timingSafeEqual } from 'node:crypto';

const toleranceMs = 5 * 60 * 1000;
const headerShape = /^v=(\d{1,16}),d=([0-9a-f]{64})$/i;

/**
 * The value of Retell's `x-retell-signature` for a body: `v=<epoch ms>,d=<hex>`, where the digest is
 * HMAC-SHA256(API key, body + epoch ms in decimal). Source: retell-sdk 5.66.1, lib/webhook_auth.
 */
export function signRetell(body: Buffer | string, apiKey: string, atMs: number): string {
  return `v=${atMs},d=${digestOf(body, apiKey, atMs).toString('hex')}`;
}

/**
 * Which of the API keys signed these bytes: its index in `secrets`. Undefined where none did, or where the
 * signature is more than five minutes from `nowMs` (exactly five minutes still counts, as in Retell's SDK).
 * Never throws; an empty secret never verifies.
 */
export function verifyRetell(
  body: Buffer,
  header: string | null,
  secrets: readonly string[],
  nowMs: number,
): number | undefined {
  const [, digits, hex] = headerShape.exec(header ?? '') ?? [];
  if (digits === undefined || hex === undefined) return undefined;
  const atMs = Number(digits);
  if (!Number.isSafeInteger(atMs) || !(Math.abs(nowMs - atMs) <= toleranceMs)) return undefined;
  const given = Buffer.from(hex, 'hex');
  const index = secrets.findIndex(
    (secret) => secret !== '' && timingSafeEqual(digestOf(body, secret, atMs), given),
  );
  return index === -1 ? undefined : index;
}

function digestOf(body: Buffer | string, apiKey: string, atMs: number): Buffer {
  return createHmac('sha256', apiKey).update(body).update(String(atMs)).digest();
}
