import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** A secret by which a receiver checks signatures: 32 random bytes, as Standard Webhooks writes them. */
export const makeWebhookSecret = (): string => `${prefix}${randomBytes(32).toString('base64')}`;

/** What is sent, and signed. */
export interface Signed {
  /** The event's, the same in every attempt. */
  id: string;
  at: Date;
  body: string;
}

/**
 * The headers by which a receiver knows that a delivery is ours: those of Standard Webhooks, with a signature by each
 * secret, and X-Webhook-Signature, by the first secret alone.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param secrets The current one first; during a rotation, the one before it too.
 */
export function signatureHeaders(
  { id, at, body }: Signed,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  // Receivers of this older form take the secret as the text that it is.
  const plain = createHmac('sha256', secrets[0] ?? '')
    .update(`${timestamp}.${body}`)
    .digest('hex');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
    'x-webhook-timestamp': String(timestamp),
    'x-webhook-signature': `sha256=${plain}`,
  };
}
