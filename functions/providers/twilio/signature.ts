import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import querystring from 'node:querystring';
import type { HeaderFields } from '#core/http/incoming.ts';
import { countHashedBytes } from '#core/metrics.ts';
import type { VerifiedBody } from '#providers/provider.ts';

const signatureShape = /^[A-Za-z0-9+/]{27}=$/;
const hexSha256 = /^[0-9a-f]{64}$/i;
const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i;
const urlShape = /^(https?:\/\/)([^/?#]+)(.*)$/is;
/** Twilio's forms have a few kilobytes and some forty fields. Each spelling of the URL costs a hash over all of it. */
const maxFormBytes = 262_144;
const maxFormFields = 1_000;

/**
 * Checks `X-Twilio-Signature`: HMAC-SHA1 with the account's auth token, in base64, over the URL and what is said below.
 * - A form: the fields, sorted by name, each as name and value without anything between them.
 * - Anything else: nothing more, and the query has `bodySHA256`, the hash of the body in hex.
 *
 * Twilio signs the URL in one of a few spellings (with the port or without it, …): each of them is accepted. There is no
 * time in the signature, so what is replayed must be recognised by its ids. Nothing stands between URL, names and values
 * either: a captured signature also fits the same text cut into other fields, so check the form of each field that you use.
 * @param hook.url The URL as Twilio knows it, with the query as it was sent.
 * @param hook.secrets Auth tokens, tried in turn; an empty one never verifies.
 * @returns The body as JSON text, and which token signed. Of a form it is an object of its fields, where one that came
 * with several values has them sorted and without repeats, as they are signed. Undefined for anything else; never throws.
 * Source: twilio 6.2.0, lib/webhooks/webhooks; twilio.com/docs/usage/security.
 */
export function verifyTwilio(hook: {
  url: string;
  body: Buffer;
  headers: HeaderFields;
  secrets: readonly string[];
}): VerifiedBody | undefined {
  const { url, body, headers, secrets } = hook;
  const header = headers.get('x-twilio-signature') ?? '';
  if (!signatureShape.test(header) || !URL.canParse(url)) return undefined;
  const given = Buffer.from(header, 'base64');
  if (given.toString('base64') !== header) return undefined;
  const bodyHashes = new URL(url).searchParams.getAll('bodySHA256');
  if (bodyHashes.length > 0) {
    const secretIndex = signerOf(given, url, '', secrets);
    if (secretIndex === undefined || !isHashOf(body, bodyHashes)) return undefined;
    return { json: body.toString('utf8'), secretIndex };
  }
  if (!isForm.test(headers.get('content-type') ?? '')) return undefined;
  const fields = fieldsOf(body);
  if (!fields) return undefined;
  const text = fields.flatMap(([name, values]) => values.map((value) => name + value)).join('');
  const secretIndex = signerOf(given, url, text, secrets);
  return secretIndex === undefined ? undefined : { json: jsonOf(fields), secretIndex };
}

function signerOf(given: Buffer, url: string, text: string, secrets: readonly string[]): number | undefined {
  const signed = spellingsOf(url).map((spelling) => Buffer.from(spelling + text));
  const index = secrets.findIndex(
    (secret) => secret !== '' && signed.some((bytes) => timingSafeEqual(digestOf(bytes, secret), given)),
  );
  return index === -1 ? undefined : index;
}

function digestOf(bytes: Buffer, secret: string): Buffer {
  countHashedBytes(bytes.length);
  return createHmac('sha1', secret).update(bytes).digest();
}

/** Two values would leave open which of them Twilio added. */
function isHashOf(body: Buffer, [hex = '', ...others]: readonly string[]): boolean {
  if (others.length > 0 || !hexSha256.test(hex)) return false;
  countHashedBytes(body.length);
  return timingSafeEqual(createHash('sha256').update(body).digest(), Buffer.from(hex, 'hex'));
}

/**
 * The ways in which Twilio may have written a URL when it signed it: as it is, as the WHATWG's URL writes it, and with the
 * query as Node's querystring does; each with a port and without one.
 */
function spellingsOf(url: string): string[] {
  const parsed = new URL(url);
  const query = querystring.stringify(querystring.parse(parsed.search.slice(1)));
  const legacy = `${parsed.origin}${parsed.pathname}${query === '' ? '' : `?${query}`}`;
  return [...new Set([url, parsed.href, legacy].flatMap(withAndWithoutPort))];
}

function withAndWithoutPort(url: string): string[] {
  const [, scheme = '', authority = '', rest = ''] = urlShape.exec(url) ?? [];
  const host = authority.replace(/:\d+$/, '');
  const port = scheme.toLowerCase() === 'https://' ? 443 : 80;
  const withPort = host === authority ? `${host}:${port}` : authority;
  return [`${scheme}${host}${rest}`, `${scheme}${withPort}${rest}`];
}

/** The fields of a form, sorted as JavaScript sorts text, with the values of each sorted and without repeats. */
function fieldsOf(body: Buffer): [name: string, values: string[]][] | undefined {
  if (body.length > maxFormBytes) return undefined;
  const fields = new Map<string, Set<string>>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (++count > maxFormFields) return undefined;
    const values = fields.get(name) ?? new Set();
    fields.set(name, values.add(value));
  }
  return [...fields.keys()].sort().map((name) => [name, [...(fields.get(name) ?? [])].sort()]);
}

const jsonOf = (fields: [name: string, values: string[]][]): string =>
  JSON.stringify(
    Object.fromEntries(fields.map(([name, values]) => [name, values.length === 1 ? values[0] : values])),
  );
