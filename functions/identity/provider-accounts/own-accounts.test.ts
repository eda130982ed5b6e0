import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import * as createDashboardAgent from '#integrations/dashboard/create-dashboard-agent.ts';
import * as deleteDashboardAgent from '#integrations/dashboard/delete-dashboard-agent.ts';
import * as getDashboardCall from '#integrations/dashboard/get-dashboard-call.ts';
import * as listDashboardAgents from '#integrations/dashboard/list-dashboard-agents.ts';
import * as syncAgents from '#integrations/dashboard/sync-agents.ts';
import * as syncCalls from '#integrations/dashboard/sync-calls.ts';
import * as updateDashboardAgent from '#integrations/dashboard/update-dashboard-agent.ts';
import * as startAuthorization from '#integrations/dialpad-connect/start-authorization.ts';
import { agreed, returned } from '#integrations/dialpad-connect/testing/admin-browser.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as receiveRetell from '#integrations/inbound/receive-retell.ts';
import { forgetHookSecrets } from '#integrations/inbound/shared/hook-secrets.ts';
import * as createSubscriptions from '#integrations/provider-hooks/create-subscriptions.ts';
import * as createWebhook from '#integrations/provider-hooks/create-webhook.ts';
import * as deleteWebhook from '#integrations/provider-hooks/delete-webhook.ts';
import * as refill from '#integrations/sync/refill.schedule.ts';
import * as syncRetell from '#integrations/sync/sync-retell.schedule.ts';
import { forgetAccounts } from '#integrations/sync/testing/forget-accounts.ts';
import { lifecycle as dialpadLifecycle } from '#local/providers/dialpad/lifecycles.ts';
import { standInAgents } from '#local/providers/retell/agents.ts';
import { signRetell } from '#providers/retell/signature.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as updateCompany from '../companies/update-company.ts';
import * as proveNewAccounts from './prove-new-accounts.schedule.ts';
import {
  aDialpadCustomer,
  anAgentId,
  aPlatformAdmin,
  aRetellCustomer,
  auditOf,
  hasKey,
  linkOf,
  world,
} from './testing/world.ts';

beforeAll(forgetAccounts);

const callsOf = async (company: TestCompany) =>
  await adminSql()`select provider, provider_call_id, provider_agent_id, app_id from calls where company_id = ${company.id}`;

/** A webhook of Retell, signed with a key; to the address of a company where many have keys of their own. */
async function retellSends(key: string, agentId: string, companyId?: string): Promise<string> {
  const callId = `call_${randomUUID().replaceAll('-', '')}`;
  const call = {
    ...{ call_id: callId, agent_id: agentId, call_type: 'web_call', call_status: 'ended' },
    ...{ start_timestamp: Date.now() - 60_000, end_timestamp: Date.now(), duration_ms: 60_000 },
  };
  const body = JSON.stringify({ event: 'call_ended', call });
  const headers = {
    'content-type': 'application/json',
    'x-retell-signature': signRetell(body, key, Date.now()),
  };
  const path = companyId === undefined ? '/webhooks/retell' : `/webhooks/retell?company_id=${companyId}`;
  expect((await post(receiveRetell, body, { headers, path })).status).toBe(200);
  return callId;
}

const newAgent = {
  agent_name: 'Night desk',
  voice_id: '11labs-Adrian',
  response_engine: { type: 'retell-llm', llm_id: 'llm_1' },
};

