import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetEnv } from '#core/env.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany } from '#core/testing/company.ts';
import { standInAgents } from '#local/providers/retell/agents.ts';
import { type RetellStandIn, startRetellStandIn } from '#local/providers/retell/stand-in.ts';
import * as refill from '../sync/refill.schedule.ts';
import * as syncRetell from '../sync/sync-retell.schedule.ts';
import { forgetAccounts } from '../sync/testing/forget-accounts.ts';
import * as createDashboardAgent from './create-dashboard-agent.ts';
import * as deleteDashboardAgent from './delete-dashboard-agent.ts';
import * as getAgentInfo from './get-agent-info.ts';
import * as getDashboardCall from './get-dashboard-call.ts';
import * as listAgentCallHistory from './list-agent-call-history.ts';
import * as listDashboardAgents from './list-dashboard-agents.ts';
import * as listDashboardCalls from './list-dashboard-calls.ts';
import * as syncAgents from './sync-agents.ts';
import * as syncCalls from './sync-calls.ts';
import * as updateDashboardAgent from './update-dashboard-agent.ts';

const apiKey = 'key_of_the_sync_tests_0123456789';
let retell: RetellStandIn;

beforeAll(async () => {
  await forgetAccounts();
  retell = await startRetellStandIn({ apiKey, calls: 150 });
  process.env.RETELL_API_URL = retell.url;
  process.env.RETELL_API_KEY = apiKey;
  delete process.env.DIALPAD_API_KEY;
});
afterAll(() => retell.close());

/** A company that owns everything at the stand-in: the deployment's default one. */
async function owner(): Promise<TestCompany> {
  const acme = await aCompany();
  process.env.DEFAULT_COMPANY_ID = acme.id;
  forgetEnv();
  return acme;
}

beforeEach(() => {
  retell.faults.brokenCalls.clear();
  forgetEnv();
});

const agentId = () => standInAgents[0]?.agentId ?? '';

