import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came: the target still encoded, header names in lower case. */
export interface SignedRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Why a request is refused: S3's code, and a sentence. */
export interface Refusal {
  code: string;
  message: string;
}

const maxSkewMs = 15 * 60_000;
const longestLinkSeconds = 7 * 86_400;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `20130524T000000Z` in milliseconds; NaN for anything else. */
const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

interface Claim {
  credential: string;
  signedHeaders: string;
  signature: string;
  date: string;
  payloadHash: string;
  /** Of a link. */
  expiresSeconds: number | undefined;
}

function claimOf(request: SignedRequest, query: URLSearchParams): Claim | undefined {
  const header = (name: string) => String(request.headers[name] ?? '');
  if (query.has('X-Amz-Signature')) {
    const parameter = (name: string) => query.get(`X-Amz-${name}`) ?? '';
    if (parameter('Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
    return {
      credential: parameter('Credential'),
      signedHeaders: parameter('SignedHeaders'),
      signature: parameter('Signature'),
      date: parameter('Date'),
      payloadHash: 'UNSIGNED-PAYLOAD',
      expiresSeconds: Number(parameter('Expires') || Number.NaN),
    };
  }
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=(\w+)$/.exec(
      header('authorization'),
    ) ?? [];
  if (!credential || !signedHeaders || !signature) return undefined;
  return {
    credential,
    signedHeaders,
    signature,
    date: header('x-amz-date'),
    payloadHash: header('x-amz-content-sha256'),
    expiresSeconds: undefined,
  };
}

function isOutOfTime({ date, expiresSeconds }: Claim, nowMs: number): boolean {
  const signedMs = timeOf(date);
  if (expiresSeconds === undefined) return !(Math.abs(nowMs - signedMs) <= maxSkewMs);
  const isLifetime = expiresSeconds >= 1 && expiresSeconds <= longestLinkSeconds;
  return !(isLifetime && signedMs <= nowMs + maxSkewMs && nowMs < signedMs + expiresSeconds * 1_000);
}

/**
 * Checks a request's signature of version 4, in its headers or its query, as AWS does: by its own reading of AWS's
 * documentation, so that a mistake in how we sign shows.
 * @returns undefined when it is signed by the key and in time.
 */
export function refusalOf(request: SignedRequest, key: KeyPair, nowMs: number): Refusal | undefined {
  const [path = '', search = ''] = request.target.split(/\?(.*)/s);
  const query = new URLSearchParams(search.replaceAll('+', '%2B'));
  const claim = claimOf(request, query);
  if (!claim) return { code: 'AccessDenied', message: 'The request is not signed.' };
  const [accessKeyId, ...scope] = claim.credential.split('/');
  if (accessKeyId !== key.accessKeyId)
    return { code: 'InvalidAccessKeyId', message: 'The access key is not known here.' };
  const [day = '', region = '', service, end] = scope;
  const signed = claim.signedHeaders.split(';');
  const isWhole =
    service === 's3' && end === 'aws4_request' && claim.date.startsWith(day) && signed.includes('host');
  if (!isWhole)
    return { code: 'AuthorizationHeaderMalformed', message: 'The signature does not say all it must.' };
  if (Object.keys(request.headers).some((name) => name.startsWith('x-amz-') && !signed.includes(name)))
    return {
      code: 'AccessDenied',
      message: 'There were headers present in the request which were not signed',
    };

  const parameters = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([a, x], [b, y]) => inOrder(a, b) || inOrder(x, y));
  const canonical = [
    request.method,
    path,
    parameters.map((pair) => pair.join('=')).join('&'),
    ...signed.map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}`,
    ),
    '',
    claim.signedHeaders,
    claim.payloadHash,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', claim.date, scope.join('/'), sha256(canonical)].join('\n');
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${key.secretAccessKey}`,
  );
  const expected = hmac(signingKey, toSign);
  const given = Buffer.from(claim.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { code: 'SignatureDoesNotMatch', message: 'The signature is not that of this request.' };
  if (!isOutOfTime(claim, nowMs)) return undefined;
  return claim.expiresSeconds === undefined
    ? { code: 'RequestTimeTooSkewed', message: 'The request was signed at another time.' }
    : { code: 'AccessDenied', message: 'Request has expired' };
}
