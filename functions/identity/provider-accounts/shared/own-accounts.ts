import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import type { ProviderAccount } from '#providers/history.ts';
import type { TwilioAccount } from '#providers/twilio/client.ts';
import { dialpadAccount, dialpadConnections } from './dialpad-account.ts';
import { readIntegration } from './integration-store.ts';

/** An account whose key the company has set. */
export interface OwnAccount extends ProviderAccount {
  /** When the key was set: what happened there before is history. */
  connectedAt: Date;
}

export type Needed = Pick<Context, 'dbAs' | 'now' | 'log'>;

const isDefault = (companyId: string) => env().DEFAULT_COMPANY_ID === companyId;

/** The company's own Retell account. The deployment's key in its settings is nobody's own. */
export async function ownRetell(ctx: Needed, companyId: string): Promise<OwnAccount | undefined> {
  const { RETELL_API_KEY, RETELL_API_URL: baseUrl } = env();
  return await ownAccount(ctx, companyId, { integration: 'retell', ours: RETELL_API_KEY, baseUrl });
}

async function ownAccount(
  ctx: Needed,
  companyId: string,
  of: { integration: 'retell' | 'dialpad'; ours: string | undefined; baseUrl: string },
): Promise<OwnAccount | undefined> {
  const { integration, ours, baseUrl } = of;
  const [{ apiKey }, [key]] = await ctx.dbAs('pipeline', 'read the key of a company’s own account', (tx) =>
    Promise.all([
      readIntegration(tx, companyId, integration),
      rowsOf<{ set_at: string }>(
        tx,
        sql`select ${isoTime(sql`updated_at`)} as set_at from company_integration_secrets
          where company_id = ${companyId}::uuid and integration = ${integration} and name = 'apiKey'`,
      ),
    ]),
  );
  if (!apiKey || !key || apiKey === ours) return undefined;
  return { token: apiKey, baseUrl, connectedAt: new Date(key.set_at) };
}

export function deploymentRetell(): ProviderAccount | undefined {
  const { RETELL_API_KEY, RETELL_API_URL: baseUrl } = env();
  return RETELL_API_KEY ? { token: RETELL_API_KEY, baseUrl } : undefined;
}

/** The Dialpad account of the key that the company has set. */
export async function ownDialpad(ctx: Needed, companyId: string): Promise<OwnAccount | undefined> {
  const { DIALPAD_API_KEY: ours } = env();
  return await ownAccount(ctx, companyId, { integration: 'dialpad', ours, baseUrl: dialpadApiUrl() });
}

export function deploymentDialpad(): ProviderAccount | undefined {
  const { DIALPAD_API_KEY } = env();
  return DIALPAD_API_KEY ? { token: DIALPAD_API_KEY, baseUrl: dialpadApiUrl() } : undefined;
}

/** Credentials of a company's Twilio account, where they are whole and not the deployment's. */
export function twilioOf(set: {
  accountSid?: string | undefined;
  authToken?: string | undefined;
}): TwilioAccount | undefined {
  const { accountSid, authToken } = set;
  const { TWILIO_ACCOUNT_SID, TWILIO_API_URL: baseUrl } = env();
  if (!accountSid || !authToken || accountSid === TWILIO_ACCOUNT_SID) return undefined;
  return { accountSid, authToken, baseUrl };
}

/** The Retell accounts by which a company can prove what is its. The deployment's is the default company's. */
export async function provingRetell(ctx: Needed, companyId: string): Promise<ProviderAccount[]> {
  const shared = isDefault(companyId) ? deploymentRetell() : undefined;
  return [await ownRetell(ctx, companyId), shared].filter((account) => account !== undefined);
}

export interface DialpadAccess {
  /** The app whose OAuth connection it is; null for a key. */
  appId: string | null;
  /** @throws AppError CONFLICT where the connection has ended, ProviderError when Dialpad is away. */
  account(): Promise<ProviderAccount>;
}

/** The Dialpad accounts by which a company can prove what is its: its key, and the connections of its apps. */
export async function provingDialpad(ctx: Needed, companyId: string): Promise<DialpadAccess[]> {
  const own = await ownDialpad(ctx, companyId);
  const shared = isDefault(companyId) ? deploymentDialpad() : undefined;
  const keys = [own, shared].filter((account) => account !== undefined);
  return [
    ...keys.map((account): DialpadAccess => ({ appId: null, account: async () => account })),
    ...(await dialpadConnections(ctx, companyId)).map(
      ({ appId }): DialpadAccess => ({ appId, account: () => dialpadAccount(ctx, appId) }),
    ),
  ];
}

export async function provingTwilio(ctx: Needed, companyId: string): Promise<TwilioAccount | undefined> {
  const set = await ctx.dbAs('pipeline', 'read the Twilio account of a company', (tx) =>
    readIntegration(tx, companyId, 'twilio'),
  );
  return twilioOf(set);
}

/** Whether what the deployment's own account lists can be taken by the proof of this company. */
export const mayTakeFromDeployment = isDefault;

/**
 * Whether a company may create and change agents in the deployment's own accounts: the default company, and those that
 * a platform admin let.
 */
export async function managesSharedAccounts(tx: Tx, companyId: string): Promise<boolean> {
  if (isDefault(companyId)) return true;
  const found = await rowsOf(
    tx,
    sql`select 1 from companies where id = ${companyId}::uuid and manages_shared_accounts and deleted_at is null`,
  );
  return found.length > 0;
}