describe('a company’s own Retell key', () => {
  test('is what its calls and agents are synced with, all of them and nobody else’s', async () => {
    const { company, owner, retell } = await aRetellCustomer({ calls: 20 });
    const listable = [...retell.calls.values()].filter((call) => call.start_timestamp !== undefined).length;
    const synced = await owner.request(syncCalls);
    expect(synced.body).toMatchObject({ callsSynced: listable, errors: 0 });
    const agents = new Set((await callsOf(company)).map((call) => call.provider_agent_id));
    expect([...agents].every((id) => retell.agentIds.includes(String(id)))).toBe(true);
    expect((await owner.request(syncAgents)).body).toMatchObject({ agentsSynced: retell.agentIds.length });
    for (const id of retell.agentIds)
      expect(await linkOf(id)).toMatchObject({ company_id: company.id, proof: 'provider' });
    const one = await owner.request(syncCalls, { agentId: retell.agentIds[0] });
    expect([one.status, one.body.callsSynced]).toEqual([200, 0]);
  });

  test('is used by the schedule and the refill too', async () => {
    const { company, retell } = await aRetellCustomer();
    const missed = retell.run('inbound');
    await missed.done;
    await refill.run();
    expect((await callsOf(company)).map((call) => call.provider_call_id)).toEqual([missed.call.call_id]);
    const next = retell.run('inbound');
    await next.done;
    await syncRetell.run();
    expect(await callsOf(company)).toHaveLength(2);
    const { length } = await callsOf(world.fallback);
    expect(length).toBeGreaterThan(0); // the deployment's own, by the same runs
    const ids = (await callsOf(world.fallback)).map((call) => call.provider_call_id);
    expect(ids).not.toContain(missed.call.call_id);
  });

  test('signs its webhooks: what it signs is this company’s, whatever agent it names', async () => {
    const { company, owner, retell } = await aRetellCustomer();
    const other = await aCompany();
    const theirs = anAgentId();
    await other.links({ provider: 'retell', kind: 'agent', externalId: theirs });
    forgetHookSecrets();
    const named = [retell.agentIds[0] ?? '', theirs, anAgentId(), standInAgents[0].agentId];
    const ids = [];
    for (const agentId of named) ids.push(await retellSends(retell.apiKey, agentId, company.id));
    await eventually(async () => expect(await callsOf(company)).toHaveLength(4));
    expect((await owner.request(getDashboardCall, { callId: ids[1] ?? '' })).status).toBe(200);
    expect(await callsOf(other)).toEqual([]);
    const byDeployment = await retellSends(world.retell.apiKey, theirs);
    await eventually(async () =>
      expect((await callsOf(other)).map((c) => c.provider_call_id)).toEqual([byDeployment]),
    );
  });

  test('is whose list counts in a sync, also of an agent that is linked to another company', async () => {
    const agent = anAgentId();
    const { company, owner } = await aRetellCustomer({ agentIds: [agent], calls: 5 });
    const other = await aCompany();
    await other.links({ provider: 'retell', kind: 'agent', externalId: agent });
    await owner.request(syncCalls);
    await refill.run();
    expect((await callsOf(company)).length).toBeGreaterThan(0);
    expect(await callsOf(other)).toEqual([]);
    await owner.request(syncAgents);
    expect(await linkOf(agent)).toMatchObject({ company_id: other.id, proof: 'operator' });
  });

  test('that is another key of the deployment’s account makes no agent there', async () => {
    const { company, owner } = await aRetellCustomer();
    const second = world.retell.addKey();
    await hasKey(company, 'retell', 'apiKey', second);
    const before = world.retell.agentIds();
    const { status, body } = await owner.request(createDashboardAgent, newAgent);
    expect([status, body.code]).toEqual([403, 'OWNERSHIP_NOT_PROVED']);
    expect(world.retell.agentIds()).toEqual(before);
    expect(await adminSql()`select 1 from agents where company_id = ${company.id}`).toEqual([]);
  });

  test('is what its agents are made and changed with', async () => {
    const { company, owner } = await aRetellCustomer();
    const made = await owner.request(createDashboardAgent, newAgent);
    expect(made.status).toBe(201);
    const agentId = made.body.data.agent_id;
    expect(await linkOf(agentId)).toMatchObject({ company_id: company.id, proof: 'provider' });
    const edited = await owner.request(updateDashboardAgent, { agentId, agent_name: 'Day desk' });
    expect(edited.body.data.agent_name).toBe('Day desk');
    expect(await auditOf(company, 'agent.created')).toMatchObject([{ actor_id: owner.id }]);
    expect(await auditOf(company, 'agent.updated')).toMatchObject([{ after: { agent_name: 'Day desk' } }]);
    expect((await owner.request(syncAgents)).body.agentsSynced).toBe(2); // those that were there before
  });

  test('leaves no agent at Retell that could not be stored', async () => {
    const { company, owner } = await aRetellCustomer();
    await owner.request(syncAgents);
    await adminSql().unsafe(
      `alter table agents add constraint none_is_stored check (name <> '${newAgent.agent_name}') not valid`,
    );
    const refused = await owner.request(createDashboardAgent, newAgent);
    await adminSql()`alter table agents drop constraint none_is_stored`;
    expect(refused.status).toBe(500);
    const { agentsSynced } = (await owner.request(syncAgents)).body; // those that are new to us
    expect([agentsSynced, await auditOf(company, 'agent.created')]).toEqual([0, []]);
  });
});

