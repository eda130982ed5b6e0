import * as z from 'zod';
import { isPrivateHost } from './clients/outgoing/addresses.ts';
import { databaseAddress } from './database/database-address.ts';
import { plainError } from './http/plain-errors.ts';
import { phoneCountries } from './phones/phone-countries.ts';

/** Development values: the embedded stack runs on them, production refuses them. */
export const developmentSecrets = {
  JWT_SECRET: 'development-only-jwt-secret-do-not-deploy',
  API_KEY_SECRET: 'development-only-api-key-pepper-do-not-deploy',
  ENCRYPTION_KEY: 'ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LWEtc2VjcmU=',
  INTERNAL_API_SECRET: 'development-only-internal-secret-do-not-deploy',
} as const;

const secret = z.string().min(32, 'must have at least 32 characters: openssl rand -hex 32 makes one');
const address = z.url('must be a URL');
const span = z.string().regex(/^\d+[smhd]$/, 'must be a number and a unit, as 15m or 7d');

/** At most `count` requests in any `seconds`. */
export interface RateLimit {
  count: number;
  seconds: number;
}

const rateLimit = z
  .string()
  .regex(/^(off|[1-9]\d{0,8}\/[1-9]\d{0,4}[smhd])$/, 'must be a count and a window, as 100/1m, or off')
  .refine(
    (text) => text === 'off' || spanSeconds(text.split('/')[1] ?? '') <= 365 * 86_400,
    'may have a window of at most 365d',
  )
  .transform((text): RateLimit | undefined => {
    const [count = '', window = ''] = text.split('/');
    return text === 'off' ? undefined : { count: Number(count), seconds: spanSeconds(window) };
  });

/** ISO 3166 codes, comma separated, or * for all. */
const countries = z.string().transform((text, refused): ReadonlySet<string> | '*' => {
  if (text.trim() === '*') return '*';
  const codes = text
    .split(',')
    .map((code) => code.trim().toUpperCase())
    .filter(Boolean);
  const unknown = codes.find((code) => !phoneCountries.includes(code));
  if (unknown !== undefined) {
    refused.addIssue(`must list ISO 3166 codes of countries, as US,CA,DE, or be *: ${unknown} is none`);
    return z.NEVER;
  }
  return new Set(codes);
});

