import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { bodySchema } from '#core/endpoint.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import {
  aCompany,
  readAnswer,
  type TestCompany,
  type TestPerson,
  type TestResponse,
} from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as processInbound from '#integrations/inbound/process-inbound.worker.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as getMe from '../auth/get-me.ts';
import { mailsTo } from '../team/testing/invitations.ts';
import * as createCompany from './create-company.ts';
import * as deleteCompany from './delete-company.ts';
import * as eraseCompanies from './erase-companies.schedule.ts';
import * as getCompany from './get-company.ts';
import * as listCompanies from './list-companies.ts';
import * as updateCompany from './update-company.ts';

beforeEach(() =>
  setInlineRunner(async (queue, ids) => {
    if (queue === 'inbound') await processInbound.run(ids);
  }),
);

const plain = ({ status, body }: TestResponse) => ({ status, ...body, requestId: undefined });

async function aPlatformAdmin(company: TestCompany) {
  const person = await company.as('viewer');
  await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
  return person;
}

/** PUT from an address, as a platform that tells it. */
async function putFrom(
  ip: string | undefined,
  person: TestPerson,
  id: string,
  body: object,
): Promise<TestResponse> {
  const request = new Request(`https://api.example.com/api/companies/${id}`, {
    method: 'PUT',
    headers: { ...person.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return await readAnswer(await updateCompany.serve(request, ip === undefined ? {} : { ip }));
}

describe('GET /api/companies/:id', () => {
  test('shows a member their company, with its links and no secret', async () => {
    const acme = await aCompany();
    const number = `+1415${Math.floor(1e6 + Math.random() * 9e6)}`;
    await acme.links({ provider: 'twilio', kind: 'number', externalId: number, secret: 'hush-hush-hush' });
    const answer = await (await acme.as('viewer')).request(getCompany, { id: acme.id });
    expect(answer.body.data).toMatchObject({
      id: acme.id,
      name: 'Acme',
      timezone: 'UTC',
      language: 'en',
      businessHours: null,
      ipAllowlist: null,
      providerLinks: { dialpadOrgId: null, retellAgentIds: [], twilioNumbers: [number] },
    });
    expect(answer.text).not.toContain('secret');
  });

  test('answers as for none to another company, also to a change', async () => {
    const owner = await (await aCompany()).as('owner');
    const other = await aCompany();
    for (const [endpoint, input] of [
      [getCompany, {}],
      [updateCompany, { name: 'Mine' }],
      [updateCompany, { ipAllowlist: null }],
    ] as const) {
      const none = plain(await owner.request(endpoint, { ...input, id: randomUUID() }));
      expect(none.status).toBe(404);
      expect(plain(await owner.request(endpoint, { ...input, id: other.id }))).toEqual(none);
    }
  });
});

describe('PUT /api/companies/:id', () => {
  test('changes what is given and leaves the rest, with an audit of it', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const businessHours = {
      monday: [
        { from: '09:00', to: '12:30' },
        { from: '13:00', to: '24:00' },
      ],
      sunday: [],
      holidays: ['2026-12-25'],
    };
    const given = { name: 'Acme Corp', timezone: 'America/New_York', businessHours };
    const changed = await admin.request(updateCompany, { id: acme.id, ...given });
    expect(changed.body.data).toMatchObject({ ...given, language: 'en' });
    const later = await admin.request(updateCompany, { id: acme.id, language: 'de' });
    expect(later.body.data).toMatchObject({ ...given, language: 'de' });
    const [entry] = await adminSql()`select actor_id, before, after from audit_logs
      where company_id = ${acme.id} and action = 'company.updated' order by number limit 1`;
    expect(entry).toMatchObject({
      actor_id: admin.id,
      before: { name: 'Acme', timezone: 'UTC', businessHours: null },
      after: given,
    });
    expect(
      (await admin.request(updateCompany, { id: acme.id, businessHours: null })).body.data.businessHours,
    ).toBeNull();
    expect((await (await acme.as('manager')).request(updateCompany, { id: acme.id, name: 'X' })).status).toBe(
      403,
    );
  });

  const day = (...spans: [string, string][]) => ({
    businessHours: { monday: spans.map(([from, to]) => ({ from, to })) },
  });
  test.each([
    [{}],
    [{ name: ' ' }],
    [{ timezone: 'Mars/Olympus' }],
    [{ language: 'klingon' }],
    [day(['9:00', '10:00'])],
    [day(['10:00', '09:00'])],
    [day(['10:00', '10:00'])],
    [day(['09:00', '24:30'])],
    [day(['09:00', '12:00'], ['11:00', '13:00'])],
    [{ businessHours: { funday: [] } }],
    [{ businessHours: { holidays: ['2026-02-30'] } }],
    [{ ipAllowlist: [] }],
    [{ ipAllowlist: ['all'] }],
    [{ ipAllowlist: ['10.0.0.0/33'] }],
    [{ ipAllowlist: ["10.0.0.0/8'; drop table companies; --"] }],
    [{ providerLinks: { twilioNumbers: ['555'] } }],
    [{ providerLinks: { retellAgentIds: [''] } }],
    [{ providerLinks: { retellAgentIds: ['<agent>'] } }],
    [{ providerLinks: { dialpadOrgId: '<Dialpad company or office id>' } }],
    [{ providerLinks: { secret: 'x' } }],
    [{ deletedAt: null }],
    [{ companyId: randomUUID() }],
  ])('refuses %j with 400', async (given) => {
    const acme = await aCompany();
    const answer = await (await acme.as('owner')).request(updateCompany, { id: acme.id, ...given });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('the addresses that a company allows', () => {
  test('keep all others out, and cannot be set so that they keep out whoever sets them', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const put = (ip: string | undefined, ipAllowlist: string[] | null) =>
      putFrom(ip, owner, acme.id, { ipAllowlist });
    const lockedOut = await put('198.51.100.7', ['203.0.113.0/24']);
    expect([lockedOut.status, lockedOut.body.details[0].path]).toEqual([400, 'ipAllowlist']);
    expect(lockedOut.body.message).toContain('198.51.100.7');
    expect((await put(undefined, ['203.0.113.0/24'])).body.message).toContain('is not known');
    expect((await owner.request(getMe)).status).toBe(200);
    const stored = await put('203.0.113.9', ['203.0.113.77/24', '2001:db8::1']);
    expect(stored.status).toBe(200);
    expect(stored.body.data.ipAllowlist.sort()).toEqual(['2001:db8::1/128', '203.0.113.0/24']);
    expect((await put('198.51.100.7', null)).status).toBe(403);
    expect((await owner.request(getMe)).status).toBe(403);
    expect((await put('2001:db8::1', null)).body.data.ipAllowlist).toBeNull();
    expect((await owner.request(getMe)).status).toBe(200);
  });
});

describe('the provider links that a platform admin writes', () => {
  const agentId = () => `agent_${randomUUID()}`;

  test('are replaced kind by kind; those of an app stay', async () => {
    const acme = await aCompany();
    const owner = await aPlatformAdmin(acme);
    const { appId } = await acme.app();
    const [ofApp, first, second] = [agentId(), agentId(), agentId()];
    await acme.links({ provider: 'retell', kind: 'agent', externalId: ofApp, appId });
    const put = async (providerLinks: object) =>
      (await owner.request(updateCompany, { id: acme.id, providerLinks })).body.data.providerLinks;
    const organization = Math.floor(Math.random() * 1e15);
    expect(await put({ retellAgentIds: [first, first], dialpadOrgId: organization })).toEqual({
      dialpadOrgId: String(organization),
      retellAgentIds: [ofApp, first].sort(),
      twilioNumbers: [],
      unproved: [],
    });
    expect((await put({ retellAgentIds: [second, ofApp] })).retellAgentIds).toEqual([ofApp, second].sort());
    expect(await put({ retellAgentIds: [], dialpadOrgId: null })).toEqual({
      dialpadOrgId: null,
      retellAgentIds: [ofApp],
      twilioNumbers: [],
      unproved: [],
    });
  });

  test('can be one company’s only, and whose it is, is not said', async () => {
    const [acme, other] = [await aCompany('Acme'), await aCompany('Secretive Ltd')];
    const taken = agentId();
    await other.links({ provider: 'retell', kind: 'agent', externalId: taken });
    const platformAdmin = await aPlatformAdmin(acme);
    const answer = await platformAdmin.request(updateCompany, {
      id: acme.id,
      name: 'Renamed',
      providerLinks: { retellAgentIds: [agentId(), taken] },
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'CONFLICT']);
    expect(answer.text).toContain(taken);
    expect(answer.text).not.toContain(other.id);
    expect(answer.text).not.toContain('Secretive');
    const { data } = (await (await acme.as('owner')).request(getCompany, { id: acme.id })).body;
    expect(data).toMatchObject({ name: 'Acme', providerLinks: { retellAgentIds: [] } });
  });

  test('of ten companies that want one thing at once exactly one gets it', async () => {
    const wanted = [agentId(), agentId()];
    const owners = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const company = await aCompany();
        return { id: company.id, owner: await aPlatformAdmin(company) };
      }),
    );
    const answers = await Promise.all(
      owners.map(({ id, owner }, i) =>
        owner.request(updateCompany, {
          id,
          providerLinks: { retellAgentIds: i % 2 === 0 ? wanted : wanted.toReversed() },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
  });

  test('give the company the events that waited for them', async () => {
    const acme = await aCompany();
    const owner = await aPlatformAdmin(acme);
    const organization = String(5_000_000_000_000_000 + Math.floor(Math.random() * 1e15));
    const events = lifecycle(
      'missed',
      Math.floor(Math.random() * 2 ** 31),
      Date.parse('2026-03-01T10:00:00Z'),
    );
    for (const event of events)
      await post(receiveDialpad, dialpadBody({ ...event, company_id: organization }));
    expect((await owner.request(listCalls)).body.data).toEqual([]);
    await owner.request(updateCompany, { id: acme.id, providerLinks: { dialpadOrgId: organization } });
    await eventually(async () => {
      expect((await owner.request(listCalls)).body.data).toMatchObject([{ status: 'missed' }]);
    });
  });
});

describe('companies, for a platform admin', () => {
  test('can be listed, made, seen, changed and deleted; for an owner they cannot', async () => {
    const [acme, other] = [await aCompany(), await aCompany(`Other ${randomUUID()}`)];
    const owner = await acme.as('owner');
    const platformAdmin = await aPlatformAdmin(acme);
    for (const [endpoint, input] of [
      [listCompanies, {}],
      [createCompany, { name: 'Mine' }],
      [deleteCompany, { id: other.id }],
      [deleteCompany, { id: acme.id }],
    ] as const) {
      expect((await owner.request(endpoint, input)).status).toBe(403);
    }
    const { name } = (await platformAdmin.request(getCompany, { id: other.id })).body.data;
    const listed = await platformAdmin.request(listCompanies, { search: name.toLowerCase() });
    expect(bodySchema(listCompanies.contract).safeParse(listed.body).success).toBe(true);
    expect(listed.body.data).toMatchObject([{ id: other.id, members: 0, deletedAt: null }]);
    expect((await platformAdmin.request(updateCompany, { id: other.id, name: 'Changed' })).status).toBe(200);
    const ownerEmail = `owner-${randomUUID()}@example.com`;
    const made = await platformAdmin.request(createCompany, { name: 'New', language: 'de', ownerEmail });
    expect([made.status, made.body.data.language]).toEqual([201, 'de']);
    expect(await mailsTo(ownerEmail)).toMatchObject([{ language: 'de', data: { role: 'owner' } }]);
    const mine = await platformAdmin.request(createCompany, { name: 'My own' });
    const [membership] =
      await adminSql()`select user_id, role from memberships where company_id = ${mine.body.data.id}`;
    expect(membership).toEqual({ user_id: platformAdmin.id, role: 'owner' });
    expect((await platformAdmin.request(createCompany, { name: 'X', deletedAt: null })).status).toBe(400);
  });

  test('deleted, are shut at once, and kept for a while', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const platformAdmin = await aPlatformAdmin(acme);
    const [agent, key] = [await other.as('agent'), await other.key()];
    const { status, body } = await platformAdmin.request(deleteCompany, { id: other.id });
    expect(status).toBe(200);
    const days = (Date.parse(body.data.erasedAfter) - Date.parse(body.data.deletedAt)) / 86_400_000;
    expect(days).toBe(30);
    expect((await agent.request(getMe)).status).toBe(401);
    expect((await key.request(listCalls)).status).toBe(401);
    const [session] = await adminSql()`select ended_reason from sessions where id = ${agent.sessionId}`;
    expect(session?.ended_reason).toBe('company_deleted');
    expect((await platformAdmin.request(getCompany, { id: other.id })).status).toBe(404);
    expect((await platformAdmin.request(deleteCompany, { id: other.id })).status).toBe(404);
    const gone = await platformAdmin.request(listCompanies, { isDeleted: 'true', limit: 100 });
    expect(gone.body.data.map(({ id }: { id: string }) => id)).toContain(other.id);
    await eraseCompanies.run();
    expect(await adminSql()`select 1 from companies where id = ${other.id}`).toHaveLength(1);
  });

  test('are erased with all they have after 30 days, and nothing else with them', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const { appId } = await other.app();
    const [{ id: callId }, { id: kept }] = [await other.hasCall({ appId }), await acme.hasCall()];
    await adminSql()`insert into voicemails (company_id, call_id, provider, provider_call_id, provider_voicemail_id, received_at, state_rank, state_at)
      values (${other.id}, ${callId}, 'dialpad', 'c', ${randomUUID()}, now(), 1, now())`;
    await adminSql()`update companies set deleted_at = now() - interval '31 days' where id = ${other.id}`;
    await Promise.all([eraseCompanies.run(), eraseCompanies.run()]);
    const [left] =
      await adminSql()`select (select count(*)::int from companies where id = ${other.id}) as companies,
      (select count(*)::int from calls where company_id = ${other.id}) as calls,
      (select count(*)::int from voicemails where company_id = ${other.id}) as voicemails,
      (select count(*)::int from calls where id = ${kept}) as kept`;
    expect(left).toEqual({ companies: 0, calls: 0, voicemails: 0, kept: 1 });
  });

  test('are erased although another one cannot be, and the run counts as failed', async () => {
    const [stuck, other] = [await aCompany('Stuck'), await aCompany()];
    await adminSql()`update companies set deleted_at = now() - interval '40 days' where id = ${stuck.id}`;
    await adminSql()`update companies set deleted_at = now() - interval '31 days' where id = ${other.id}`;
    const left = async () => {
      const rows = await adminSql()`select id from companies where id in (${stuck.id}, ${other.id})`;
      return rows.map(({ id }) => id);
    };
    await adminSql().unsafe(`
      create function stuck() returns trigger language plpgsql as $$ begin raise exception 'stuck'; end $$;
      create trigger stuck before delete on companies for each row when (old.id = '${stuck.id}') execute function stuck()`);
    try {
      await expect(eraseCompanies.run()).rejects.toThrow(/^1 of \d+ companies could not be erased/);
      expect(await left()).toEqual([stuck.id]);
    } finally {
      await adminSql().unsafe('drop function stuck() cascade');
    }
    await eraseCompanies.run();
    expect(await left()).toEqual([]);
  });

  test('do not include the deployment’s default company when it comes to deleting', async () => {
    const acme = await aCompany();
    const platformAdmin = await aPlatformAdmin(acme);
    setSettings({ DEFAULT_COMPANY_ID: acme.id });
    try {
      expect((await platformAdmin.request(deleteCompany, { id: acme.id })).status).toBe(409);
    } finally {
      setSettings({ DEFAULT_COMPANY_ID: undefined });
    }
  });
});
