import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { requireProvedAddress } from '../../auth/public.ts';
import {
  type Credentials,
  isAccepted,
  isRefusal,
  notProved,
  numbersListed,
  readIntegration,
  twilioOf,
} from '../../provider-accounts/public.ts';
import { lockSettings } from './company-settings.ts';
import type { IntegrationsPatch } from './integrations.ts';
import { enterCompany, type Rights, requireAdmin, rightsOf } from './rights.ts';

interface Twilio {
  accountSid: string | undefined;
  authToken: string | undefined;
  fromNumber: string | undefined;
}

const path = 'integrations.twilio.fromNumber';
const isSameAccount = (a: Twilio, b: Twilio) => a.accountSid === b.accountSid && a.authToken === b.authToken;

const storedTwilio = async (tx: Tx, companyId: string): Promise<Twilio> => {
  const { accountSid, authToken, fromNumber } = await readIntegration(tx, companyId, 'twilio');
  return { accountSid, authToken, fromNumber };
};

/** What a company has set of Twilio, as its admins may see it: of the secret, when it was set. */
type TwilioStanding = Record<keyof Twilio, string | null>;

/** Runs in a transaction of a person who acts in the company (`ctx.db`). */
async function readTwilioStanding(tx: Tx): Promise<TwilioStanding> {
  const plain = (name: string) =>
    sql`(select s.integrations -> 'twilio' ->> ${name}::text from company_settings s)`;
  const [row] = await rowsOf<TwilioStanding>(
    tx,
    sql`select ${plain('accountSid')} as "accountSid", ${plain('fromNumber')} as "fromNumber",
      (select extract(epoch from i.updated_at)::text from company_integration_secrets i
        where i.integration = 'twilio' and i.name = 'authToken') as "authToken"`,
  );
  if (!row) throw new Error('A select of values gave no row.');
  return row;
}

/** What is stored once the patch was made. */
function patched(stored: Twilio, given: Record<string, string | null | undefined>): Twilio {
  const next = (name: keyof Twilio) =>
    given[name] === undefined ? stored[name] : (given[name] ?? undefined);
  return { accountSid: next('accountSid'), authToken: next('authToken'), fromNumber: next('fromNumber') };
}

/**
 * Twilio can be asked about both credentials together alone.
 * @throws AppError VALIDATION_FAILED where one of them would be stored without the other.
 */
function requireBoth(next: Twilio, given: Record<string, unknown>): void {
  if (given.accountSid === undefined && given.authToken === undefined) return;
  if (Boolean(next.accountSid) === Boolean(next.authToken)) return;
  const isSet = typeof given.accountSid === 'string' || typeof given.authToken === 'string';
  if (!isSet && !next.authToken) return; // a secret is cleared: an account's name alone opens nothing
  const missing = next.accountSid ? 'authToken' : 'accountSid';
  const path = `integrations.twilio.${missing}`;
  const message = 'is missing: give accountSid and authToken both, or clear both';
  throw invalidField(path, message, `${path} ${message}. Nothing was changed.`);
}

/** What was found out before the transaction that changes settings. */
export interface Checked {
  /** What stood beside the fields that are given; nothing where none of Twilio is. */
  twilio: TwilioStanding | undefined;
}

/** A key of a company that its provider does not know. */
const notAccepted = (integration: string, name: string, provider: string): AppError => {
  const path = `integrations.${integration}.${name}`;
  const message = `${provider} does not accept it`;
  return invalidField(path, message, `${path}: ${message}. Nothing was changed.`);
};

/**
 * Asks the providers whether they know the keys that are given: a key decides whose events are taken in, and one that is
 * mistyped would be missed for days. Before the transaction.
 * @throws AppError VALIDATION_FAILED where one is refused, ProviderError where a provider does not answer.
 */
