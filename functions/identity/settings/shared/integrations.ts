import * as z from 'zod';
import { outgoingUrl } from '#core/clients/outgoing/url.ts';
import { env } from '#core/env.ts';
import { phoneInput } from '#core/http/input.ts';
import type { IntegrationName } from '../../provider-accounts/public.ts';

interface Field {
  isSecret: boolean;
  input: z.ZodType<string>;
}
const plain = (input: z.ZodType<string>): Field => ({ isSecret: false, input });
const secret = (input: z.ZodType<string>): Field => ({ isSecret: true, input });

const key = z
  .string()
  .trim()
  .min(8, 'must have at least 8 characters')
  .max(1000, 'may have at most 1000 characters')
  .regex(/^\S+$/, 'must hold no white space');

/** The fields that are kept of each integration. Secrets are written and used, and never read back. */
const integrationFields = {
  slack: {
    webhookUrl: secret(outgoingUrl),
    channel: plain(z.string().regex(/^[#@][^\s#@]{1,80}$/, 'must be a channel such as #support')),
  },
  teams: { webhookUrl: secret(outgoingUrl) },
  twilio: {
    accountSid: plain(z.string().regex(/^AC[0-9a-f]{32}$/, 'must be AC and 32 hexadecimal digits')),
    authToken: secret(key),
    fromNumber: plain(phoneInput),
  },
  retell: { apiKey: secret(key) },
  dialpad: { apiKey: secret(key), webhookSecret: secret(key) },
  razorpay: {
    keyId: plain(
      z.string().regex(/^rzp_(test|live)_[A-Za-z0-9]{1,64}$/, 'must begin with rzp_test_ or rzp_live_'),
    ),
    keySecret: secret(key),
    webhookSecret: secret(key),
  },
} as const satisfies Record<IntegrationName, Record<string, Field>>;

const fieldsOf = Object.entries<Record<string, Field>>(integrationFields);

/** All that is ever shown of a secret. */
const SecretState = z
  .strictObject({
    isSet: z.boolean(),
    hint: z.string().nullable().describe('The last four characters; null of a short one.'),
    updatedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'SecretState' });
type SecretState = z.infer<typeof SecretState>;

const each = (make: (field: Field) => z.ZodType) =>
  fieldsOf.map(([name, fields]): [string, z.ZodObject] => [
    name,
    z.strictObject(Object.fromEntries(Object.entries(fields).map(([field, which]) => [field, make(which)]))),
  ]);
const named = (name: string, kind: 'Integration' | 'IntegrationPatch') => ({
  id: `${name.charAt(0).toUpperCase()}${name.slice(1)}${kind}`,
});

export type IntegrationsShown = Record<string, Record<string, SecretState | string | null>>;
/** Where Retell sends the webhooks of a company's own account: without the company, an unlinked agent would be nobody's. */
const retellWebhookAddress = (companyId: string): string =>
  `${new URL('/webhooks/retell', env().PUBLIC_URL).href}?company_id=${companyId}`;

export const IntegrationsShown = z
  .strictObject(
    Object.fromEntries(
      each((field) => (field.isSecret ? SecretState : z.string().nullable())).map(([name, schema]) => [
        name,
        (name === 'retell'
          ? schema.extend({
              webhookAddress: z
                .string()
                .describe('Enter it at Retell as the webhook of an account of your own.'),
            })
          : schema
        ).meta(named(name, 'Integration')),
      ]),
    ),
  )
  .meta({ id: 'Integrations' }) as unknown as z.ZodType<IntegrationsShown>;

export type IntegrationsPatch = Record<string, Record<string, string | null | undefined> | undefined>;
export const IntegrationsPatch = z
  .strictObject(
    Object.fromEntries(
      each((field) => field.input.nullable().optional()).map(([name, schema]) => [
        name,
        schema.meta(named(name, 'IntegrationPatch')).optional(),
      ]),
    ),
  )
  .meta({
    id: 'IntegrationsPatch',
    description: 'Null deletes. Secrets are never read back.',
  }) as unknown as z.ZodType<IntegrationsPatch>;

/** A secret of a company, as it stands in the database without itself. */
export const StoredSecret = z.object({
  integration: z.string(),
  name: z.string(),
  hint: z.string().nullable(),
  updatedAt: z.string(),
});
export type StoredSecret = z.infer<typeof StoredSecret>;

export const isSecretField = (integration: string, field: string): boolean =>
  fieldsOf.some(([name, fields]) => name === integration && fields[field]?.isSecret === true);

/** Every integration with every field, set or not. */
export function integrationsShown(
  plainFields: Record<string, Record<string, string>>,
  secrets: readonly StoredSecret[],
  companyId: string,
): IntegrationsShown {
  const shownSecret = (integration: string, field: string): SecretState => {
    const found = secrets.find(({ integration: of, name }) => of === integration && name === field);
    return { isSet: found !== undefined, hint: found?.hint ?? null, updatedAt: found?.updatedAt ?? null };
  };
  const shown: IntegrationsShown = Object.fromEntries(
    fieldsOf.map(([name, fields]) => [
      name,
      Object.fromEntries(
        Object.entries(fields).map(([field, { isSecret }]) => [
          field,
          isSecret ? shownSecret(name, field) : (plainFields[name]?.[field] ?? null),
        ]),
      ),
    ]),
  );
  return { ...shown, retell: { ...shown.retell, webhookAddress: retellWebhookAddress(companyId) } };
}

/** What of a secret may be shown. Of a short one, four characters would be too much. */
export const hintOf = (value: string): string | null => (value.length >= 12 ? value.slice(-4) : null);
