import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pg-proxy';
import { sql } from 'drizzle-orm/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { aCompany, type TestCompany } from '../testing/company.ts';
import type { RunAs } from './run-as.ts';
import { queryOf, textArray } from './statement.ts';
import { rowsOf, transaction } from './transaction.ts';

/** Why writes are SQL: what Drizzle's query builder makes of our grants, and in our transactions. */
const builder = drizzle(async () => ({ rows: [] }));
const url = 'https://hooks.example.com/in';

describe('Drizzle’s query builder', () => {
  let acme: TestCompany;
  let member: RunAs;
  beforeAll(async () => {
    acme = await aCompany();
    const { id, sessionId } = await acme.as('owner');
    const app_metadata = { company_id: acme.id, role: 'owner' };
    member = { as: 'user', claims: { sub: id, session_id: sessionId, role: 'authenticated', app_metadata } };
  });
  const insert = () =>
    builder
      .insert(webhookEndpoints)
      .values({ companyId: acme.id, url, host: 'hooks.example.com', events: ['call.missed'], secret: 'x' })
      .returning({ id: webhookEndpoints.id })
      .getSQL();

  test('names every column of the table in an insert, which a grant of some columns refuses', async () => {
    expect(queryOf(insert()).sql).toMatch(
      /^insert into "webhook_endpoints" \(.*"failing_since".*\) values \(default,/,
    );
    await expect(transaction(member, (tx) => rowsOf(tx, insert()))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const written = sql`insert into webhook_endpoints (company_id, url, host, events, secret)
      values (${acme.id}::uuid, ${url}, 'hooks.example.com', ${textArray(['call.missed'])}, 'x') returning id`;
    expect(await transaction(member, (tx) => rowsOf(tx, written))).toEqual([{ id: expect.any(String) }]);
  });

  test('runs as an update in our transactions, which give the columns by the names of the database', async () => {
    const update = builder
      .update(webhookEndpoints)
      .set({ description: 'Changed' })
      .where(eq(webhookEndpoints.id, randomUUID()))
      .returning({ companyId: webhookEndpoints.companyId })
      .getSQL();
    expect(queryOf(update).sql).toBe(
      'update "webhook_endpoints" set "description" = $1 where "webhook_endpoints"."id" = $2 returning "company_id"',
    );
    expect(await transaction(member, (tx) => rowsOf(tx, update))).toEqual([]);
  });
});
