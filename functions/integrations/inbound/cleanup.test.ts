import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as cleanup from './cleanup.schedule.ts';

describe('the hourly cleanup', () => {
  test('deletes processed raw events past their retention, and no other', async () => {
    const acme = await aCompany();
    const insert = async (status: string, days: number) => {
      const id = uuidv7({ msecs: Date.now() - days * 86_400_000 });
      await adminSql()`insert into inbound_events (id, provider, dedupe_key, company_id, type, payload, status)
        values (${id}, 'dialpad', ${id}, ${acme.id}, 'x', '{}', ${status})`;
      return id;
    };
    const old = await insert('processed', 31);
    const failed = await insert('failed', 31);
    const recent = await insert('processed', 29);
    await cleanup.run();
    const left = await adminSql()`select id from inbound_events where company_id = ${acme.id}`;
    expect(left.map(({ id }) => id).sort()).toEqual([failed, recent].sort());
    expect(left.map(({ id }) => id)).not.toContain(old);
  });

  test('adds up old tallies without changing their sums', async () => {
    const provider = `test-${randomUUID()}`;
    for (const n of [1, 2, 3]) {
      await adminSql()`insert into processing_tallies (provider, processed, failed, latency_ms_sum, latency_buckets, at)
        values (${provider}, ${n}, 1, ${n * 10}, ${[n, 0, n]}, now() - interval '2 hours')`;
    }
    await cleanup.run();
    await cleanup.run();
    const rows =
      await adminSql()`select processed, failed, latency_ms_sum::int, latency_buckets::int[] from processing_tallies where provider = ${provider}`;
    expect(rows).toHaveLength(1);
    expect(rows[0]).toEqual({ processed: 6, failed: 3, latency_ms_sum: 60, latency_buckets: [6, 0, 6] });
  });
});
