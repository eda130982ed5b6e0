import { randomUUID } from 'node:crypto';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { makeWebhookSecret } from '../shared/signing.ts';

/** A webhook of a company, as its endpoint makes it. */
export async function aWebhook(
  companyId: string,
  url: string,
  events: string[] = ['*'],
): Promise<{ id: string; secret: string }> {
  const secret = makeWebhookSecret();
  const id = randomUUID();
  const sealed = encryptSecret(secret, placeOf('webhook_endpoints.secret', { id, company_id: companyId }));
  await adminSql()`insert into webhook_endpoints (id, company_id, url, host, events, secret)
    values (${id}, ${companyId}, ${url}, ${new URL(url).hostname}, ${events}, ${sealed})`;
  return { id, secret };
}
