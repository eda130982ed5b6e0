import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HeaderFields } from '#core/http/incoming.ts';
import { countHashedBytes } from '#core/metrics.ts';

const toleranceMs = 5 * 60 * 1000;
const signatureHeaders = ['x-webhook-signature', 'x-signature', 'x-hub-signature-256'];

/**
 * HMAC-SHA256 in hex of the body, or of `<timestamp>.<body>` where there is a timestamp, as the sender puts it into
 * `x-webhook-signature`, with or without `sha256=` before it.
 */
export function signIncoming(body: Buffer | string, secret: string, timestamp?: string): string {
  return digestOf(body, secret, timestamp).toString('hex');
}

/**
 * Which of the secrets signed these bytes: its index in `secrets`. Undefined where none did, or where
 * `x-webhook-timestamp` (Unix seconds or milliseconds) is unreadable or over five minutes from `nowMs`.
 * Never throws; an empty secret never verifies.
 */
export function verifyIncoming(
  body: Buffer,
  headers: HeaderFields,
  secrets: readonly string[],
  nowMs: number,
): number | undefined {
  const header = signatureHeaders.map((name) => headers.get(name)).find((value) => value !== null);
  const [, hex] = /^(?:sha256=)?([0-9a-f]{64})$/i.exec(header ?? '') ?? [];
  if (hex === undefined) return undefined;
  const timestamp = headers.get('x-webhook-timestamp') ?? undefined;
  if (timestamp !== undefined && !isRecent(timestamp, nowMs)) return undefined;
  const given = Buffer.from(hex, 'hex');
  const index = secrets.findIndex(
    (secret) => secret !== '' && timingSafeEqual(digestOf(body, secret, timestamp), given),
  );
  return index === -1 ? undefined : index;
}

/** Unix seconds have ten digits until the year 2286, milliseconds thirteen. */
function isRecent(timestamp: string, nowMs: number): boolean {
  if (!/^(\d{10}|\d{13})$/.test(timestamp)) return false;
  const atMs = timestamp.length === 10 ? Number(timestamp) * 1000 : Number(timestamp);
  return Math.abs(nowMs - atMs) <= toleranceMs;
}

function digestOf(body: Buffer | string, secret: string, timestamp: string | undefined): Buffer {
  countHashedBytes(Buffer.byteLength(body));
  const hmac = createHmac('sha256', secret);
  if (timestamp !== undefined) hmac.update(`${timestamp}.`);
  return hmac.update(body).digest();
}
