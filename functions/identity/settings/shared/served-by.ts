import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';

/** By which account at a provider a company is served. */
export const ServedBy = z
  .object({
    retell: z
      .enum(['own_key', 'deployment_account', 'none'])
      .describe(
        'own_key: integrations.retell.apiKey of the settings. deployment_account: agents of the deployment’s account are linked to the company, or it may manage them.',
      ),
    dialpad: z
      .enum(['connected', 'own_key', 'deployment_account', 'none'])
      .describe(
        'connected: an app of the company is connected by OAuth. own_key: integrations.dialpad.apiKey of the settings. deployment_account: an operator linked an organization of the deployment’s account to the company, or it may manage that account.',
      ),
  })
  .meta({ id: 'ServedBy' });
export type ServedBy = z.infer<typeof ServedBy>;

interface Facts {
  hasRetellKey: boolean;
  hasDialpadKey: boolean;
  isConnected: boolean;
  managesShared: boolean;
  hasAgents: boolean;
  hasOrganization: boolean;
}

/** Runs in a transaction of somebody of the company (`ctx.db`). */
export async function readServedBy(tx: Tx, companyId: string): Promise<ServedBy> {
  const hasKey = (integration: string) => sql`exists (select from company_integration_secrets i
    where i.company_id = c.id and i.integration = ${integration} and i.name = 'apiKey')`;
  const hasLink = (provider: string, kind: string) => sql`exists (select from provider_links l
    where l.company_id = c.id and l.provider = ${provider} and l.kind = ${kind} and l.proof = 'operator')`;
  const [facts] = await rowsOf<Facts>(
    tx,
    sql`select ${hasKey('retell')} as "hasRetellKey", ${hasKey('dialpad')} as "hasDialpadKey",
        private.company_is_connected('dialpad') as "isConnected",
        c.manages_shared_accounts as "managesShared", ${hasLink('retell', 'agent')} as "hasAgents",
        ${hasLink('dialpad', 'organization')} as "hasOrganization"
      from companies c where c.id = ${companyId}::uuid`,
  );
  const { RETELL_API_KEY, DIALPAD_API_KEY, DEFAULT_COMPANY_ID } = env();
  const manages = companyId === DEFAULT_COMPANY_ID || facts?.managesShared === true;
  const byDeployment = (key: string | undefined, isLinked: boolean | undefined) =>
    key && (manages || isLinked) ? ('deployment_account' as const) : ('none' as const);
  return {
    retell: facts?.hasRetellKey ? 'own_key' : byDeployment(RETELL_API_KEY, facts?.hasAgents),
    dialpad: facts?.isConnected
      ? 'connected'
      : facts?.hasDialpadKey
        ? 'own_key'
        : byDeployment(DIALPAD_API_KEY, facts?.hasOrganization),
  };
}
