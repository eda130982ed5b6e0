import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import * as listCompletenessChecks from './list-completeness-checks.ts';

/** A comparison of the ten minutes that end at this minute past ten. */
async function check(
  company: TestCompany,
  minute: number,
  found: { appId?: string; missing?: number; failed?: number; error?: string } = {},
): Promise<void> {
  const { appId = null, missing = 0, failed = 0, error = null } = found;
  const at = (offset: number) => new Date(Date.parse('2026-03-01T10:00:00Z') + (minute + offset) * 60_000);
  await adminSql()`insert into completeness_checks (company_id, app_id, provider, period_from, period_to, listed, missing,
      unfinished, filled, failed, missing_ids, error, at)
    values (${company.id}, ${appId}, 'dialpad', ${at(-10)}, ${at(0)}, 20, ${missing}, 1, ${missing + 1 - failed}, ${failed},
      ${missing > 0 ? ['c1'] : []}, ${error}, ${at(0)})`;
}

describe('GET /internal/completeness', () => {
  test('lists the comparisons newest first, with a summary of all of them', async () => {
    const acme = await aCompany();
    await check(acme, 10, { missing: 3, failed: 1 });
    await check(acme, 20);
    const { body, headers } = await internal(listCompletenessChecks, { company_id: acme.id, limit: 1 });
    expect(body.data).toMatchObject([{ at: '2026-03-01T10:20:00.000Z', missing: 0, missing_ids: [] }]);
    expect(body.pagination).toMatchObject({ total: 2, hasMore: true });
    expect(headers.get('x-total-count')).toBe('2');
    expect(body.summary).toEqual({
      checks: 2,
      listed: 40,
      missing: 3,
      unfinished: 2,
      filled: 4,
      failed: 1,
      checks_without_list: 0,
      is_complete: true, // the newer comparison left nothing out
      period_from: '2026-03-01T10:00:00.000Z',
      period_to: '2026-03-01T10:20:00.000Z',
      last_at: '2026-03-01T10:20:00.000Z',
    });
  });

  test('says that it is not complete when the newest comparison failed, and nothing when there is none', async () => {
    const acme = await aCompany();
    const none = await internal(listCompletenessChecks, { company_id: acme.id });
    expect(none.body).toMatchObject({ data: [], summary: { checks: 0, is_complete: null, last_at: null } });
    await check(acme, 10);
    await check(acme, 20, { error: 'dialpad answered 503' });
    const { summary } = (await internal(listCompletenessChecks, { company_id: acme.id })).body;
    expect(summary).toMatchObject({ checks_without_list: 1, is_complete: false });
  });

  test('of an app has those of its company as a whole too, and none of other apps or companies', async () => {
    const [acme, rival] = [await aCompany(), await aCompany()];
    const [app, other] = [await acme.app(), await acme.app()];
    await check(acme, 10, { appId: app.appId });
    await check(acme, 20);
    await check(acme, 30, { appId: other.appId });
    await check(rival, 40);
    const { body } = await internal(listCompletenessChecks, { app_id: app.appId });
    expect(body.data.map((one: { at: string }) => one.at.slice(14, 16))).toEqual(['20', '10']);
    expect(body.summary.checks).toBe(2);
  });

  test('takes the comparisons of a period, also those that reach into it', async () => {
    const acme = await aCompany();
    for (const minute of [10, 20, 30]) await check(acme, minute);
    const { body } = await internal(listCompletenessChecks, {
      company_id: acme.id,
      from: '2026-03-01T10:15:00Z',
      to: '2026-03-01T10:20:00Z',
    });
    expect(body.data.map((one: { period_to: string }) => one.period_to.slice(14, 16))).toEqual(['20']);
    expect(body.summary.checks).toBe(1);
  });

  test('answers 404 for an app and a company that are not there', async () => {
    expect((await internal(listCompletenessChecks, { app_id: randomUUID() })).status).toBe(404);
    expect((await internal(listCompletenessChecks, { company_id: randomUUID() })).status).toBe(404);
    expect((await internal(listCompletenessChecks, { from: 'yesterday' })).status).toBe(400);
  });
});
