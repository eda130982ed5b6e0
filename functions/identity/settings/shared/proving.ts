import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { demandProvedAddress } from '../../auth/public.ts';
import {
  type Credentials,
  isAccepted,
  isRefusal,
  notProved,
  numbersListed,
  readIntegration,
  twilioOf,
} from '../../provider-accounts/public.ts';
import type { IntegrationsPatch } from './integrations.ts';
import { type Rights, rightsOf } from './rights.ts';

interface Twilio {
  accountSid: string | undefined;
  authToken: string | undefined;
  fromNumber: string | undefined;
}

const path = 'integrations.twilio.fromNumber';
const isSame = (a: Twilio, b: Twilio | undefined) =>
  a.accountSid === b?.accountSid && a.authToken === b?.authToken && a.fromNumber === b?.fromNumber;

const storedTwilio = async (tx: Tx, companyId: string): Promise<Twilio> => {
  const { accountSid, authToken, fromNumber } = await readIntegration(tx, companyId, 'twilio');
  return { accountSid, authToken, fromNumber };
};

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
function demandBoth(next: Twilio, given: Record<string, unknown>): void {
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
  twilio: Twilio | undefined;
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
 * number that SMS are to be sent from. Before the transaction; `allowed` refuses a caller who may not change these
 * settings, so that nobody has another company's account asked.
 * @throws AppError VALIDATION_FAILED where a key is refused, OWNERSHIP_NOT_PROVED where the number is not the account's,
 * ProviderError where a provider does not answer.
 */
export async function checkIntegrations(
  ctx: Context,
  companyId: string,
  patch: IntegrationsPatch | undefined,
  allowed: (rights: Rights) => void,
): Promise<Checked> {
  const given = patch?.twilio;
  if (!patch || (!given && !setsKey(patch))) return { twilio: undefined };
  const { isAbove, stored } = await ctx.dbAs('auth', 'see what a company has set of Twilio', async (tx) => {
    const rights = await rightsOf(tx, ctx);
    allowed(rights);
    if (setsKey(patch)) await demandProvedAddress(tx, ctx);
    return { isAbove: rights.isPlatformAdmin, stored: await storedTwilio(tx, companyId) };
  });
  if (!given) {
    await checkKeys(patch, undefined);
    return { twilio: undefined };
  }
  const next = patched(stored, given);
  demandBoth(next, given);
  await checkKeys(patch, isSame(next, { ...stored, fromNumber: next.fromNumber }) ? undefined : next);
  if (isAbove || next.fromNumber === undefined) return { twilio: next };
  if (!next.accountSid || !next.authToken) {
    if (typeof given.fromNumber === 'string') throw notProved(path);
    return { twilio: next }; // it is not used without them
  }
  if (!(await hasNumber(next, next.fromNumber))) throw notProved(path);
  return { twilio: next };
}

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
 * Refuses, in the transaction that changed them, settings of Twilio that are not those that were checked.
 * @throws AppError CONFLICT when somebody else has changed them meanwhile.
 */
export async function demandChecked(
  tx: Tx,
  companyId: string,
  patch: IntegrationsPatch | undefined,
  { twilio }: Checked,
  rights: Rights,
): Promise<void> {
  if (!patch?.twilio || rights.isPlatformAdmin) return;
  const stored = await storedTwilio(tx, companyId);
  if (isSame(stored, twilio)) return;
  throw new AppError('CONFLICT', {
    message: 'Somebody else changed the settings of Twilio at the same moment: try again.',
  });
}