describe('POST /api/dashboard/sync-calls', () => {
  test('takes every call with its transcript, and the second time nothing', async () => {
    const acme = await owner();
    const key = await acme.key();
    const first = await key.request(syncCalls);
    const listable = [...retell.calls.values()].filter((call) => call.start_timestamp !== undefined).length;
    // History is stored, and told to nobody; what is told bears the time when it happened.
    const told = await adminSql()<{ ended_at: Date; occurred_at: Date }[]>`
      select c.ended_at, o.occurred_at from outbox o join calls c on c.id = o.subject_id
      where o.company_id = ${acme.id} and c.ended_at < now() - interval '1 hour'`;
    for (const { ended_at, occurred_at } of told) {
      expect(ended_at.getTime()).toBeGreaterThan(Date.now() - 86_400_000);
      expect(occurred_at.getTime()).toBeLessThan(ended_at.getTime() + 30 * 60_000);
    }
    expect(first.body).toEqual({
      success: true,
      message: 'Call sync completed',
      callsSynced: listable,
      callsUpdated: 0,
      errors: 0,
      more: false,
    });
    const [have] =
      await adminSql()`select count(*)::int as n, count(transcript)::int as transcripts from calls where company_id = ${acme.id}`;
    const spoken = [...retell.calls.values()].filter((call) => call.transcript).length;
    expect(have).toEqual({ n: listable, transcripts: spoken });
    expect((await key.request(syncCalls)).body).toMatchObject({ callsSynced: 0, callsUpdated: 0, errors: 0 });
  });

  test('sees what changed late, and what is new', async () => {
    const acme = await owner();
    const key = await acme.key();
    await key.request(syncCalls);
    const recent = [...retell.calls.values()]
      .filter((call) => call.call_status === 'ended' && call.start_timestamp && call.call_analysis)
      .sort((a, b) => (b.start_timestamp ?? 0) - (a.start_timestamp ?? 0))[0];
    if (!recent?.call_analysis) throw new Error('the stand-in has no such call');
    await adminSql()`update retell_syncs set done_until = to_timestamp(${(recent.start_timestamp ?? 0) / 1000}) where company_id = ${acme.id}`;
    recent.call_analysis.call_summary = 'A summary that was written anew.';
    const { call, done } = retell.run('inbound');
    await done;
    const { body } = await key.request(syncCalls);
    expect(body).toMatchObject({ callsSynced: 1, callsUpdated: 1, errors: 0 });
    const changed = (await key.request(getDashboardCall, { callId: recent.call_id })).body.data;
    expect(changed.call_summary).toBe('A summary that was written anew.');
    expect((await key.request(getDashboardCall, { callId: call.call_id })).status).toBe(200);
  });

  test('counts a call that cannot be fetched, takes the rest, and takes it with the next sync', async () => {
    const acme = await owner();
    const key = await acme.key();
    const broken = [...retell.calls.values()].find((call) => call.start_timestamp)?.call_id ?? '';
    retell.faults.brokenCalls.add(broken);
    const first = (await key.request(syncCalls)).body;
    expect(first.errors).toBe(1);
    expect(first.callsSynced).toBeGreaterThan(100);
    retell.faults.brokenCalls.clear();
    expect((await key.request(syncCalls)).body).toMatchObject({ callsSynced: 1, errors: 0 });
    expect((await key.request(getDashboardCall, { callId: broken })).status).toBe(200);
  });

  test('tells the second of two at once that one runs already', async () => {
    const acme = await owner();
    const key = await acme.key();
    const answers = await Promise.all([
      key.request(syncCalls),
      key.request(syncCalls),
      key.request(syncCalls),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('SYNC_RUNNING');
  });

  test('gives a company that linked an agent that agent’s calls, and the default company the rest', async () => {
    const fallback = await owner();
    const acme = await aCompany();
    await acme.links({ provider: 'retell', kind: 'agent', externalId: agentId() });
    try {
      await (await acme.key()).request(syncCalls);
      await (await fallback.key()).request(syncCalls);
      const mine =
        await adminSql()`select distinct provider_agent_id from calls where company_id = ${acme.id}`;
      expect(mine.map((row) => row.provider_agent_id)).toEqual([agentId()]);
      const rest =
        await adminSql()`select 1 from calls where company_id = ${fallback.id} and provider_agent_id = ${agentId()}`;
      expect(rest).toHaveLength(0);
      const theirs = standInAgents[1]?.agentId ?? '';
      expect((await (await acme.key()).request(syncCalls, { agentId: theirs })).status).toBe(404);
    } finally {
      await adminSql()`delete from provider_links where company_id = ${acme.id}`;
    }
  });

  test('says that Retell failed, and keeps why', async () => {
    const acme = await owner();
    retell.faults.failNext(4, 500); // as often as the client tries
    const { status, body } = await (await acme.key()).request(syncCalls);
    expect([status, body.code]).toEqual([502, 'PROVIDER_FAILED']);
    const [sync] = await adminSql()`select status, error from retell_syncs where company_id = ${acme.id}`;
    expect(sync).toMatchObject({ status: 'failed', error: expect.stringContaining('500') });
  });

  test('the schedule does the same for every company, and the refill finds what webhooks lost', async () => {
    const acme = await owner();
    await syncRetell.run();
    const key = await acme.key();
    expect((await key.request(listDashboardCalls)).body.pagination.total).toBeGreaterThan(100);
    const { call, done } = retell.run('inbound');
    await done;
    await refill.run();
    expect((await key.request(getDashboardCall, { callId: call.call_id })).status).toBe(200);
    const [check] =
      await adminSql()`select listed, missing, filled, failed, missing_ids from completeness_checks
      where company_id = ${acme.id} order by id desc limit 1`;
    expect(check).toMatchObject({ missing: expect.any(Number), failed: 0 });
    expect(check?.missing_ids).toContain(call.call_id);
    await refill.run();
    const [again] =
      await adminSql()`select missing, unfinished from completeness_checks where company_id = ${acme.id} order by id desc limit 1`;
    expect(again).toEqual({ missing: 0, unfinished: 0 });
  });
});

describe('the dashboard', () => {
  test('lists an agent’s history as Retell’s dashboard does', async () => {
    const acme = await owner();
    const key = await acme.key();
    await key.request(syncCalls);
    const { body, status } = await key.request(listAgentCallHistory, {
      agentId: agentId(),
      limit: 2,
      sortBy: 'duration',
    });
    expect(status).toBe(200);
    expect(Object.keys(body.calls[0]).sort()).toEqual(
      [
        'id agent_id call_id caller_info start_timestamp end_timestamp duration_ms duration_seconds transcript call_status',
        'disconnection_reason cost call_summary user_sentiment call_successful recording_url created_at updated_at',
      ]
        .join(' ')
        .split(' ')
        .sort(),
    );
    expect(body.calls[0].agent_id).toBe(agentId());
    expect(body.calls[0].duration_ms).toBeGreaterThanOrEqual(body.calls[1].duration_ms);
    expect(body.pagination).toMatchObject({ limit: 2, offset: 0, hasMore: true });
    const next = await key.request(listAgentCallHistory, {
      agentId: agentId(),
      limit: 2,
      sortBy: 'duration',
      cursor: body.pagination.nextCursor,
    });
    expect(next.body.calls[0].id).not.toBe(body.calls[1].id);
  });

  test('syncs, lists, creates, edits and deactivates agents', async () => {
    const acme = await owner();
    const manager = await acme.as('manager');
    const synced = (await manager.request(syncAgents)).body;
    expect(synced).toMatchObject({
      success: true,
      agentsSynced: expect.any(Number),
      agentsUpdated: 0,
      errors: 0,
    });
    expect((await manager.request(syncAgents)).body).toMatchObject({ agentsSynced: 0, agentsUpdated: 0 });
    const list = (await manager.request(listDashboardAgents, { status: 'active' })).body;
    expect(list.agents).toHaveLength(synced.agentsSynced);
    const made = await manager.request(createDashboardAgent, {
      agent_name: 'Night desk',
      voice_id: '11labs-Adrian',
      response_engine: { type: 'retell-llm', llm_id: 'llm_1' },
    });
    expect([made.status, made.body.data.agent_name]).toEqual([201, 'Night desk']);
    const id = made.body.data.agent_id;
    const edited = await manager.request(updateDashboardAgent, { agentId: id, agent_name: 'Day desk' });
    expect(edited.body.data.agent_name).toBe('Day desk');
    expect((await manager.request(getAgentInfo, { agentId: id })).body).toMatchObject({
      agent_id: id,
      agent_name: 'Day desk',
      status: 'active',
    });
    expect((await manager.request(deleteDashboardAgent, { agentId: id })).body.data.status).toBe('inactive');
    await manager.request(syncAgents);
    expect((await manager.request(getAgentInfo, { agentId: id })).body.status).toBe('inactive');
    expect((await manager.request(listDashboardAgents, { search: 'day d' })).body.agents).toHaveLength(1);
  });

  test('lets an agent read and not edit, and keeps other companies out', async () => {
    const acme = await owner();
    await acme.hasAgent({ provider: 'retell', providerAgentId: `agent-${acme.id}`, name: 'Ours' });
    const stranger = await (await aCompany()).as('owner');
    const agent = await acme.as('agent');
    const id = `agent-${acme.id}`;
    expect((await agent.request(getAgentInfo, { agentId: id })).status).toBe(200);
    expect((await agent.request(updateDashboardAgent, { agentId: id, agent_name: 'Mine' })).status).toBe(403);
    expect((await stranger.request(getAgentInfo, { agentId: id })).status).toBe(404);
    expect((await stranger.request(updateDashboardAgent, { agentId: id, agent_name: 'Mine' })).status).toBe(
      404,
    );
    expect((await stranger.request(deleteDashboardAgent, { agentId: id })).status).toBe(404);
    expect((await stranger.request(getDashboardCall, { callId: randomUUID() })).body.code).toBe('NOT_FOUND');
    expect((await request(syncCalls)).status).toBe(401);
  });
});