async function checkKeys(patch: IntegrationsPatch, twilio: Twilio | undefined): Promise<void> {
  const keys: [path: [string, string, string], Credentials][] = [];
  const { retell, dialpad } = patch;
  if (retell?.apiKey)
    keys.push([['retell', 'apiKey', 'Retell'], { provider: 'retell', token: retell.apiKey }]);
  if (dialpad?.apiKey)
    keys.push([['dialpad', 'apiKey', 'Dialpad'], { provider: 'dialpad', token: dialpad.apiKey }]);
  if (twilio?.accountSid && twilio.authToken) {
    const { accountSid, authToken } = twilio;
    keys.push([['twilio', 'authToken', 'Twilio'], { provider: 'twilio', accountSid, authToken }]);
  }
  await Promise.all(
    keys.map(async ([path, credentials]) => {
      if (!(await isAccepted(credentials))) throw notAccepted(...path);
    }),
  );
}

/** Whether a patch sets a key whose provider can be asked. */
const setsKey = (patch: IntegrationsPatch) =>
  Boolean(
    patch.retell?.apiKey ?? patch.dialpad?.apiKey ?? patch.twilio?.authToken ?? patch.twilio?.accountSid,
  );

/**
 * Asks providers about what is to be set: whether they know the keys, and whether the company's own Twilio account has the
 * number that SMS are to be sent from. Before the transaction; nobody has the account of a company asked whose settings they
 * may not change.
 * @throws AppError FORBIDDEN or NOT_FOUND for them; VALIDATION_FAILED where a key is refused, OWNERSHIP_NOT_PROVED where
 * the number is not the account's, ProviderError where a provider does not answer.
 */
export async function checkIntegrations(
  ctx: Context,
  companyId: string,
  patch: IntegrationsPatch | undefined,
): Promise<Checked> {
  const given = patch?.twilio;
  if (!patch || (!given && !setsKey(patch))) return { twilio: undefined };
  const { isAbove, twilio } = await ctx.db(async (tx) => {
    const rights = await rightsOf(tx, ctx);
    requireAdmin(rights);
    await enterCompany(tx, ctx, companyId, rights);
    if (setsKey(patch)) await requireProvedAddress(tx, ctx);
    return { isAbove: rights.isPlatformAdmin, twilio: await readTwilioStanding(tx) };
  });
  if (!given) {
    await checkKeys(patch, undefined);
    return { twilio: undefined };
  }
  // After the standing: a secret that is set in between is read here, and refused by requireChecked.
  const stored = await ctx.dbAs('pipeline', 'read the Twilio account that is to be asked', (tx) =>
    storedTwilio(tx, companyId),
  );
  const next = patched(stored, given);
  requireBoth(next, given);
  await checkKeys(patch, isSameAccount(next, stored) ? undefined : next);
  if (isAbove || next.fromNumber === undefined) return { twilio };
  if (!next.accountSid || !next.authToken) {
    if (typeof given.fromNumber === 'string') throw withoutCredentials();
    return { twilio }; // it is not used without them
  }
  if (!(await hasNumber(next, next.fromNumber))) throw notProved(path);
  return { twilio };
}

const withoutCredentials = () =>
  new AppError('OWNERSHIP_NOT_PROVED', {
    message:
      'The credentials of your own Twilio account are missing: set integrations.twilio.accountSid and authToken with the number, or before it.',
    details: [{ path, message: 'needs accountSid and authToken of the account that has the number' }],
  });

/** @throws ProviderError where Twilio does not answer; that it refuses the credentials is an answer. */
async function hasNumber(twilio: Twilio, number: string): Promise<boolean> {
  const account = twilioOf(twilio);
  if (!account) return false;
  try {
    return (await numbersListed(account, [number])).has(number);
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/**
 * Begins the transaction that changes settings: locks them, and refuses to change those of Twilio where the fields that are
 * not given are no longer those that the account was asked about.
 * @throws AppError CONFLICT when somebody else has changed them meanwhile.
 */
export async function requireChecked(
  tx: Tx,
  companyId: string,
  patch: IntegrationsPatch | undefined,
  { twilio: asked }: Checked,
  rights: Rights,
): Promise<void> {
  const given = patch?.twilio;
  if (!given || !asked || rights.isPlatformAdmin) return;
  await lockSettings(tx, companyId);
  const stands = await readTwilioStanding(tx);
  const names = Object.keys(stands) as (keyof Twilio)[]; // the names of the columns
  if (names.every((name) => given[name] !== undefined || stands[name] === asked[name])) return;
  throw new AppError('CONFLICT', {
    message: 'Somebody else changed the settings of Twilio at the same moment: try again.',
  });
}
