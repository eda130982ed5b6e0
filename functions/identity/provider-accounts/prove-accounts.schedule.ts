import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { proveAll } from './shared/prove-accounts.ts';

const budgetMs = 80_000;

export const { contract, run, serve, handler } = schedule({
  cron: '*/10 * * * *',
  summary: 'Ask the companies’ own accounts at providers what they list, and keep the links in step',
  timeoutSeconds: 120,
  async handle({ ctx }) {
    const endAt = Date.now() + budgetMs;
    // In another order each time, so that those after a slow account have their turn too.
    const companies = await ctx.dbAs('pipeline', 'find the companies with accounts of their own', (tx) =>
      rowsOf<{ id: string }>(
        tx,
        sql`select c.id from companies c where c.deleted_at is null and (
            exists (select from company_integration_secrets s where s.company_id = c.id
              and (s.integration, s.name) in (('retell', 'apiKey'), ('dialpad', 'apiKey'), ('twilio', 'authToken')))
            or exists (select from provider_connections n where n.company_id = c.id))
          order by random()`,
      ),
    );
    await proveAll(
      ctx,
      companies.map(({ id }) => id),
      endAt,
    );
  },
});