function isDatabaseAddress(url: string, refused: z.core.$RefinementCtx): void {
  try {
    databaseAddress(url);
  } catch (error) {
    refused.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
}

const shape = z.object({
  ENVIRONMENT_IS_PARTIAL: z.stringbool({ error: 'must be true or false' }).default(false),
  NODE_ENV: z.enum(['development', 'test', 'production']).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DATABASE_URL: z
    .string({ error: 'is needed: the address of Postgres, as postgres://user:password@host:5432/database' })
    .superRefine(isDatabaseAddress),
  DATABASE_SERVICE_URL: z.string().superRefine(isDatabaseAddress).optional(),
  DATABASE_CA: z.string().optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(100).default(4),
  PUBLIC_URL: address.default('http://localhost:8888'),
  FRONTEND_URL: address.optional(),
  JWT_SECRET: secret.default(developmentSecrets.JWT_SECRET),
  SUPABASE_JWT_SECRET: secret.optional(),
  JWT_EXPIRES_IN: span.default('15m'),
  JWT_REFRESH_EXPIRES_IN: span.default('7d'),
  API_KEY_SECRET: secret.default(developmentSecrets.API_KEY_SECRET),
  ENCRYPTION_KEY: z
    .string()
    .refine(
      (key) => Buffer.from(key, 'base64').length === 32,
      'must be 32 bytes in base64: openssl rand -base64 32',
    )
    .default(developmentSecrets.ENCRYPTION_KEY),
  ENCRYPTION_KEY_PREVIOUS: z
    .string()
    .refine(
      (key) => Buffer.from(key, 'base64').length === 32,
      'must be 32 bytes in base64, as ENCRYPTION_KEY was',
    )
    .optional(),
  INCOMING_TIMESTAMP: z.enum(['optional', 'required']).default('optional'),
  ENCRYPTION_V1: z.enum(['open', 'refuse']).default('open'),
  ENCRYPTION_V2: z.enum(['open', 'refuse']).default('open'),
  INTERNAL_API_SECRET: secret.default(developmentSecrets.INTERNAL_API_SECRET),
  DEFAULT_COMPANY_ID: z.uuid('must be the id of a company').optional(),
  API_AUTH_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  REGISTRATION: z.enum(['open', 'invited'], { error: 'must be open or invited' }).default('open'),
  ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    ),
  MAX_BODY_BYTES: z.coerce.number().int().min(1024).default(10_485_760),
  RATE_LIMIT_AUTH: rateLimit.prefault('10/15m'),
  RATE_LIMIT_API: rateLimit.prefault('100/1m'),
  RATE_LIMIT_API_HOUR: rateLimit.prefault('1000/1h'),
  RATE_LIMIT_STRICT: rateLimit.prefault('20/1h'),
  RATE_LIMIT_TEAM: rateLimit.prefault('30/1h'),
  RATE_LIMIT_STREAM: rateLimit.prefault('30/1m'),
  STREAMS_OF_ADDRESS: z.coerce.number().int().min(1).default(60),
  RATE_LIMIT_WEBHOOK: rateLimit.prefault('60/1m'),
  RATE_LIMIT_REFUSED: rateLimit.prefault('100/1m'),
  RATE_LIMIT_INTAKE: rateLimit.prefault('1200/1m'),
  RATE_LIMIT_INTAKE_KILOBYTES: rateLimit.prefault('204800/1h'),
  RATE_LIMIT_SMS_CODE: rateLimit.prefault('5/1h'),
  RATE_LIMIT_SMS_PERSON: rateLimit.prefault('10/1h'),
  RATE_LIMIT_SMS_PERSON_DAY: rateLimit.prefault('30/1d'),
  RATE_LIMIT_SMS_COMPANY: rateLimit.prefault('200/1h'),
  RATE_LIMIT_SMS_COMPANY_DAY: rateLimit.prefault('1000/1d'),
  RESEND_API_KEY: z.string().optional(),
  RESEND_API_URL: address.default('https://api.resend.com'),
  EMAIL_FROM: z.string().default('Trunkline <no-reply@localhost>'),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://')
    .optional(),
  S3_ENDPOINT: address.optional(),
  S3_BUCKET: z.string().optional(),
  S3_AUDIT_BUCKET: z.string().optional(),
  S3_REGION: z.string().optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  QUEUE_DRIVER: z.enum(['sqs', 'inline']).default('sqs'),
  SQS_ENDPOINT: address.optional(),
  SQS_REGION: z.string().optional(),
  SQS_ACCESS_KEY_ID: z.string().optional(),
  SQS_SECRET_ACCESS_KEY: z.string().optional(),
  SQS_QUEUE_PREFIX: z
    .string()
    .regex(/^[\w-]{0,40}$/, 'takes letters, digits, - and _')
    .default('trunkline-'),
  AWS_REGION: z.string().default('us-east-1'),
  AWS_ACCOUNT_ID: z
    .string()
    .regex(/^\d{12}$/, 'must be the 12 digits of the account')
    .default('000000000000'),
  RETELL_API_KEY: z.string().optional(),
  RETELL_API_URL: address.default('https://api.retellai.com'),
  DIALPAD_API_KEY: z.string().optional(),
  DIALPAD_ENV: z.enum(['sandbox', 'production']).default('production'),
  DIALPAD_API_URL: address.optional(),
  DIALPAD_WEBHOOK_SECRET: z.string().optional(),
  DIALPAD_CLIENT_ID: z.string().optional(),
  DIALPAD_CLIENT_SECRET: z.string().optional(),
  TWILIO_ACCOUNT_SID: z.string().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_PHONE_NUMBER: z.string().optional(),
  TWILIO_API_URL: address.default('https://api.twilio.com'),
  SMS_ENABLED: z.stringbool({ error: 'must be true or false' }).default(false),
  SMS_COUNTRIES: countries.prefault(''),
  SUPABASE_URL: address.optional(),
  SUPABASE_SERVICE_ROLE_KEY: z.string().optional(),
  WEBHOOK_ALLOW_PRIVATE: z.stringbool({ error: 'must be true or false' }).optional(),
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
});

export type Mode = 'development' | 'test' | 'production';

/** The settings, with what NODE_ENV and the platform mean: nobody else looks at NODE_ENV. */
export type Env = Omit<z.infer<typeof shape>, 'NODE_ENV'> & { mode: Mode; isProduction: boolean };

/**
 * Production unless told otherwise: on a platform, or at an address that the world can reach, NODE_ENV need not say so.
 * `netlify dev` is this machine, though it looks like the platform.
 */
