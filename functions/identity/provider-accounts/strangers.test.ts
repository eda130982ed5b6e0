import { randomInt } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestResponse } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as createDashboardAgent from '#integrations/dashboard/create-dashboard-agent.ts';
import * as deleteDashboardAgent from '#integrations/dashboard/delete-dashboard-agent.ts';
import * as getDashboardCall from '#integrations/dashboard/get-dashboard-call.ts';
import * as syncAgents from '#integrations/dashboard/sync-agents.ts';
import * as syncCalls from '#integrations/dashboard/sync-calls.ts';
import * as updateDashboardAgent from '#integrations/dashboard/update-dashboard-agent.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as receiveRetell from '#integrations/inbound/receive-retell.ts';
import * as sweep from '#integrations/inbound/sweep.schedule.ts';
import * as createSubscriptions from '#integrations/provider-hooks/create-subscriptions.ts';
import * as createWebhook from '#integrations/provider-hooks/create-webhook.ts';
import * as refill from '#integrations/sync/refill.schedule.ts';
import * as syncRetell from '#integrations/sync/sync-retell.schedule.ts';
import { forgetAccounts } from '#integrations/sync/testing/forget-accounts.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import { standInAgents } from '#local/providers/retell/agents.ts';
import { signRetell } from '#providers/retell/signature.ts';
import * as updateCompany from '../companies/update-company.ts';
import * as updateCompanySettings from '../settings/update-company-settings.ts';
import * as updateSettings from '../settings/update-settings.ts';
import * as proveAccounts from './prove-accounts.schedule.ts';
import {
  aDialpadCustomer,
  aNumber,
  anAgentId,
  aRetellCustomer,
  aTwilioCustomer,
  hasKey,
  world,
} from './testing/world.ts';

beforeAll(forgetAccounts);

/** What belongs to others, to the default company unlinked, to nobody, and what another stranger has written unproved. */
async function foreignThings() {
  const retell = await aRetellCustomer({ calls: 10 });
  const dialpad = await aDialpadCustomer();
  const numbers = [aNumber(), aNumber(), aNumber()];
  const twilio = await aTwilioCustomer(numbers);
  await proveAccounts.run();
  const [linkedAgent, linkedOrganization, linkedNumber] = [
    anAgentId(),
    String(randomInt(1e9, 1e12)),
    aNumber(),
  ];
  const tenant = await aCompany();
  await tenant.links({ provider: 'retell', kind: 'agent', externalId: linkedAgent });
  await tenant.links({ provider: 'dialpad', kind: 'organization', externalId: linkedOrganization });
  await tenant.links({ provider: 'twilio', kind: 'number', externalId: linkedNumber });
  await twilio.owner.request(updateCompany, {
    id: twilio.company.id,
    providerLinks: { twilioNumbers: numbers.slice(0, 1) },
  });
  return {
    agents: [
      ...retell.retell.agentIds,
      ...standInAgents.map(({ agentId }) => agentId),
      linkedAgent,
      ...Array.from({ length: 6 }, anAgentId),
    ],
    organizations: [
      String(dialpad.organization.companyId),
      String(dialpad.organization.officeId),
      '5012345678000000', // the deployment's own
      '5012345678000001',
      linkedOrganization,
      ...Array.from({ length: 5 }, () => String(randomInt(1e9, 1e12))),
    ],
    numbers: [...numbers, '+15005550006', linkedNumber, ...Array.from({ length: 5 }, aNumber)],
  };
}

