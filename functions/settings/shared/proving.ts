import type { Context } from '#core/context.ts';
import type { Tx } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { isRefusal, notProved, numbersListed, twilioOf } from '../../provider-accounts/public.ts';
import { readIntegration } from './integration-store.ts';
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

/** What was found out before the transaction that changes settings. */
export interface Checked {
  twilio: Twilio | undefined;
}

/**
 * Asks the company's own Twilio account whether it has the number that SMS are to be sent from. Before the transaction;
 * `allowed` refuses who may not change these settings, so that nobody has another company's account asked.
 * @throws AppError OWNERSHIP_NOT_PROVED where it has not, ProviderError where Twilio does not answer.
 */
export async function checkFromNumber(
  ctx: Context,
  companyId: string,
  patch: IntegrationsPatch | undefined,
  allowed: (rights: Rights) => void,
): Promise<Checked> {
  const given = patch?.twilio;
  if (!given) return { twilio: undefined };
  const { isAbove, stored } = await ctx.dbAsService('see what a company has set of Twilio', async (tx) => {
    const rights = await rightsOf(tx, ctx);
    allowed(rights);
    return { isAbove: rights.isPlatformAdmin, stored: await storedTwilio(tx, companyId) };
  });
  const next = patched(stored, given);
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
