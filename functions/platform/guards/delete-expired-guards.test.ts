import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { takeLimits } from '#core/database/read-together.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import * as deleteExpired from './delete-expired-guards.schedule.ts';

test('forgets limits that are full again and answers of yesterday, and nothing else', async () => {
  const sql = adminSql();
  const [full, used] = [`test:${randomUUID()}`, `test:${randomUUID()}`];
  await takeLimits([{ key: full, limits: [{ count: 5, seconds: 60 }] }]);
  await takeLimits([{ key: used, limits: [{ count: 5, seconds: 60 }] }]);
  await sql`update rate_limits set tat1 = 1, tat2 = 1 where key = ${full}`;
  const [old, fresh] = [randomUUID(), randomUUID()];
  for (const [key, age] of [
    [old, '25 hours'],
    [fresh, '23 hours'],
  ] as const) {
    await sql`insert into idempotency_keys (scope, route, key, fingerprint, attempt, started_at)
      values ('test', 'POST /x', ${key}, '\\x00', ${randomUUID()}, now() - ${age}::interval)`;
  }
  await deleteExpired.run();
  const limits = await sql`select key from rate_limits where key in (${full}, ${used})`;
  expect(limits.map(({ key }) => key)).toEqual([used]);
  const keys = await sql`select key from idempotency_keys where key in (${old}, ${fresh})`;
  expect(keys.map(({ key }) => key)).toEqual([fresh]);
});
