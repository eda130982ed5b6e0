import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson, type TestResponse } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as addAppLinks from '#integrations/apps/add-app-links.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as sweep from '#integrations/inbound/sweep.schedule.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import { standInAgents } from '#local/providers/retell/agents.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as getCompany from '../companies/get-company.ts';
import * as updateCompany from '../companies/update-company.ts';
import * as updateCompanySettings from '../settings/update-company-settings.ts';
import * as proveAccounts from './prove-accounts.schedule.ts';
import * as proveNewAccounts from './prove-new-accounts.schedule.ts';
import {
  aDialpadCustomer,
  aNumber,
  anAgentId,
  aPlatformAdmin,
  aRetellCustomer,
  aTwilioCustomer,
  auditOf,
  deployment,
  hasKey,
  linkOf,
  world,
} from './testing/world.ts';

const put = (person: TestPerson, company: TestCompany, providerLinks: object) =>
  person.request(updateCompany, { id: company.id, providerLinks });

const said = ({ status, body }: TestResponse) => ({
  status,
  ...body,
  requestId: undefined,
  timestamp: undefined,
});

describe('an agent that the company’s own Retell key lists', () => {
  test('is linked by an admin, and by nobody less', async () => {
    const { company, owner, retell } = await aRetellCustomer();
    const [id = ''] = retell.agentIds;
    expect((await put(await company.as('manager'), company, { retellAgentIds: [id] })).status).toBe(403);
    const { body } = await put(owner, company, { retellAgentIds: [id, id] });
    expect(body.data.providerLinks.retellAgentIds).toEqual([id]);
    expect(await linkOf(id)).toEqual({ company_id: company.id, app_id: null, proof: 'provider' });
    expect(
      (await put(owner, company, { retellAgentIds: [] })).body.data.providerLinks.retellAgentIds,
    ).toEqual([]);
    expect(await linkOf(id)).toBeUndefined();
  });

  test('of more agents than are asked for one by one, all are proved by the list', async () => {
    const agentIds = Array.from({ length: 130 }, anAgentId);
    const { company, owner } = await aRetellCustomer({ agentIds });
    const { body } = await put(owner, company, { retellAgentIds: agentIds });
    expect(body.data.providerLinks.retellAgentIds).toHaveLength(130);
    const one = await put(owner, company, { retellAgentIds: [...agentIds, anAgentId()] });
    expect([one.status, one.body.code]).toEqual([403, 'OWNERSHIP_NOT_PROVED']);
  });

  test('moves from a company that never proved it, and both logs say so; neither names the other', async () => {
    const squatter = await aCompany('Squatter Ltd');
    const { company, owner, retell } = await aRetellCustomer();
    const [id = ''] = retell.agentIds;
    await squatter.links({ provider: 'retell', kind: 'agent', externalId: id, proof: null });
    expect((await put(owner, company, { retellAgentIds: [id] })).status).toBe(200);
    expect(await linkOf(id)).toMatchObject({ company_id: company.id, proof: 'provider' });
    const [lost, ...moreLost] = await auditOf(squatter, 'provider_links.lost');
    expect(moreLost).toEqual([]);
    expect(lost).toEqual({
      ...{ actor_type: 'system', actor_id: null, ip: null, user_agent: null, request_id: null },
      before: { provider: 'retell', kind: 'agent', ids: [id] },
      after: null,
    });
    const [won] = await auditOf(company, 'provider_links.proved');
    expect(won).toMatchObject({ actor_type: 'user', actor_id: owner.id, after: { ids: [id] } });
    expect(JSON.stringify(won)).not.toContain(squatter.id);
    expect(await auditOf(company, 'company.updated')).toHaveLength(1);
  });

  test('stays with a company to which an operator linked it', async () => {
    const other = await aCompany();
    const { company, owner, retell } = await aRetellCustomer();
    const [id = ''] = retell.agentIds;
    await other.links({ provider: 'retell', kind: 'agent', externalId: id });
    expect((await put(owner, company, { retellAgentIds: [id] })).status).toBe(403);
    expect(await linkOf(id)).toMatchObject({ company_id: other.id, proof: 'operator' });
  });

  test('moves from a company that proved it only when that one’s own account lists it no longer', async () => {
    const shared = anAgentId();
    const [first, second] = [
      await aRetellCustomer({ agentIds: [shared] }),
      await aRetellCustomer({ agentIds: [shared] }),
    ];
    expect((await put(first.owner, first.company, { retellAgentIds: [shared] })).status).toBe(200);
    expect((await put(second.owner, second.company, { retellAgentIds: [shared] })).status).toBe(403);
    first.retell.breakApi(true); // does not answer: that says nothing
    expect((await put(second.owner, second.company, { retellAgentIds: [shared] })).status).toBe(403);
    first.retell.breakApi(false);
    expect(await linkOf(shared)).toMatchObject({ company_id: first.company.id });
    first.retell.deleteAgent(shared);
    expect((await put(second.owner, second.company, { retellAgentIds: [shared] })).status).toBe(200);
    expect(await linkOf(shared)).toMatchObject({ company_id: second.company.id, proof: 'provider' });
    expect(await auditOf(first.company, 'provider_links.lost')).toHaveLength(1);
  });

  test('of ten companies whose accounts list it exactly one gets it at once', async () => {
    const agentIds = [anAgentId(), anAgentId()];
    const customers = await Promise.all(Array.from({ length: 10 }, () => aRetellCustomer({ agentIds })));
    const answers = await Promise.all(
      customers.map(({ owner, company }, i) =>
        put(owner, company, { retellAgentIds: i % 2 === 0 ? agentIds : agentIds.toReversed() }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(403)]);
    const [one, other] = [await linkOf(agentIds[0] ?? ''), await linkOf(agentIds[1] ?? '')];
    expect(one).toEqual(other);
  });
});

describe('what is not proved', () => {
  test('is refused with one error, whether it is not there, somebody’s, or the default company’s', async () => {
    const { company, owner } = await aRetellCustomer();
    const other = await aRetellCustomer();
    const [theirs = '', unlinked = ''] = other.retell.agentIds;
    await put(other.owner, other.company, { retellAgentIds: [theirs] });
    const ids = [anAgentId(), theirs, unlinked, standInAgents[0].agentId];
    const answers = [];
    for (const id of ids) {
      answers.push(
        said(
          await owner.request(updateCompany, {
            id: company.id,
            name: 'Renamed',
            providerLinks: { retellAgentIds: [id] },
          }),
        ),
      );
    }
    expect(answers[0]).toMatchObject({
      status: 403,
      code: 'OWNERSHIP_NOT_PROVED',
      details: [{ path: 'providerLinks.retellAgentIds' }],
    });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const { data } = (await owner.request(getCompany, { id: company.id })).body;
    expect(data).toMatchObject({ name: 'Acme', providerLinks: { retellAgentIds: [] } });
    expect(await linkOf(theirs)).toMatchObject({ company_id: other.company.id });
  });

  test('the deployment’s own key, stored as the company’s, proves nothing', async () => {
    const company = await aCompany();
    await hasKey(company, 'retell', 'apiKey', deployment.retellKey);
    await hasKey(company, 'dialpad', 'apiKey', deployment.dialpadKey);
    const owner = await company.as('owner');
    const [agent] = standInAgents;
    expect((await put(owner, company, { retellAgentIds: [agent.agentId] })).status).toBe(403);
    expect((await put(owner, company, { dialpadOrgId: 5_012_345_678_000_000 })).status).toBe(403);
    await proveAccounts.run();
    expect(await adminSql()`select 1 from provider_links where company_id = ${company.id}`).toHaveLength(0);
  });

  test('nor does another key that reaches the deployment’s own account', async () => {
    const [agent] = standInAgents;
    const { company, owner } = await aRetellCustomer({ agentIds: [agent.agentId] });
    expect((await put(owner, company, { retellAgentIds: [agent.agentId] })).status).toBe(403);
    await proveAccounts.run();
    expect(await linkOf(agent.agentId)).toBeUndefined();
  });

  test('the default company links what the deployment’s own account lists', async () => {
    const [, agent] = standInAgents;
    const owner = await world.fallback.as('owner');
    expect((await put(owner, world.fallback, { retellAgentIds: [agent.agentId] })).status).toBe(200);
    expect((await put(owner, world.fallback, { retellAgentIds: [] })).status).toBe(200);
    expect(await linkOf(agent.agentId)).toBeUndefined();
  });

  test('is not said of a provider that does not answer: that is 502, and nothing changes', async () => {
    const { company, owner, retell } = await aRetellCustomer();
    const [id = ''] = retell.agentIds;
    retell.breakApi(true);
    const answer = await put(owner, company, { retellAgentIds: [id] });
    expect([answer.status, answer.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(await linkOf(id)).toBeUndefined();
    setSettings({ RETELL_API_URL: 'http://127.0.0.1:1' });
    expect((await put(owner, company, { retellAgentIds: [id] })).status).toBe(502);
    setSettings({ RETELL_API_URL: world.retell.url });
  });

  test('another company’s keys are not asked for the caller', async () => {
    const { retell, company } = await aRetellCustomer();
    const stranger = await (await aCompany()).as('owner');
    const answer = await put(stranger, company, { retellAgentIds: [...retell.agentIds] });
    expect(answer.status).toBe(404);
  });
});

describe('a Dialpad company or office', () => {
  test('is proved by the key of a company admin, not by one of an employee', async () => {
    const { company, owner, organization } = await aDialpadCustomer();
    for (const id of [organization.officeId, organization.companyId]) {
      const { body } = await put(owner, company, { dialpadOrgId: id });
      expect(body.data.providerLinks.dialpadOrgId).toBe(String(id));
    }
    expect(await linkOf(String(organization.officeId))).toBeUndefined(); // replaced
    const employee = await aDialpadCustomer({ isAdmins: false });
    const { officeId } = employee.organization;
    expect((await put(employee.owner, employee.company, { dialpadOrgId: officeId })).status).toBe(403);
    expect(
      (await put(employee.owner, employee.company, { dialpadOrgId: organization.companyId })).status,
    ).toBe(403);
  });

  test('brings the events that waited for it', async () => {
    const { company, owner, organization } = await aDialpadCustomer();
    setSettings({ DEFAULT_COMPANY_ID: undefined });
    const events = lifecycle(
      'missed',
      Math.floor(Math.random() * 2 ** 31),
      Date.parse('2026-03-01T10:00:00Z'),
    );
    for (const event of events)
      await post(receiveDialpad, dialpadBody({ ...event, company_id: organization.companyId }));
    setSettings({ DEFAULT_COMPANY_ID: world.fallback.id });
    expect((await owner.request(listCalls)).body.data).toEqual([]);
    expect((await put(owner, company, { dialpadOrgId: organization.companyId })).status).toBe(200);
    await eventually(async () =>
      expect((await owner.request(listCalls)).body.data).toMatchObject([{ status: 'missed' }]),
    );
  });

  test('loses no event that comes in while it is linked', async () => {
    const { company, owner, organization } = await aDialpadCustomer();
    setSettings({ DEFAULT_COMPANY_ID: undefined });
    const events = Array.from({ length: 10 }, (_, i) =>
      lifecycle('missed', Math.floor(Math.random() * 2 ** 31), Date.parse('2026-03-01T10:00:00Z') + i),
    ).flat();
    const sending = Promise.all(
      events.map((event) =>
        post(receiveDialpad, dialpadBody({ ...event, company_id: organization.companyId })),
      ),
    );
    expect((await put(owner, company, { dialpadOrgId: organization.companyId })).status).toBe(200);
    await sending;
    await sweep.run();
    setSettings({ DEFAULT_COMPANY_ID: world.fallback.id });
    const [left] = await adminSql()`select count(*)::int as n from inbound_events
      where status = 'unmatched' and owners @> ${adminSql().json([{ externalId: String(organization.companyId) }])}`;
    expect(left?.n).toBe(0);
    await eventually(async () =>
      expect((await owner.request(listCalls, { limit: 100 })).body.data).toHaveLength(10),
    );
  });
});

describe('a number of Twilio', () => {
  test('is proved by the company’s own account, to the last digit', async () => {
    const number = aNumber();
    const { company, owner } = await aTwilioCustomer([`${number}7`]);
    expect((await put(owner, company, { twilioNumbers: [number] })).status).toBe(403);
    const { body } = await put(owner, company, { twilioNumbers: [`${number}7`] });
    expect(body.data.providerLinks.twilioNumbers).toEqual([`${number}7`]);
    const none = await aCompany();
    expect((await put(await none.as('owner'), none, { twilioNumbers: [aNumber()] })).status).toBe(403);
  });

  test('is what SMS are sent from only where the own account has it, with the credentials as they will be', async () => {
    const [mine, theirs] = [aNumber(), aNumber()];
    const { company, owner } = await aTwilioCustomer([mine]);
    const other = await aTwilioCustomer([theirs]);
    const set = (twilio: object, person = owner) =>
      person.request(updateCompanySettings, { companyId: company.id, integrations: { twilio } });
    const refused = await set({ fromNumber: theirs });
    expect([refused.status, refused.body.code, refused.body.details[0].path]).toEqual([
      403,
      'OWNERSHIP_NOT_PROVED',
      'integrations.twilio.fromNumber',
    ]);
    expect((await set({ fromNumber: mine })).status).toBe(200);
    // Neither half of another account, nor all of it, goes with this number.
    expect((await set({ accountSid: other.accountSid, authToken: other.authToken })).status).toBe(403);
    expect((await set({ accountSid: other.accountSid })).status, 'Twilio refuses the pair').toBe(400);
    const moved = { accountSid: other.accountSid, authToken: other.authToken, fromNumber: theirs };
    expect((await set(moved)).status).toBe(200);
    expect((await set({ accountSid: null })).status, 'a token without its account').toBe(400);
    expect((await set({ accountSid: null, authToken: null })).status).toBe(200);
    expect((await set({ fromNumber: theirs })).status).toBe(403);
    expect((await set({ accountSid: deployment.twilioSid, authToken: deployment.twilioToken })).status).toBe(
      403,
    );
    const platformAdmin = await aPlatformAdmin(company);
    expect((await set({ fromNumber: mine }, platformAdmin)).status).toBe(200);
    const stranger = await (await aCompany()).as('owner');
    expect((await set({ fromNumber: mine }, stranger)).status).toBe(404);
  });
});

test('halves of Twilio credentials that are set at the same moment never make a pair that was not asked', async () => {
  const other = await aTwilioCustomer([aNumber()]);
  for (let round = 0; round < 5; round++) {
    const company = await aCompany();
    const owner = await company.as('owner');
    await adminSql()`insert into company_settings (company_id, integrations)
      values (${company.id}, ${adminSql().json({ twilio: { fromNumber: aNumber() } })})`;
    const set = (twilio: object) =>
      owner.request(updateCompanySettings, { companyId: company.id, integrations: { twilio } });
    const answers = await Promise.all([
      set({ accountSid: other.accountSid }),
      set({ authToken: other.authToken }),
    ]);
    const statuses = answers.map(({ status }) => status).sort();
    expect([200, 400, 403, 409]).toContain(statuses[1]);
    expect(statuses).not.toEqual([200, 200]);
  }
});

describe('links from before proof was asked for', () => {
  test('serve nothing, are shown apart, and count again once confirmed', async () => {
    const company = await aCompany();
    const organization = String(5_000_000_000_000_000 + Math.floor(Math.random() * 1e15));
    await company.links({ provider: 'dialpad', kind: 'organization', externalId: organization, proof: null });
    const owner = await company.as('owner');
    const { data } = (await owner.request(getCompany, { id: company.id })).body;
    expect(data.providerLinks).toMatchObject({
      dialpadOrgId: null,
      unproved: [{ provider: 'dialpad', kind: 'organization', externalId: organization }],
    });
    const [event] = lifecycle('missed', Math.floor(Math.random() * 2 ** 31), Date.now());
    await post(receiveDialpad, dialpadBody({ ...event, company_id: organization }));
    expect((await owner.request(listCalls)).body.data).toEqual([]);
    expect((await put(owner, company, { dialpadOrgId: organization })).status).toBe(403);
    const platformAdmin = await aPlatformAdmin(await aCompany());
    const confirmed = await put(platformAdmin, company, { dialpadOrgId: organization });
    expect(confirmed.body.data.providerLinks).toMatchObject({ dialpadOrgId: organization, unproved: [] });
    expect(await linkOf(organization)).toMatchObject({ proof: 'operator' });
  });

  test('are confirmed for an app by its operator, also where another company had written them', async () => {
    const [squatter, company] = [await aCompany(), await aCompany()];
    const { appId } = await company.app();
    const [own, squatted] = [String(5_000_000_000_000_000 + randomInt(2 ** 40)), anAgentId()];
    await company.links({ provider: 'dialpad', kind: 'organization', externalId: own, proof: null });
    await squatter.links({ provider: 'retell', kind: 'agent', externalId: squatted, proof: null });
    const answer = await internal(addAppLinks, {
      ...{ app_id: appId, dialpad_org_id: own, retell_agent_ids: [squatted] },
    });
    expect(answer.status).toBe(200);
    for (const id of [own, squatted])
      expect(await linkOf(id)).toEqual({ company_id: company.id, app_id: appId, proof: 'operator' });
    expect(await auditOf(squatter, 'provider_links.lost')).toHaveLength(1);
  });
});

describe('the schedule that asks the companies’ own accounts', () => {
  test('links what they list, and marks what they list no longer; a provider’s failure changes nothing', async () => {
    const { company, retell } = await aRetellCustomer();
    const [kept = '', gone = ''] = retell.agentIds;
    await proveAccounts.run();
    for (const id of [kept, gone])
      expect(await linkOf(id)).toMatchObject({ company_id: company.id, proof: 'provider' });
    await adminSql()`update provider_links set proved_at = now() - interval '1 hour' where company_id = ${company.id}`;
    retell.deleteAgent(gone);
    retell.breakApi(true);
    await proveAccounts.run();
    expect(await linkOf(gone)).toMatchObject({ proof: 'provider' });
    retell.breakApi(false);
    await proveAccounts.run();
    expect(await linkOf(gone)).toMatchObject({ company_id: company.id, proof: null });
    expect(await linkOf(kept)).toMatchObject({ proof: 'provider' });
    const [entry] = await auditOf(company, 'provider_links.unproved');
    expect(entry).toMatchObject({ actor_type: 'system', before: { ids: [gone] } });
  });

  test('what an operator linked stays, whatever an account lists', async () => {
    const { company } = await aRetellCustomer();
    const byOperator = anAgentId();
    await company.links({ provider: 'retell', kind: 'agent', externalId: byOperator });
    await adminSql()`update provider_links set proved_at = now() - interval '1 hour' where company_id = ${company.id}`;
    await proveAccounts.run();
    expect(await linkOf(byOperator)).toMatchObject({ proof: 'operator' });
  });

  test('a key that is set is asked with the next minute', async () => {
    const company = await aCompany();
    const retell = world.retell.addAccount();
    const owner = await company.as('owner');
    const { apiKey, organization } = await aDialpadCustomer();
    const { status } = await owner.request(updateCompanySettings, {
      companyId: company.id,
      integrations: { retell: { apiKey: retell.apiKey }, dialpad: { apiKey } },
    });
    expect(status).toBe(200);
    await proveNewAccounts.run();
    for (const id of retell.agentIds) expect(await linkOf(id)).toMatchObject({ company_id: company.id });
    expect(await linkOf(String(organization.companyId))).toMatchObject({ proof: 'provider' });
  });
});
