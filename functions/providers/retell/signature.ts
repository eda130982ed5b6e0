import { createHmac, timingSafeEqual } from 'node:crypto';
import { countHashedBytes } from '#core/metrics.ts';

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

const agentId = '"agent_id"';
const idAfter = /^\s{0,4}:\s{0,4}"([\w-]{1,200})"/;
const maxHints = 4;
/** The event's own agent stands before what was said; a body that names it over and over is looked at so many times. */
const maxLooks = 100;

/** Agents that an unverified body seems to name, found by their field's name, without parsing. */
export function hintsOf(body: Buffer): string[] {
  const ids = new Set<string>();
  let at = body.indexOf(agentId);
  for (let looks = 0; at >= 0 && looks < maxLooks && ids.size < maxHints; looks++) {
    const end = at + agentId.length;
    const [, id] = idAfter.exec(body.toString('latin1', end, end + 220)) ?? [];
    if (id !== undefined) ids.add(id);
    at = body.indexOf(agentId, end);
  }
  return [...ids];
}

function digestOf(body: Buffer | string, apiKey: string, atMs: number): Buffer {
  countHashedBytes(Buffer.byteLength(body));
  return createHmac('sha256', apiKey).update(body).update(String(atMs)).digest();
}
