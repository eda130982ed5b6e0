import { createHmac, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as processInbound from '../inbound/process-inbound.worker.ts';
import * as receiveDialpad from '../inbound/receive-dialpad.ts';
import * as receiveIncoming from '../inbound/receive-incoming.ts';
import * as sweep from '../inbound/sweep.schedule.ts';
import * as addAppLinks from './add-app-links.ts';
import * as createApp from './create-app.ts';
import * as deleteAppLink from './delete-app-link.ts';
import * as getApp from './get-app.ts';
import * as listApps from './list-apps.ts';
import * as rotateIncomingSecret from './rotate-incoming-secret.ts';

const startMs = Date.parse('2026-03-01T10:00:00Z');
const anOrganization = () => String(5_000_000_000_000_000 + Math.floor(Math.random() * 1e15));
const keyHeader = (key: string) => ({ 'x-app-api-key': key });

const send = (event: object | undefined, organization: string) =>
  post(receiveDialpad, dialpadBody({ ...event, company_id: organization }));
const missedCall = () => lifecycle('missed', Math.floor(Math.random() * 2 ** 31), startMs);

beforeEach(() => setInlineRunner(async (_queue, ids) => processInbound.run(ids)));

describe('POST /internal/apps', () => {
  test('makes a company of the same name, an app and a key that works, and shows the key once', async () => {
    const { status, body } = await internal(createApp, { name: '  Acme dialer  ' });
    expect(status).toBe(201);
    expect(body.data).toMatchObject({
      name: 'Acme dialer',
      company_name: 'Acme dialer',
      links: [],
      live_keys: 1,
    });
    expect(body.data.api_key.startsWith(`${body.data.key_prefix}_`)).toBe(true);
    expect((await request(listCalls, {}, keyHeader(body.data.api_key))).status).toBe(200);
    const shown = await internal(getApp, { app_id: body.data.app_id });
    expect(shown.text).not.toContain(body.data.api_key);
    expect(shown.body.data.company_id).toBe(body.data.company_id);
  });

  test('puts the app into a company that is there, and answers 404 for one that is not', async () => {
    const acme = await aCompany();
    const { body } = await internal(createApp, { name: 'Second', company_id: acme.id });
    expect(body.data.company_id).toBe(acme.id);
    const nowhere = await internal(createApp, { name: 'Third', company_id: randomUUID() });
    expect([nowhere.status, nowhere.body.code]).toEqual([404, 'NOT_FOUND']);
    const listed = await internal(listApps, { company_id: acme.id });
    expect(listed.body.data.map((app: { name: string }) => app.name)).toEqual(['Second']);
    expect((await internal(listApps, { company_id: randomUUID() })).status).toBe(404);
  });

  test('gives the key the scopes that are asked for, by default all reading and writing', async () => {
    const usual = (await internal(createApp, { name: 'Usual' })).body.data.scopes;
    expect(usual).toContain('voicemails:write');
    expect(usual).not.toContain('sync:run');
    const narrow = (await internal(createApp, { name: 'Narrow', scopes: ['messages:read'] })).body.data;
    expect((await request(listCalls, {}, keyHeader(narrow.api_key))).status).toBe(403);
    expect((await internal(createApp, { name: 'Odd', scopes: ['calls:everything'] })).status).toBe(400);
  });

  test('makes nothing at all when one of the links belongs to another app, and names it', async () => {
    const organization = anOrganization();
    const first = (await internal(createApp, { name: 'First', dialpad_org_id: organization })).body.data;
    const name = `Second ${randomUUID()}`;
    const agents = ['agent_of_second'];
    const second = await internal(createApp, {
      name,
      dialpad_org_id: organization,
      retell_agent_ids: agents,
    });
    expect([second.status, second.body.code]).toEqual([409, 'CONFLICT']);
    expect(second.body.message).toContain(organization);
    expect(second.body.message).toContain(first.app_id);
    const [left] = await adminSql()`select (select count(*) from apps where name = ${name})::int as apps,
      (select count(*) from companies where name = ${name})::int as companies,
      (select count(*) from provider_links where external_id = ${agents[0] ?? ''})::int as links`;
    expect(left).toEqual({ apps: 0, companies: 0, links: 0 });
  });

  test('of twenty apps that want one organization at once exactly one gets it', async () => {
    const organization = anOrganization();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        internal(createApp, { name: `App ${i}`, dialpad_org_id: organization }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  test('takes a Dialpad id as a number too', async () => {
    const id = 5_000_000_000_000_000 + Math.floor(Math.random() * 1e12);
    const { body } = await internal(createApp, { name: 'Numbers', dialpad_org_id: id });
    expect(body.data.links).toMatchObject([
      { provider: 'dialpad', kind: 'organization', external_id: String(id) },
    ]);
  });

  test('processes the events that waited for the link', async () => {
    const organization = anOrganization();
    const events = missedCall();
    for (const event of events) expect((await send(event, organization)).body.data.status).toBe('unmatched');
    const { body } = await internal(createApp, { name: 'Late', dialpad_org_id: organization });
    expect(body.data.events_matched).toBe(events.length);
    const headers = keyHeader(body.data.api_key);
    await eventually(async () => {
      const { data } = (await request(listCalls, {}, headers)).body;
      expect(data).toMatchObject([{ appId: body.data.app_id, status: 'missed' }]);
    });
  });

  test.each([
    ['no name', {}],
    ['an empty name', { name: '   ' }],
    ['a name that is too long', { name: 'x'.repeat(201) }],
    ['a NUL', { name: 'a\0b' }],
    ['an unknown field', { name: 'x', admin: true }],
    ['a company id of no form', { name: 'x', company_id: "' or 1=1 --" }],
    ['an object for an id', { name: 'x', dialpad_org_id: { $ne: 1 } }],
    ['a placeholder for an id', { name: 'x', dialpad_org_id: '<Dialpad company or office id>' }],
    ['an agent of no form', { name: 'x', retell_agent_ids: ['<agent>'] }],
    ['too many agents', { name: 'x', retell_agent_ids: Array<string>(201).fill('agent_a') }],
    ['no scopes', { name: 'x', scopes: [] }],
  ])('refuses %s with 400', async (_, input) => {
    expect((await internal(createApp, input)).status).toBe(400);
  });

  test('stores a hostile name as it is', async () => {
    const name = `Robert'); drop table apps; -- "\\ 🙂 ${'{'}`;
    const { body } = await internal(createApp, { name, scopes: ['*'] });
    expect(body.data.name).toBe(name);
    const found = await internal(listApps, { search: 'drop table apps; -- "\\' });
    expect(found.body.data.map((app: { app_id: string }) => app.app_id)).toContain(body.data.app_id);
    expect((await internal(listApps, { search: '%_%' })).body.data).toEqual([]);
  });

  test.each([
    ['no secret', {}],
    ['a wrong secret', { 'x-internal-secret': 'wrong' }],
    ['a wrong bearer', { authorization: 'Bearer wrong' }],
  ])('answers 401 to %s', async (_, headers) => {
    expect((await request(createApp, { name: 'x' }, headers)).status).toBe(401);
  });

  test('answers 401 to a key with every scope', async () => {
    const key = await (await aCompany()).key(['*']);
    expect((await key.request(createApp, { name: 'x' })).status).toBe(401);
  });
});

describe('links of an app', () => {
  test('can be added and removed later; events that waited are processed, and adding again changes nothing', async () => {
    const organization = anOrganization();
    const app = (await internal(createApp, { name: 'Linked' })).body.data;
    await send(missedCall()[0], organization);
    const added = await internal(addAppLinks, { app_id: app.app_id, dialpad_org_id: organization });
    expect(added.body.data).toMatchObject({ events_matched: 1, links: [{ external_id: organization }] });
    const again = await internal(addAppLinks, { app_id: app.app_id, dialpad_org_id: organization });
    expect(again.body.data).toMatchObject({ events_matched: 0, links: added.body.data.links });
    const { link_id } = added.body.data.links[0];
    const removed = await internal(deleteAppLink, { app_id: app.app_id, link_id });
    expect(removed.body.data).toMatchObject({ link_id, external_id: organization });
    expect((await internal(deleteAppLink, { app_id: app.app_id, link_id })).status).toBe(404);
    expect((await send(missedCall()[0], organization)).body.data.status).toBe('unmatched');
  });

  test('of another app are not to be removed by this one', async () => {
    const mine = (await internal(createApp, { name: 'Mine', dialpad_org_id: anOrganization() })).body.data;
    const theirs = (await internal(createApp, { name: 'Theirs' })).body.data;
    const { link_id } = mine.links[0];
    expect((await internal(deleteAppLink, { app_id: theirs.app_id, link_id })).status).toBe(404);
    expect((await internal(addAppLinks, { app_id: randomUUID(), dialpad_org_id: '1' })).status).toBe(404);
  });

  test('must name at least one thing', async () => {
    const app = (await internal(createApp, { name: 'Empty' })).body.data;
    expect((await internal(addAppLinks, { app_id: app.app_id })).status).toBe(400);
    expect((await internal(addAppLinks, { app_id: app.app_id, oops: 1 })).status).toBe(400);
  });

  test('that are made just as an event comes in are found by the sweep', async () => {
    const organization = anOrganization();
    const { id } = (await send(missedCall()[0], organization)).body.data;
    const acme = await aCompany();
    await acme.links({ provider: 'dialpad', kind: 'organization', externalId: organization });
    await sweep.run();
    const [row] = await adminSql()`select status, company_id from inbound_events where id = ${id}`;
    expect(row).toEqual({ status: 'processed', company_id: acme.id });
  });
});

describe('POST /internal/companies/:company_id/incoming-secret', () => {
  test('makes the secret that signs the company’s own events, kept encrypted', async () => {
    const acme = await aCompany();
    const { body, text } = await internal(rotateIncomingSecret, { company_id: acme.id });
    expect(body.data).toMatchObject({
      replaced: false,
      hook_url: `https://api.example.com/api/webhooks/incoming/${acme.id}`,
    });
    const [stored] = await adminSql()`select secret from provider_links where external_id = ${acme.id}`;
    expect(text).not.toContain(stored?.secret);
    const event = JSON.stringify({ type: 'call.completed', id: randomUUID() });
    const signature = createHmac('sha256', body.data.secret).update(event).digest('hex');
    const path = new URL(body.data.hook_url).pathname;
    const answer = await post(receiveIncoming, event, {
      path,
      headers: { 'x-webhook-signature': signature, 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(200);
    const rotated = await internal(rotateIncomingSecret, { company_id: acme.id });
    expect(rotated.body.data.replaced).toBe(true);
    expect(rotated.body.data.secret).not.toBe(body.data.secret);
  });

  test('answers 404 for a company that is not there', async () => {
    expect((await internal(rotateIncomingSecret, { company_id: randomUUID() })).status).toBe(404);
  });
});
