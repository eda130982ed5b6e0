import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { channelNames } from '#messaging/mail/public.ts';
import release from '../../../package.json' with { type: 'json' };
import { maxKeysOfAPerson } from './shared/api-keys.ts';
import { type CompanySettings, readSettings } from './shared/company-settings.ts';
import { languages } from './shared/languages.ts';
import { readServedBy, ServedBy } from './shared/served-by.ts';
import { maxWebhooks } from './shared/usage.ts';

const RateLimit = z.object({ count: z.int32(), seconds: z.int32() }).meta({ id: 'RateLimit' }).nullable();
const Is = z.boolean();
const Facts = z
  .object({
    version: z.string(),
    apiUrl: z.string(),
    frontendUrl: z.string().nullable(),
    features: z
      .object({
        email: Is.describe('Mails reach people: a provider or an SMTP server is set.'),
        sms: Is.describe('The company has set Twilio’s account, token and number.'),
        slack: Is,
        teams: Is,
        files: Is.describe('There is an object store for uploads, recordings and exports.'),
      })
      .meta({ id: 'SystemFeatures' }),
    providers: z
      .object({ retell: Is, dialpad: Is, dialpadConnect: Is, twilio: Is, razorpay: Is })
      .meta({ id: 'SystemProviders' })
      .describe('Whether the company is served: by an account of its own, or by the deployment’s.'),
    servedBy: ServedBy,
    languages: z.array(z.string()).describe('GET /api/settings/languages tells more.'),
    limits: z
      .object({
        bodyBytes: z.int32(),
        apiKeysOfAPerson: z.int32(),
        webhooksOfACompany: z.int32(),
        rates: z
          .object({ api: RateLimit, apiHour: RateLimit, auth: RateLimit, strict: RateLimit, team: RateLimit })
          .meta({ id: 'SystemRateLimits' })
          .describe('Null: not limited.'),
      })
      .meta({ id: 'SystemLimits' }),
  })
  .meta({ id: 'SystemInfo' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/system',
  summary: 'Get the offer of this deployment',
  description: 'Which features and providers your company can use here, and the limits that hold.',
  who: ['user'],
  output: Facts,
  handle: ({ ctx }) =>
    ctx.db(async (tx) =>
      factsFor(await readSettings(tx, ctx.companyId), await readServedBy(tx, ctx.companyId)),
    ),
});

function factsFor({ integrations }: CompanySettings, servedBy: ServedBy): z.infer<typeof Facts> {
  const settings = env();
  const has = (integration: string, ...fields: string[]) =>
    fields.every((field) => {
      const value = integrations[integration]?.[field] ?? null;
      return typeof value === 'object' ? value?.isSet === true : true;
    });
  const twilio = has('twilio', 'accountSid', 'authToken');
  return {
    version: release.version,
    apiUrl: settings.PUBLIC_URL,
    frontendUrl: settings.FRONTEND_URL ?? null,
    features: {
      email: channelNames().some((name) => name !== 'mailbox'),
      sms: twilio && has('twilio', 'fromNumber'),
      slack: has('slack', 'webhookUrl'),
      teams: has('teams', 'webhookUrl'),
      files: settings.S3_BUCKET !== undefined,
    },
    providers: {
      retell: servedBy.retell !== 'none',
      dialpad: servedBy.dialpad !== 'none',
      dialpadConnect:
        settings.DIALPAD_CLIENT_ID !== undefined && settings.DIALPAD_CLIENT_SECRET !== undefined,
      twilio,
      razorpay: has('razorpay', 'keyId', 'keySecret'),
    },
    servedBy,
    languages: languages.map(({ code }) => code),
    limits: {
      bodyBytes: settings.MAX_BODY_BYTES,
      apiKeysOfAPerson: maxKeysOfAPerson,
      webhooksOfACompany: maxWebhooks,
      rates: {
        api: settings.RATE_LIMIT_API ?? null,
        apiHour: settings.RATE_LIMIT_API_HOUR ?? null,
        auth: settings.RATE_LIMIT_AUTH ?? null,
        strict: settings.RATE_LIMIT_STRICT ?? null,
        team: settings.RATE_LIMIT_TEAM ?? null,
      },
    },
  };
}
