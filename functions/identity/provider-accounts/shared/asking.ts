import { ProviderError } from '#core/clients/http-client.ts';
import { AppError } from '#core/errors.ts';
import type { Claim, Held, Thing } from './claim.ts';
import { agentsListed, isRefusal, numbersListed, organizationsOf } from './listing.ts';
import {
  deploymentDialpad,
  deploymentRetell,
  mayTakeFromDeployment,
  type Needed,
  provingDialpad,
  provingRetell,
  provingTwilio,
} from './own-accounts.ts';

/** Whether an account cannot be asked for good: its key is refused, its connection has ended. */
const isShut = (error: unknown) =>
  isRefusal(error) || (error instanceof AppError && error.code === 'CONFLICT');

/**
 * Those of these ids that the company's own accounts list.
 * @throws ProviderError when one of them could not be asked and the others do not list all.
 */
async function ownListed(
  ctx: Needed,
  { provider }: Thing,
  companyId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const listed = new Set<string>();
  let failure: unknown;
  const ask = async (asking: () => Promise<Iterable<string>>) => {
    try {
      for (const id of await asking()) listed.add(id);
    } catch (error) {
      if (!isShut(error)) failure ??= error;
    }
  };
  if (provider === 'retell') {
    for (const account of await provingRetell(ctx, companyId)) await ask(() => agentsListed(account, ids));
  } else if (provider === 'dialpad') {
    for (const { account } of await provingDialpad(ctx, companyId))
      await ask(async () => (await organizationsOf(await account())).ids);
  } else {
    const account = await provingTwilio(ctx, companyId);
    if (account) await ask(() => numbersListed(account, ids));
  }
  const found = ids.filter((id) => listed.has(id));
  if (failure !== undefined && found.length < ids.length) throw failure;
  return new Set(found);
}

/**
 * Those of these ids that the deployment's own account lists: they are the default company's, or linked by operators.
 * @throws ProviderError when it could not be asked.
 */
async function deploymentListed({ provider }: Thing, ids: readonly string[]): Promise<Set<string>> {
  try {
    if (provider === 'retell') {
      const account = deploymentRetell();
      return account ? await agentsListed(account, ids) : new Set();
    }
    if (provider === 'dialpad') {
      const account = deploymentDialpad();
      const own = account && ids.length > 0 ? (await organizationsOf(account)).ids : new Set<string>();
      return new Set(ids.filter((id) => own.has(id)));
    }
    return new Set(); // a number is in one Twilio account, and the deployment's proves nothing
  } catch (error) {
    if (error instanceof ProviderError && isRefusal(error)) return new Set(); // its key reaches nothing
    throw error;
  }
}

/**
 * Those of a claim's ids that may be linked by proof: the company's own account lists them, the deployment's does not.
 * Ask before the transaction that links: providers take their time.
 * @throws ProviderError
 */
export async function provedIds(ctx: Needed, claim: Claim): Promise<Set<string>> {
  const own = await ownListed(ctx, claim, claim.companyId, claim.ids);
  if (mayTakeFromDeployment(claim.companyId)) return own;
  for (const id of await deploymentListed(claim, [...own])) own.delete(id);
  return own;
}

/** The same of ids that an account of the company has just listed. */
export async function provedOf(listed: readonly string[], claim: Claim): Promise<string[]> {
  if (mayTakeFromDeployment(claim.companyId)) return [...listed];
  const shared = await deploymentListed(claim, listed);
  return listed.filter((id) => !shared.has(id));
}

/** Those held things that the holder's own accounts list no longer. An account that does not answer still lists them. */
export async function lostOf(ctx: Needed, thing: Thing, held: readonly Held[]): Promise<Held[]> {
  const lost: Held[] = [];
  for (const companyId of new Set(held.map((one) => one.companyId))) {
    const theirs = held.filter((one) => one.companyId === companyId);
    const ids = theirs.map(({ externalId }) => externalId);
    try {
      const listed = await ownListed(ctx, thing, companyId, ids);
      lost.push(...theirs.filter(({ externalId }) => !listed.has(externalId)));
    } catch (error) {
      ctx.log.warn(
        { provider: thing.provider, companyId, err: error },
        'the account of a link’s holder was not to be asked',
      );
    }
  }
  return lost;
}