describe('a company’s own Dialpad key', () => {
  test('is used by the refill, and its webhook secret signs its events', async () => {
    const { company, owner, apiKey, organization } = await aDialpadCustomer();
    await world.dialpad.runCall('answered', { apiKey });
    await refill.run();
    const other = await aCompany();
    await other.links({ provider: 'dialpad', kind: 'organization', externalId: `org-${other.id}` });
    await eventually(async () => expect(await callsOf(company)).toHaveLength(1));
    expect((await owner.request(listCalls)).body.data[0].status).toBe('completed');
    // Four secrets are tried at most, and other files of this worker leave theirs.
    await adminSql()`update provider_links set secret = null where provider = 'dialpad'`;
    await adminSql()`delete from company_integration_secrets where integration = 'dialpad' and name = 'webhookSecret'`;
    await adminSql()`update provider_hooks set deleted_at = now() where provider = 'dialpad' and deleted_at is null`;
    await hasKey(company, 'dialpad', 'webhookSecret', 'webhook-secret-of-the-company');
    forgetHookSecrets();
    const seed = () => Math.floor(Math.random() * 2 ** 31);
    for (const company_id of [organization.companyId, `org-${other.id}`]) {
      for (const event of dialpadLifecycle('missed', seed(), Date.now() - 900_000)) {
        const body = dialpadBody({ ...event, company_id }, 'webhook-secret-of-the-company');
        expect((await post(receiveDialpad, body)).status).toBe(200);
      }
    }
    await eventually(async () => expect(await callsOf(company)).toHaveLength(3));
    expect(await callsOf(other)).toEqual([]);
    // Of one of its apps, where the address says so; never of another company's.
    const { appId } = await company.app();
    const [event] = dialpadLifecycle('missed', seed(), Date.now() - 900_000);
    const body = dialpadBody(event, 'webhook-secret-of-the-company');
    expect((await post(receiveDialpad, body, { path: `/webhooks/dialpad?app_id=${appId}` })).status).toBe(
      200,
    );
    await eventually(async () =>
      expect((await callsOf(company)).map((call) => call.app_id)).toContain(appId),
    );
    const foreign = await other.app();
    expect(
      (await post(receiveDialpad, body, { path: `/webhooks/dialpad?app_id=${foreign.appId}` })).status,
    ).toBe(401);
  });

  test('makes the webhooks of its apps, in its own Dialpad company', async () => {
    const { company, apiKey } = await aDialpadCustomer();
    const { appId } = await company.app();
    const made = await internal(createWebhook, { app_id: appId });
    expect(made.status).toBe(201);
    expect((await internal(createSubscriptions, { app_id: appId })).status).toBe(201);
    const listed = await fetch(`${world.dialpad.url}/api/v2/webhooks`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect((await listed.json()) as unknown).toMatchObject({
      items: [{ hook_url: made.body.data.hook_url }],
    });
  });
});

describe('an app’s OAuth connection', () => {
  test('links the Dialpad company that it is of, to the app', async () => {
    const company = await aCompany();
    const app = await company.app();
    const donor = await aDialpadCustomer(); // has the key of the same account
    const { apiKey, organization } = donor;
    await adminSql()`delete from companies where id = ${donor.company.id}`;
    const begun = await internal(startAuthorization, { app_id: app.appId, mode: 'json' });
    world.dialpad.consentAs(apiKey);
    const back = await agreed(begun.body.data.authorize_url);
    world.dialpad.consentAs('');
    const finished = await returned(back);
    expect(finished.status).toBe(200);
    await proveNewAccounts.run();
    expect(await linkOf(String(organization.companyId))).toEqual({
      ...{ company_id: company.id, app_id: app.appId, proof: 'provider' },
    });
  });

  test('of the deployment’s own Dialpad company links nothing', async () => {
    const company = await aCompany();
    const app = await company.app();
    const begun = await internal(startAuthorization, { app_id: app.appId, mode: 'json' });
    expect((await returned(await agreed(begun.body.data.authorize_url))).status).toBe(200);
    await proveNewAccounts.run();
    expect(await adminSql()`select 1 from provider_links where company_id = ${company.id}`).toHaveLength(0);
  });
});

describe('the deployment’s own accounts', () => {
  /** A company to which operators linked an agent there. */
  async function aTenant() {
    const company = await aCompany();
    const made = await (await world.fallback.as('owner')).request(createDashboardAgent, newAgent);
    const agentId: string = made.body.data.agent_id;
    await adminSql()`delete from provider_links where external_id = ${agentId}`;
    await adminSql()`delete from agents where provider_agent_id = ${agentId}`;
    await company.links({ provider: 'retell', kind: 'agent', externalId: agentId });
    return { company, owner: await company.as('owner'), agentId };
  }

  test('give a company its linked agent and its calls; changing it takes a platform admin’s leave', async () => {
    const { company, owner, agentId } = await aTenant();
    expect((await owner.request(syncAgents)).body).toMatchObject({ agentsSynced: 1 });
    const change = { agentId, agent_name: 'Mine' };
    const refused = await owner.request(updateDashboardAgent, change);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    for (const way of ['PUT /api/settings', 'apiKey', 'PUT /api/companies/:id', 'managesSharedAccounts'])
      expect(refused.body.message).toContain(way);
    expect((await owner.request(createDashboardAgent, newAgent)).status).toBe(403);
    expect((await owner.request(updateDashboardAgent, { agentId, status: 'inactive' })).status).toBe(200);

    const flag = { id: company.id, managesSharedAccounts: true };
    const own = await owner.request(updateCompany, flag);
    expect([own.status, own.body.code]).toEqual([403, 'FORBIDDEN']);
    const platformAdmin = await aPlatformAdmin(await aCompany());
    const granted = await platformAdmin.request(updateCompany, flag);
    expect(granted.body.data.managesSharedAccounts).toBe(true);
    const [entry] = await auditOf(company, 'company.updated');
    expect(entry).toMatchObject({
      before: { managesSharedAccounts: false },
      after: { managesSharedAccounts: true },
    });

    expect((await owner.request(updateDashboardAgent, change)).status).toBe(200);
    const made = await owner.request(createDashboardAgent, newAgent);
    expect(await linkOf(made.body.data.agent_id)).toMatchObject({
      company_id: company.id,
      proof: 'operator',
    });
    // Leave to manage is none to take: an agent that is not linked to it stays out of reach.
    await company.hasAgent({ provider: 'retell', providerAgentId: standInAgents[0].agentId });
    const foreign = { agentId: standInAgents[0].agentId, agent_name: 'Taken' };
    expect((await owner.request(updateDashboardAgent, foreign)).status).toBe(404);
    expect((await owner.request(syncCalls, { agentId: foreign.agentId })).status).toBe(404);
  });

  test('an app’s key acts on what is linked to the app', async () => {
    const { company, agentId } = await aTenant();
    const [app, other] = [await company.app(), await company.app()];
    await adminSql()`update companies set manages_shared_accounts = true where id = ${company.id}`;
    await adminSql()`update provider_links set app_id = ${app.appId} where external_id = ${agentId}`;
    expect((await other.request(syncAgents)).body).toMatchObject({ agentsSynced: 0, agentsUpdated: 0 });
    expect((await app.request(syncAgents)).body).toMatchObject({ agentsSynced: 1 });
    const change = { agentId, agent_name: 'By the app' };
    expect((await other.request(updateDashboardAgent, change)).status).toBe(404);
    expect((await other.request(deleteDashboardAgent, { agentId })).status).toBe(404);
    expect((await other.request(syncCalls, { agentId })).status).toBe(404);
    expect((await app.request(updateDashboardAgent, change)).status).toBe(200);
    expect((await app.request(syncCalls, { agentId })).status).toBe(200);
    const made = await app.request(createDashboardAgent, newAgent);
    expect(await linkOf(made.body.data.agent_id)).toMatchObject({ app_id: app.appId });
  });

  test('serve the default company with no linking at all', async () => {
    const key = await world.fallback.key();
    expect((await key.request(syncAgents)).status).toBe(200);
    const [agent] = standInAgents;
    const listed = (await key.request(listDashboardAgents, { search: agent.agentId })).body.agents;
    expect(listed).toHaveLength(1);
    const edited = await key.request(updateDashboardAgent, {
      agentId: agent.agentId,
      agent_name: 'Front desk',
    });
    expect(edited.status).toBe(200);
    expect((await key.request(createDashboardAgent, newAgent)).status).toBe(201);
    expect((await key.request(syncCalls)).status).toBe(200);
  });

  test('at Dialpad make no webhook for an app to which no operator linked anything, and subscribe it to that only', async () => {
    const company = await aCompany();
    const { appId } = await company.app();
    expect((await internal(createWebhook, { app_id: appId })).status).toBe(409);
    const office = `${Math.floor(Math.random() * 1e12)}`;
    await company.links({ provider: 'dialpad', kind: 'organization', externalId: office, appId });
    const made = await internal(createWebhook, { app_id: appId });
    expect(made.status).toBe(201);
    const subscribe = (target: object) =>
      internal(createSubscriptions, { app_id: appId, types: ['call'], ...target });
    for (const target of [
      {},
      { target_type: 'office', target_id: '5012345678000001' },
      { target_type: 'user', target_id: office },
    ]) {
      const answer = await subscribe(target);
      expect([answer.status, answer.body.code]).toEqual([403, 'OWNERSHIP_NOT_PROVED']);
    }
    expect((await subscribe({ target_type: 'office', target_id: office })).status).toBe(201);
    await adminSql()`delete from provider_links where company_id = ${company.id}`;
    const { webhook_id } = made.body.data;
    expect((await internal(deleteWebhook, { webhook_id })).status).toBe(200);
  });
});