function modeOf(source: Record<string, string | undefined>, given: z.infer<typeof shape>): Mode {
  if (given.NODE_ENV) return given.NODE_ENV;
  if (source.NETLIFY_DEV === 'true' || source.NETLIFY_LOCAL === 'true') return 'development';
  const platform = ['NETLIFY', 'AWS_LAMBDA_FUNCTION_NAME', 'AWS_EXECUTION_ENV'];
  const { protocol, hostname } = new URL(given.PUBLIC_URL);
  const isPublic = protocol === 'https:' || !isPrivateHost(hostname);
  return isPublic || platform.some((name) => source[name]) ? 'production' : 'development';
}

/** Whether NODE_ENV says development in so many words, where the mode may only be taken for that. */
export const saysDevelopment = (): boolean => process.env.NODE_ENV === 'development';

/** Every variable that is read, for what must hand them on: the AWS stacks are made of it. */
export const environmentNames: readonly string[] = Object.keys(shape.shape);

/** The environment says something that Trunkline cannot run with. The message names each variable. */
export class EnvironmentError extends Error {}

/**
 * Reads and checks an environment; empty variables count as absent.
 * @throws {EnvironmentError} with one sentence for each variable that is missing, malformed or unsafe in production.
 */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const present = Object.fromEntries(
    Object.entries(source).filter(([, value]) => value !== undefined && value !== ''),
  );
  const absent =
    present.ENVIRONMENT_IS_PARTIAL === 'true' ? demanded.filter((name) => !(name in present)) : [];
  if (absent.includes('DATABASE_URL')) present.DATABASE_URL = 'postgres://nobody@127.0.0.1/none';
  const parsed = shape.safeParse(present, { jitless: true, error: plainError });
  const complaints = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`);
  const mode = parsed.success ? modeOf(present, parsed.data) : 'production';
  if (parsed.success && mode === 'production') complaints.push(...unsafeInProduction(parsed.data, absent));
  if (complaints.length > 0) {
    throw new EnvironmentError(
      `${complaints.join('\n')}\nSet them where this runs: on your machine in .env, or in front of the command (NAME=value npm run …); on Netlify under Site configuration, Environment variables; on AWS in the shell that deploys (docs/deploy.md). .env.example explains each.`,
    );
  }
  if (!parsed.success) throw parsed.error; // unreachable: complaints would not be empty
  const { NODE_ENV: _, ...settings } = parsed.data;
  const checked: Env = { ...settings, mode, isProduction: mode === 'production' };
  for (const name of absent) {
    Object.defineProperty(checked, name, {
      get() {
        throw new EnvironmentError(`${name} is not given to this function, which reads it.`);
      },
    });
  }
  return checked;
}

/** What a deployment must have, and a single function of it need not: where it is absent, reading it throws. */
const demanded: readonly string[] = ['DATABASE_URL', 'METRICS_TOKEN', ...Object.keys(developmentSecrets)];

function unsafeInProduction(env: z.infer<typeof shape>, absent: readonly string[]): string[] {
  const complaints = Object.entries(developmentSecrets)
    .filter(
      ([name, value]) => !absent.includes(name) && env[name as keyof typeof developmentSecrets] === value,
    )
    .map(([name]) => `${name} still has its development value: production needs one of its own.`);
  if (!env.METRICS_TOKEN && !env.ENVIRONMENT_IS_PARTIAL)
    complaints.push('METRICS_TOKEN is needed in production: it guards /health/metrics and /health/detailed.');
  return complaints;
}

let cached: Env | undefined;

/** The checked environment, read on first use so that importing an endpoint has no effect. */
export function env(): Env {
  cached ??= parseEnv(process.env);
  return cached;
}

/** A variable where this function is given it; undefined where a part of the environment leaves it out. */
export function ifGiven<N extends keyof Env>(name: N): Env[N] | undefined {
  const whole = env();
  return Object.getOwnPropertyDescriptor(whole, name)?.get ? undefined : whole[name];
}

/** For the embedded stack and tests, which set variables after modules were loaded. */
export function forgetEnv(): void {
  cached = undefined;
}

/** The length of a span like 15m or 7d, in seconds. */
export function spanSeconds(text: string): number {
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[text.at(-1) as 's' | 'm' | 'h' | 'd'];
  return Number(text.slice(0, -1)) * unit;
}

/** Where Dialpad's API is: the explicit address, else that of the chosen environment. */
export function dialpadApiUrl(): string {
  const { DIALPAD_API_URL, DIALPAD_ENV } = env();
  return (
    DIALPAD_API_URL ?? (DIALPAD_ENV === 'sandbox' ? 'https://sandbox.dialpad.com' : 'https://dialpad.com')
  );
}
