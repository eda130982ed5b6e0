import { createHmac, timingSafeEqual } from 'node:crypto';
import { countHashedBytes } from '#core/metrics.ts';
import type { VerifiedBody } from '#providers/provider.ts';

const compactJws = /^[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/;
const sha256Bytes = 32;
const whitespace = new Set([0x20, 0x09, 0x0d, 0x0a]);

/**
 * Checks a Dialpad webhook body: the whole body is a compact JWS (RFC 7515) made with HMAC-SHA256 and the UTF-8 secret
 * of the webhook. Its form says what it is, so the Content-Type plays no part. There is no time in the signature:
 * what is replayed is recognised by its dedupe key.
 * @param body The raw bytes; ASCII whitespace around the JWS is tolerated, nothing else is.
 * @param secrets Candidates, tried in turn; an empty one never verifies.
 * @returns The signed payload and which secret made it. Undefined for anything else; never throws.
 * Source: Dialpad API v2, `schemas.signature.SignatureProto` (algo HS256, type jwt).
 */
export function verifySignedBody(body: Buffer, secrets: readonly string[]): VerifiedBody | undefined {
  const text = trimmed(body).toString('latin1');
  if (!compactJws.test(text)) return undefined;
  const [header = '', payload = '', signature = ''] = text.split('.');
  if (!announcesHs256(header)) return undefined;
  const claimed = decodeCanonical(signature);
  if (claimed?.length !== sha256Bytes) return undefined;
  for (const [secretIndex, secret] of secrets.entries()) {
    if (secret === '') continue;
    countHashedBytes(header.length + 1 + payload.length);
    const made = createHmac('sha256', secret).update(`${header}.${payload}`, 'latin1').digest();
    if (!timingSafeEqual(made, claimed)) continue;
    const payloadBytes = decodeCanonical(payload);
    const json = payloadBytes && decodeUtf8(payloadBytes);
    return json === undefined ? undefined : { json, secretIndex };
  }
  return undefined;
}

/** Without the ASCII whitespace around it. A regular expression would try each run of blanks anew from each of them. */
function trimmed(body: Buffer): Buffer {
  let [start, end] = [0, body.length];
  while (start < end && whitespace.has(body[start] ?? 0)) start++;
  while (start < end && whitespace.has(body[end - 1] ?? 0)) end--;
  return body.subarray(start, end);
}

/** A payload of more is one of long transcripts, whose organisation stands before them. */
const hintedBytes = 262_144;
const organization = /"(?:company_id|office_id)"\s{0,4}:\s{0,4}"?(\d{1,25})/g;
const maxHints = 4;

/** Organisations that an unverified body seems to name: its first 256 KB are decoded, and none of it is parsed. */
export function hintsOf(body: Buffer): string[] {
  const text = body.toString('latin1', 0, Math.min(body.length, hintedBytes));
  const [, payload = ''] = text.split('.', 2);
  const ids = new Set<string>();
  for (const [, id] of Buffer.from(payload, 'base64url').toString('latin1').matchAll(organization)) {
    if (id !== undefined) ids.add(id);
    if (ids.size >= maxHints) break;
  }
  return [...ids];
}

/** Dialpad writes the same header always; the last one that was found good is not read again. */
let goodHeader: string | undefined;

function announcesHs256(encoded: string): boolean {
  if (encoded === goodHeader) return true;
  const isGood = readsHs256(encoded);
  if (isGood) goodHeader = encoded;
  return isGood;
}

function readsHs256(encoded: string): boolean {
  const bytes = decodeCanonical(encoded);
  const json = bytes && decodeUtf8(bytes);
  if (json === undefined) return false;
  try {
    const header: unknown = JSON.parse(json);
    if (typeof header !== 'object' || header === null) return false;
    // `crit` and `b64` change what is signed (RFC 7515 §4.1.11, RFC 7797); Dialpad uses neither.
    return 'alg' in header && header.alg === 'HS256' && !('crit' in header) && !('b64' in header);
  } catch {
    return false;
  }
}

/** Undefined when other text would decode to the same bytes: one signature must have one spelling. */
function decodeCanonical(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, 'base64url');
  return bytes.toString('base64url') === encoded ? bytes : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
