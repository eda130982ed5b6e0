import { createHmac, timingSafeEqual } from 'node:crypto';
import type { VerifiedBody } from '#providers/provider.ts';

const compactJws = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const asciiWhitespaceAround = /^[ \t\r\n]+|[ \t\r\n]+$/g;
const sha256Bytes = 32;

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
  const text = body.toString('latin1').replace(asciiWhitespaceAround, '');
  if (!compactJws.test(text)) return undefined;
  const [header = '', payload = '', signature = ''] = text.split('.');
  if (!announcesHs256(header)) return undefined;
  const claimed = decodeCanonical(signature);
  const payloadBytes = decodeCanonical(payload);
  if (claimed?.length !== sha256Bytes || !payloadBytes) return undefined;
  for (const [secretIndex, secret] of secrets.entries()) {
    if (secret === '') continue;
    const made = createHmac('sha256', secret).update(`${header}.${payload}`, 'latin1').digest();
    if (!timingSafeEqual(made, claimed)) continue;
    const json = decodeUtf8(payloadBytes);
    return json === undefined ? undefined : { json, secretIndex };
  }
  return undefined;
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
