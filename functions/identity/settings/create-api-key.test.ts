import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestPerson } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import * as deleteDashboardAgent from '#integrations/dashboard/delete-dashboard-agent.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as listMessages from '#telephony/messages/list-messages.ts';
import * as createApiKey from './create-api-key.ts';
import * as deleteApiKey from './delete-api-key.ts';
import * as getSettings from './get-settings.ts';
import * as listApiKeys from './list-api-keys.ts';
import { aPlatformAdmin, auditOf } from './testing/people.ts';
import * as updateSettings from './update-settings.ts';

interface MadeKey {
  id: string;
  key: string;
  scopes: string[];
}
const aKey = async (person: TestPerson, input = {}): Promise<MadeKey> => {
  const { status, body } = await person.request(createApiKey, { name: 'Script', ...input });
  expect(status).toBe(201);
  return body.data;
};
const callsWith = (key: string) => request(listCalls, {}, { 'x-api-key': key });
const statusWith = async (key: string) => (await callsWith(key)).status;
const keyAuditOf = (id: string) =>
  adminSql()`select action, reason from api_key_audit where key_id = ${id} order by id`;

describe('POST /api/settings/api-keys', () => {
  test('gives a key that works, shows it once, and stores only its hash', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const { body, status } = await agent.request(createApiKey, { name: '  My script ' });
    expect(status).toBe(201);
    const { key, ...shown } = body.data;
    expect(shown).toMatchObject({ name: 'My script', status: 'live', userId: agent.id, expiresAt: null });
    expect(key.startsWith(`${shown.prefix}_`)).toBe(true);
    expect(await statusWith(key)).toBe(200);
    const listed = await agent.request(listApiKeys);
    expect(listed.body.data).toMatchObject([{ id: shown.id, name: 'My script', userName: 'agent' }]);
    const [row] = await adminSql()`select row_to_json(k)::text as text, encode(key_hash, 'hex') as hash
      from api_keys k where id = ${shown.id}`;
    const audited = (await auditOf(acme)).text;
    const secretPart = key.slice(shown.prefix.length + 1);
    for (const text of [listed.text, row?.text, audited]) expect(text).not.toContain(secretPart);
    for (const text of [listed.text, audited]) expect(text).not.toContain(row?.hash);
    expect(await keyAuditOf(shown.id)).toMatchObject([{ action: 'created' }]);
    expect((await auditOf(acme)).actions).toEqual(['key.created']);
  });

  test('gives all that the role allows where no scopes are asked for, and 403 that names what it does not', async () => {
    const acme = await aCompany();
    const [agent, admin] = [await acme.as('agent'), await acme.as('admin')];
    const { scopes } = await aKey(agent);
    expect(scopes).toContain('calls:write');
    expect(scopes).not.toContain('agents:write');
    expect((await aKey(admin)).scopes).toContain('provider:connect');
    const asked = { name: 'More', scopes: ['calls:read', 'agents:write', 'provider:connect'] };
    const { status, body } = await agent.request(createApiKey, asked);
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect(body.message).toContain('agents:write, provider:connect');
    expect(body.message).not.toContain('calls:read');
    expect((await (await acme.as('viewer')).request(createApiKey, { name: 'Any' })).status).toBe(403);
  });

  test('gives a platform admin no more than their role in the company', async () => {
    const platform = await aPlatformAdmin();
    const { status } = await platform.request(createApiKey, { name: 'Wide', scopes: ['agents:write'] });
    expect(status).toBe(403);
    expect((await aKey(platform)).scopes).toEqual([
      'calls:read',
      'messages:read',
      'voicemails:read',
      'agents:read',
      'events:read',
    ]);
  });

  test.each([
    ['name', {}],
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['scopes.0', { name: 'A', scopes: ['*'] }],
    ['scopes.0', { name: 'A', scopes: ['platform:manage'] }],
    ['scopes', { name: 'A', scopes: [] }],
    ['expiresAt', { name: 'A', expiresAt: '2020-01-01T00:00:00Z' }],
    ['expiresAt', { name: 'A', expiresAt: 'tomorrow' }],
    ['expiresAt', { name: 'A', expiresAt: '2100-01-01T00:00:00Z', expiresInDays: 3 }],
    ['expiresInDays', { name: 'A', expiresInDays: 0 }],
    ['userId', { name: 'A', userId: randomUUID() }],
    ['companyId', { name: 'A', companyId: randomUUID() }],
  ])('names %s when it is wrong', async (path, input) => {
    const { status, body } = await (await (await aCompany()).as('owner')).request(createApiKey, input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(path);
  });

  test('stops at fifty that work, however many are asked for at once', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    await adminSql()`insert into api_keys (company_id, user_id, prefix, key_hash, expires_at)
      select ${acme.id}, ${agent.id}, 'raw_' || n, sha256((${agent.id} || n)::bytea), case when n > 45 then now() end
      from generate_series(1, 60) n`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => agent.request(createApiKey, { name: 'Many' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201, 201, 201, 201, 201, 409, 409, 409, 409, 409,
    ]);
    expect((await (await acme.as('manager')).request(createApiKey, { name: 'Theirs' })).status).toBe(201);
  });

  test('stops at the company’s quota', async () => {
    const acme = await aCompany();
    const platform = await aPlatformAdmin();
    await adminSql()`insert into company_settings (company_id, quotas) values (${acme.id}, '{"apiKeys": 2}')`;
    const answers = await Promise.all(
      ['agent', 'manager', 'admin', 'owner'].map(async (role) =>
        (await acme.as(role as 'agent')).request(createApiKey, { name: 'One' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.message).toContain('2 API keys');
    expect((await platform.request(createApiKey, { name: 'Elsewhere' })).status).toBe(201);
  });
});

describe('a person’s key', () => {
  test('sees what its maker sees: of an agent’s, the agent’s calls', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const own = await acme.hasAgent({ kind: 'human', userId: agent.id, name: 'Ada' });
    const other = await acme.hasAgent({ name: 'Other' });
    const [mine, nobodys, theirs] = [
      await acme.hasCall({ agentId: own.id }),
      await acme.hasCall(),
      await acme.hasCall({ agentId: other.id }),
    ];
    const idsWith = async (key: string) =>
      (await callsWith(key)).body.data.map(({ id }: { id: string }) => id).sort();
    expect(await idsWith((await aKey(agent)).key)).toEqual([mine.id, nobodys.id].sort());
    expect(await idsWith((await aKey(await acme.as('manager'))).key)).toEqual(
      [mine.id, nobodys.id, theirs.id].sort(),
    );
  });

  test('sees nothing of another company', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    await other.hasCall();
    expect((await callsWith((await aKey(await acme.as('owner'))).key)).body.data).toEqual([]);
  });

  test('loses what the role may not any more when its maker is demoted, and has it again with the role', async () => {
    const acme = await aCompany();
    const manager = await acme.as('manager');
    const { key } = await aKey(manager);
    // There is no such agent: 404 is what whoever may delete one is told.
    const remove = async () =>
      (await request(deleteDashboardAgent, { agentId: 'agent_of_nobody' }, { 'x-api-key': key })).status;
    expect(await remove()).toBe(404);
    await adminSql()`update memberships set role = 'viewer' where user_id = ${manager.id}`;
    expect(await remove()).toBe(403);
    expect(await statusWith(key)).toBe(200);
    await adminSql()`update memberships set role = 'manager' where user_id = ${manager.id}`;
    expect(await remove()).toBe(404);
  });

  test.each([
    ['was removed', (id: string) => adminSql()`delete from memberships where user_id = ${id}`],
    [
      'was deactivated here',
      (id: string) => adminSql()`update memberships set is_active = false where user_id = ${id}`,
    ],
    ['was deactivated', (id: string) => adminSql()`update users set is_active = false where id = ${id}`],
  ])('is refused on the next request when its maker %s', async (_how, change) => {
    const agent = await (await aCompany()).as('agent');
    const { key } = await aKey(agent);
    expect(await statusWith(key)).toBe(200);
    await change(agent.id);
    expect(await statusWith(key)).toBe(401);
  });

  test('is refused once it has expired', async () => {
    const agent = await (await aCompany()).as('agent');
    const [over, later] = [await aKey(agent, { expiresInDays: 1 }), await aKey(agent, { expiresInDays: 1 })];
    const days = await adminSql()`select round(extract(epoch from expires_at - now()) / 86400)::int as days
      from api_keys where id = ${over.id}`;
    expect(days).toEqual([{ days: 1 }]);
    expect(await statusWith(over.key)).toBe(200);
    await adminSql()`update api_keys set expires_at = now() where id = ${over.id}`;
    expect(await statusWith(over.key)).toBe(401);
    expect(await statusWith(later.key)).toBe(200);
    const expired = await agent.request(listApiKeys, { status: 'expired' });
    expect(expired.body.data.map(({ id }: { id: string }) => id)).toEqual([over.id]);
  });

  test('without the scope is refused, and that is recorded', async () => {
    const acme = await aCompany();
    const { id, key } = await aKey(await acme.as('agent'), { scopes: ['messages:read', 'messages:read'] });
    expect((await request(listMessages, {}, { 'x-api-key': key })).status).toBe(200);
    const { status, body } = await callsWith(key);
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    await eventually(async () =>
      expect(await keyAuditOf(id)).toMatchObject([
        { action: 'created' },
        { action: 'refused', reason: 'The API key lacks the scope calls:read.' },
      ]),
    );
  });

  test('makes no keys and sees no settings', async () => {
    const acme = await aCompany();
    const { key, id } = await aKey(await acme.as('owner'));
    const headers = { 'x-api-key': key };
    const statuses = await Promise.all([
      request(createApiKey, { name: 'Child' }, headers),
      request(listApiKeys, {}, headers),
      request(deleteApiKey, { id }, headers),
      request(getSettings, {}, headers),
      request(updateSettings, { voice: { speed: 2 } }, headers),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  });
});

describe('DELETE /api/settings/api-keys/:id', () => {
  test('revokes at once, once; the key stays in the list', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const { id, key } = await aKey(agent);
    expect(await statusWith(key)).toBe(200);
    const answers = await Promise.all(Array.from({ length: 5 }, () => agent.request(deleteApiKey, { id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404]);
    expect(await statusWith(key)).toBe(401);
    const [listed] = (await agent.request(listApiKeys)).body.data;
    expect(listed).toMatchObject({ id, status: 'revoked', revokedAt: expect.any(String) });
    await eventually(async () =>
      expect((await keyAuditOf(id)).map(({ action }) => action)).toEqual(['created', 'revoked', 'refused']),
    );
    expect((await auditOf(acme)).actions).toEqual(['key.created', 'key.revoked']);
  });

  test('is 404 for the key of a colleague, of another company and of an app; an admin may end a colleague’s', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const [agent, manager, admin] = [
      await acme.as('agent'),
      await acme.as('manager'),
      await acme.as('admin'),
    ];
    const theirs = await aKey(agent);
    const foreign = await aKey(await other.as('agent'));
    await acme.app();
    const [appKey] =
      await adminSql()`select id from api_keys where company_id = ${acme.id} and app_id is not null`;
    for (const [person, id] of [
      [manager, theirs.id],
      [admin, foreign.id],
      [admin, appKey?.id],
      [admin, randomUUID()],
    ] as const) {
      const { status, body } = await person.request(deleteApiKey, { id });
      expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect(await statusWith(theirs.key)).toBe(200);
    expect(await statusWith(foreign.key)).toBe(200);
    expect((await admin.request(deleteApiKey, { id: theirs.id })).status).toBe(200);
    expect(await statusWith(theirs.key)).toBe(401);
    expect(await keyAuditOf(theirs.id)).toContainEqual({ action: 'revoked', reason: 'by an admin' });
  });

  test('lets a platform admin end those of colleagues, whatever their role there, and of no other company', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const viewer = await acme.as('viewer');
    await adminSql()`update users set is_platform_admin = true where id = ${viewer.id}`;
    const [theirs, foreign] = [await aKey(await acme.as('agent')), await aKey(await other.as('agent'))];
    expect((await viewer.request(deleteApiKey, { id: theirs.id })).status).toBe(200);
    expect((await viewer.request(deleteApiKey, { id: foreign.id })).status).toBe(404);
    expect(await statusWith(foreign.key)).toBe(200);
  });

  test('lets whoever was demoted to a viewer end their own', async () => {
    const agent = await (await aCompany()).as('agent');
    const { id } = await aKey(agent);
    await adminSql()`update memberships set role = 'viewer' where user_id = ${agent.id}`;
    expect((await agent.request(deleteApiKey, { id })).status).toBe(200);
  });
});

describe('GET /api/settings/api-keys', () => {
  test('lists one’s own; with all=true an admin sees everybody’s, of this company', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const [agent, admin] = [await acme.as('agent'), await acme.as('admin')];
    const [first, second] = [await aKey(agent), await aKey(admin)];
    await aKey(await other.as('admin'));
    await acme.app();
    const idsOf = async (person: TestPerson, input = {}) =>
      (await person.request(listApiKeys, input)).body.data.map(({ id }: { id: string }) => id);
    expect(await idsOf(agent)).toEqual([first.id]);
    expect(await idsOf(admin)).toEqual([second.id]);
    expect(await idsOf(admin, { all: 'true' })).toEqual([second.id, first.id]);
    const page = await admin.request(listApiKeys, { all: 'true', limit: 1 });
    expect(page.body.pagination).toMatchObject({ total: 2, hasMore: true });
    const cursor = page.body.pagination.nextCursor;
    expect(await idsOf(admin, { all: 'true', limit: 1, cursor })).toEqual([first.id]);
    expect((await admin.request(listApiKeys, { limit: 1, cursor })).body.code).toBe('INVALID_CURSOR');
    for (const role of ['viewer', 'agent', 'manager'] as const) {
      const { status, body } = await (await acme.as(role)).request(listApiKeys, { all: 'true' });
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    }
  });
});