test('a fresh company, with and without accounts of its own, is refused all that they do not list, over 200 tries, and given nothing', async () => {
  const { agents, organizations, numbers } = await foreignThings();
  const before = await adminSql()`select * from provider_links order by id`;

  // One stranger without any account, one with three of its own, which list other things.
  const bare = await aCompany();
  const equipped = (await aTwilioCustomer([aNumber()])).company;
  const ownRetell = world.retell.addAccount({ agentIds: [anAgentId()] });
  await hasKey(equipped, 'retell', 'apiKey', ownRetell.apiKey);
  const ownDialpad = await aDialpadCustomer();
  const dialpadKey = ownDialpad.apiKey;
  await adminSql()`delete from companies where id = ${ownDialpad.company.id}`;
  await hasKey(equipped, 'dialpad', 'apiKey', dialpadKey);

  const refusals = new Map<string, number>();
  let tries = 0;
  const tried = (what: string, { status, body }: TestResponse, ...expected: string[]) => {
    tries++;
    const outcome = `${status} ${body?.code}`;
    expect(expected, `${what}: ${outcome}`).toContain(outcome);
    refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
  };
  const refused = '403 OWNERSHIP_NOT_PROVED';

  for (const stranger of [bare, equipped]) {
    const owner = await stranger.as('owner');
    const app = await stranger.app();
    const { id } = stranger;
    const link = (providerLinks: object) => owner.request(updateCompany, { id, providerLinks });
    for (const agent of agents) {
      tried('link an agent', await link({ retellAgentIds: [agent] }), refused);
      for (const caller of [owner, app]) {
        tried(
          'edit it',
          await caller.request(updateDashboardAgent, { agentId: agent, agent_name: 'X' }),
          '404 NOT_FOUND',
        );
        tried(
          'deactivate it',
          await caller.request(deleteDashboardAgent, { agentId: agent }),
          '404 NOT_FOUND',
        );
      }
      const synced = await app.request(syncCalls, { agentId: agent });
      tried('sync its calls', synced, '404 NOT_FOUND');
    }
    for (const organization of organizations) {
      tried('link an organization', await link({ dialpadOrgId: organization }), refused);
      tried(
        'all at once',
        await link({ dialpadOrgId: organization, retellAgentIds: agents, twilioNumbers: numbers }),
        refused,
      );
    }
    for (const number of numbers) {
      tried('link a number', await link({ twilioNumbers: [number] }), refused);
      const integrations = { twilio: { fromNumber: number } };
      tried(
        'send from it',
        await owner.request(updateCompanySettings, { companyId: id, integrations }),
        refused,
      );
      tried('send from it', await owner.request(updateSettings, { integrations }), refused);
    }
  }
  // Without an account of its own, the deployment's is not to be worked with either.
  const owner = await bare.as('owner');
  const app = await bare.app();
  for (const agentId of agents)
    tried('sync its calls', await owner.request(syncCalls, { agentId }), '404 NOT_FOUND');
  const agent = { agent_name: 'X', voice_id: 'v', response_engine: { type: 'retell-llm', llm_id: 'l' } };
  for (const caller of [owner, app])
    tried('make an agent', await caller.request(createDashboardAgent, agent), '403 FORBIDDEN');
  tried('a hook', await internal(createWebhook, { app_id: app.appId }), '409 CONFLICT');
  tried('a subscription', await internal(createSubscriptions, { app_id: app.appId }), '409 CONFLICT');
  expect(tries).toBeGreaterThanOrEqual(200);
  expect(Object.fromEntries(refusals)).toEqual({
    '403 OWNERSHIP_NOT_PROVED': 2 * (agents.length + 2 * organizations.length + 3 * numbers.length),
    '404 NOT_FOUND': 2 * 5 * agents.length + agents.length,
    '403 FORBIDDEN': 2,
    '409 CONFLICT': 2,
  });

  // Links from before proof was asked for, as a stranger could write them then: as many ids as are nobody's by a link.
  const squatted: string[] = [];
  for (const [provider, kind, ids] of [
    ['retell', 'agent', agents],
    ['dialpad', 'organization', organizations],
    ['twilio', 'number', numbers],
  ] as const) {
    for (const externalId of ids) {
      if (before.some((row) => row.external_id === externalId)) continue;
      await bare.links({ provider, kind, externalId, proof: null });
      squatted.push(externalId);
    }
  }
  expect(squatted.length).toBeGreaterThan(15);

  // Every way in by which something could come to a stranger.
  await owner.request(syncAgents);
  await owner.request(syncCalls);
  await (await bare.key()).request(syncCalls);
  let events = 0;
  for (const fallback of [world.fallback.id, undefined]) {
    setSettings({ DEFAULT_COMPANY_ID: fallback });
    for (const agentId of agents) {
      const call = {
        call_id: `call_${anAgentId()}`,
        agent_id: agentId,
        call_type: 'web_call',
        call_status: 'ended',
      };
      const body = JSON.stringify({ event: 'call_ended', call: { ...call, end_timestamp: Date.now() } });
      const signature = signRetell(body, world.retell.apiKey, Date.now());
      const headers = { 'content-type': 'application/json', 'x-retell-signature': signature };
      expect((await post(receiveRetell, body, { headers })).status).toBe(200);
      events++;
    }
    for (const company_id of organizations) {
      const [event] = lifecycle('missed', randomInt(2 ** 31), Date.now() - 900_000);
      expect((await post(receiveDialpad, dialpadBody({ ...event, company_id }))).status).toBe(200);
      events++;
    }
    await sweep.run();
  }
  setSettings({ DEFAULT_COMPANY_ID: world.fallback.id });
  for (const { done } of [world.retell.run('inbound'), world.retell.run('outbound')]) await done;
  await world.dialpad.runCall('answered');
  await syncRetell.run();
  await refill.run();
  await proveAccounts.run();
  await sweep.run();

  const strangers = [bare.id, equipped.id];
  const [given] = await adminSql()`select
    (select count(*)::int from calls where company_id = any(${strangers})) as calls,
    (select count(*)::int from inbound_events where company_id = any(${strangers})) as events,
    (select count(*)::int from agents where company_id = any(${strangers})) as agents,
    (select count(*)::int from outbox where company_id = any(${strangers})) as told,
    (select count(*)::int from provider_links where company_id = ${bare.id} and proof is not null) as links,
    (select count(*)::int from provider_links where company_id = ${equipped.id} and proof is not null
      and external_id = any(${[...agents, ...organizations, ...numbers]})) as others`;
  expect(given).toEqual({ calls: 0, events: 0, agents: 0, told: 0, links: 0, others: 0 });
  // What others had stays theirs, and their calls and the default company's came in meanwhile.
  const after =
    await adminSql()`select * from provider_links where id = any(${before.map(({ id }) => id)}) order by id`;
  expect(after.map(({ id, company_id }) => [id, company_id])).toEqual(
    before.map(({ id, company_id }) => [id, company_id]),
  );
  const [arrived] =
    await adminSql()`select count(*)::int as n from inbound_events where company_id = ${world.fallback.id}`;
  expect(arrived?.n).toBeGreaterThan(events / 3);
  const read = await owner.request(getDashboardCall, { callId: [...world.retell.calls.keys()][0] ?? '' });
  expect(read.status).toBe(404);
});
