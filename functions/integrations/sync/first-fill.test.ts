import { randomInt, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { hasKey, world } from '#identity/provider-accounts/testing/world.ts';
import { refill } from './shared/refill.ts';
import { refillAccounts } from './shared/refill-accounts.ts';
import { syncRetellCalls } from './shared/retell-sync.ts';

const minuteMs = 60_000;
const contextOf = () =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });

/** As if the key had been set so long ago. */
const wasConnected = (company: TestCompany, minutesAgo: number) =>
  adminSql()`update company_integration_secrets set updated_at = now() - make_interval(mins => ${minutesAgo})
    where company_id = ${company.id}`;
const eventsOf = (company: TestCompany) =>
  adminSql()<{ type: string; occurred_at: Date }[]>`
    select type, occurred_at from outbox where company_id = ${company.id} order by occurred_at`;

async function refillOf(company: TestCompany) {
  const ctx = contextOf();
  const accounts = (await refillAccounts(ctx, undefined)).filter(({ accountOf }) => accountOf === company.id);
  expect(accounts).toHaveLength(1);
  const to = new Date();
  const period = { from: new Date(to.getTime() - 6 * 60 * minuteMs), to };
  return await refill(ctx, accounts[0] as (typeof accounts)[number], period);
}

test('the first refill of a Dialpad key takes in what was before, and tells nobody of it', async () => {
  const acme = await aCompany();
  const apiKey = `dialpad-${randomUUID()}`;
  world.dialpad.addAccount({ apiKey, number: randomInt(1_000, 90_000) });
  const lost = { apiKey, lose: true };
  for (const minutesAgo of [120, 90])
    await world.dialpad.runCall('missed', { ...lost, startMs: Date.now() - minutesAgo * minuteMs });
  await hasKey(acme, 'dialpad', 'apiKey', apiKey);
  await wasConnected(acme, 60);
  expect(await refillOf(acme)).toEqual({ lost: 0, history: 2 });
  expect(await eventsOf(acme)).toEqual([]);
  const stored = await adminSql()`select status from calls where company_id = ${acme.id}`;
  expect(stored).toEqual([{ status: 'missed' }, { status: 'missed' }]);

  await world.dialpad.runCall('missed', { ...lost, startMs: Date.now() - 30 * minuteMs });
  expect(await refillOf(acme)).toEqual({ lost: 1, history: 0 });
  expect((await eventsOf(acme)).map(({ type }) => type)).toEqual(['call.started', 'call.missed']);
  expect(await refillOf(acme)).toEqual({ lost: 0, history: 0 });
});

test('the first sync of a Retell key tells only of what happened since it was set', async () => {
  const acme = await aCompany();
  const account = world.retell.addAccount({ calls: 200 });
  await hasKey(acme, 'retell', 'apiKey', account.apiKey);
  const halfADay = 12 * 60;
  await wasConnected(acme, halfADay);
  const connectedAt = Date.now() - halfADay * minuteMs;
  const scope = { companyId: acme.id, appId: null };
  const { callsSynced } = await syncRetellCalls(contextOf(), scope, {
    trigger: 'request',
    budgetMs: 600_000,
  });
  expect(callsSynced).toBeGreaterThan(100);
  const ended = [...account.calls.values()].map((call) => Number(call.end_timestamp ?? call.start_timestamp));
  // Both kinds are there, or the test shows nothing.
  expect(ended.some((at) => at > connectedAt)).toBe(true);
  expect(ended.some((at) => at < connectedAt && at > Date.now() - 24 * 60 * minuteMs)).toBe(true);
  const events = await eventsOf(acme);
  expect(events.length).toBeGreaterThan(0);
  expect(events.filter(({ occurred_at }) => occurred_at.getTime() < connectedAt)).toEqual([]);
});
