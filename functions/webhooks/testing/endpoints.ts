import { encryptSecret } from '#core/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { makeWebhookSecret } from '../shared/signing.ts';

/** A webhook of a company, as its endpoint makes it. */
export async function aWebhook(
  companyId: string,
  url: string,
  events: string[] = ['*'],
): Promise<{ id: string; secret: string }> {
  const secret = makeWebhookSecret();
  const [row] = await adminSql()<{ id: string }[]>`
    insert into webhook_endpoints (company_id, url, host, events, secret)
    values (${companyId}, ${url}, ${new URL(url).hostname}, ${events}, ${encryptSecret(secret)}) returning id`;
  return { id: row?.id ?? '', secret };
}
