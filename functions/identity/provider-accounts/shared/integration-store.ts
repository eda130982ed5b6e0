import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';

/** What a company can have an account at, as its settings name it. */
/** What a company has credentials for. A database test holds the list against `company_integration_secrets.integration`. */
export const integrationNames = ['slack', 'teams', 'twilio', 'retell', 'dialpad', 'razorpay'] as const;
export type IntegrationName = (typeof integrationNames)[number];

/**
 * What a company has set of an integration, its secrets in the clear: for talking to it, never for an answer. Runs in a
 * transaction of the service. Fields that were not set are absent.
 */
export async function readIntegration(
  tx: Tx,
  companyId: string,
  integration: IntegrationName,
): Promise<Record<string, string>> {
  const rows = await rowsOf<{ name: string; value: string; is_secret: boolean }>(
    tx,
    sql`select p.key as name, p.value, false as is_secret
        from company_settings s, jsonb_each_text(s.integrations -> ${integration}::text) p
        where s.company_id = ${companyId}::uuid
      union all select i.name, i.secret, true from company_integration_secrets i
        where i.company_id = ${companyId}::uuid and i.integration = ${integration}`,
  );
  return Object.fromEntries(
    rows.map(({ name, value, is_secret }) => {
      const place = placeOf('company_integration_secrets.secret', {
        company_id: companyId,
        integration,
        name,
      });
      return [name, is_secret ? decryptSecret(value, place) : value];
    }),
  );
}
