import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { proveAll } from './shared/prove-accounts.ts';

const budgetMs = 40_000;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Ask accounts that were set or connected in the last minutes what they list',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + budgetMs;
    // Longer than the time between two runs, so that one that fails or is late costs nobody their turn.
    const companies = await ctx.dbAs('pipeline', 'find the companies with new accounts of their own', (tx) =>
      rowsOf<{ id: string }>(
        tx,
        sql`select c.id from companies c where c.deleted_at is null and (
            exists (select from company_integration_secrets s where s.company_id = c.id
              and (s.integration, s.name) in (('retell', 'apiKey'), ('dialpad', 'apiKey'))
              and s.updated_at > now() - interval '3 minutes')
            or exists (select from provider_connections n where n.company_id = c.id
              and n.updated_at > now() - interval '3 minutes'))
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
