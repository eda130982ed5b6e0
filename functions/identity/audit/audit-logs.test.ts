import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { type AuditEntry, audit } from '#core/security/audit.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import * as listAuditLogs from './list-audit-logs.ts';
import * as verifyAuditLogs from './verify-audit-logs.ts';

/** Writes entries in the order given, one transaction each, or all in one. */
async function has(
  company: TestCompany,
  entries: Partial<AuditEntry>[],
  how: 'apart' | 'together' = 'apart',
): Promise<void> {
  const ctx = makeContext({
    requestId: 'request-1',
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    ip: '203.0.113.7',
    waitUntil: () => {},
  });
  const entry = (given: Partial<AuditEntry>): AuditEntry => ({
    companyId: company.id,
    action: 'thing.changed',
    resource: { type: 'thing', id: 'a' },
    ...given,
  });
  if (how === 'together') {
    await ctx.dbAs('jobs', 'a test prepares', async (tx) => {
      for (const one of entries) audit(tx, ctx, entry(one));
    });
    return;
  }
  for (const one of entries)
    await ctx.dbAs('jobs', 'a test prepares', async (tx) => audit(tx, ctx, entry(one)));
}

const numbersOf = (body: { data: { number: number }[] }) => body.data.map(({ number }) => number);
const many = (count: number): Partial<AuditEntry>[] => Array.from({ length: count }, () => ({}));

describe('GET /api/audit-logs', () => {
  test('shows what happened, newest first, with the chain of digests', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    await has(acme, [
      { action: 'member.invited', actor: { userId: admin.id } },
      {
        action: 'member.role_changed',
        resource: { type: 'member', id: 'b' },
        before: { role: 'agent', password: 'hunter2' },
        after: { role: 'admin' },
      },
    ]);
    const { status, body, text } = await admin.request(listAuditLogs);
    expect(status).toBe(200);
    const [second, first] = body.data;
    expect(second).toEqual({
      id: expect.any(String),
      number: 2,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      action: 'member.role_changed',
      actor: { type: 'internal', id: null, name: null },
      ip: '203.0.113.7',
      userAgent: null,
      requestId: 'request-1',
      resource: { type: 'member', id: 'b' },
      before: { role: 'agent', password: '[redacted]' },
      after: { role: 'admin' },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      previousDigest: first.digest,
    });
    expect(first).toMatchObject({
      number: 1,
      actor: { type: 'user', id: admin.id, name: 'admin' },
      before: null,
      after: null,
      previousDigest: '',
    });
    expect(text).not.toContain('hunter2');
  });

  test('keeps the order of entries that one transaction wrote within a millisecond', async () => {
    const acme = await aCompany();
    await has(acme, many(60), 'together');
    const { body } = await (await acme.as('admin')).request(listAuditLogs, { limit: 100 });
    expect(numbersOf(body)).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
  });

  test.each(['desc', 'asc'])(
    'is read to its end by cursor, %s, while entries are added',
    async (sortOrder) => {
      const acme = await aCompany();
      const admin = await acme.as('admin');
      await has(acme, many(25), 'together');
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await admin.request(listAuditLogs, {
          limit: 10,
          sortOrder,
          ...(cursor ? { cursor } : {}),
        });
        seen.push(...numbersOf(body));
        cursor = body.pagination.nextCursor ?? undefined;
        if (sortOrder === 'desc') await has(acme, [{}]);
      } while (cursor);
      const numbers = Array.from({ length: 25 }, (_, i) => i + 1);
      expect(seen).toEqual(sortOrder === 'desc' ? numbers.reverse() : numbers);
    },
  );

  test('takes offset and page, and refuses a cursor of another filter', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    await has(acme, many(5), 'together');
    expect(numbersOf((await admin.request(listAuditLogs, { limit: 2, offset: 1 })).body)).toEqual([4, 3]);
    const paged = await admin.request(listAuditLogs, { limit: 2, page: 3 });
    expect(numbersOf(paged.body)).toEqual([1]);
    expect(paged.body.pagination).toMatchObject({ total: 5, totalIsEstimate: false, hasMore: false });
    const { nextCursor } = (await admin.request(listAuditLogs, { limit: 2 })).body.pagination;
    const other = await admin.request(listAuditLogs, {
      limit: 2,
      action: 'thing.changed',
      cursor: nextCursor,
    });
    expect([other.status, other.body.code]).toEqual([400, 'INVALID_CURSOR']);
  });

  test('estimates the total past 10 000 entries, and says so', async () => {
    const acme = await aCompany();
    await adminSql()`insert into audit_logs (company_id, number, action, actor_type, resource_type, prev_digest, digest)
      select ${acme.id}, n, 'thing.changed', 'system', 'thing', '', '' from generate_series(1, 10001) n`;
    const { status, body } = await (await acme.as('admin')).request(listAuditLogs, { limit: 1 });
    expect([status, numbersOf(body)]).toEqual([200, [10_001]]);
    expect(body.pagination.totalIsEstimate).toBe(true);
    expect(body.pagination.total).toBeGreaterThan(10_000);
  });

  test('filters by action, actor, resource and time, together', async () => {
    const acme = await aCompany();
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    await has(acme, [
      { action: 'key.made', actor: { userId: agent.id }, resource: { type: 'key', id: 'k1' } },
      { action: 'key.revoked', actor: { userId: admin.id }, resource: { type: 'key', id: 'k1' } },
      { action: 'key.made', actor: { userId: admin.id }, resource: { type: 'key', id: 'k2' } },
      { action: 'key.made', actor: { userId: admin.id }, resource: { type: 'hook', id: 'k1' } },
    ]);
    const found = async (filter: object) =>
      numbersOf((await admin.request(listAuditLogs, { ...filter })).body);
    expect(await found({ action: 'key.made' })).toEqual([4, 3, 1]);
    expect(await found({ actorId: agent.id })).toEqual([1]);
    expect(await found({ resourceType: 'key', resourceId: 'k1' })).toEqual([2, 1]);
    expect(await found({ action: 'key.made', actorId: admin.id, resourceType: 'key' })).toEqual([3]);
    expect(await found({ actorId: randomUUID() })).toEqual([]);
    expect(await found({ action: "key.made' or true --" })).toEqual([]);
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect(await found({ from: soon })).toEqual([]);
    expect(await found({ to: soon })).toEqual([4, 3, 2, 1]);
    const { body } = await admin.request(listAuditLogs);
    expect(await found({ from: body.data[0].at })).toContain(4);
    expect(await found({ to: body.data[3].at })).toEqual([]);
  });

  test.each([
    { actorId: 'ada' },
    { from: 'yesterday' },
    { action: '' },
    { resourceId: 'x'.repeat(201) },
    { role: 'x' },
  ])('refuses the filter %j by its name', async (filter) => {
    const admin = await (await aCompany()).as('admin');
    const { status, body } = await admin.request(listAuditLogs, filter);
    expect([status, body.code, body.details[0].path]).toEqual([
      400,
      'VALIDATION_FAILED',
      Object.keys(filter)[0],
    ]);
  });

  test('is for admins and owners of this company', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    await has(acme, many(3));
    const stranger = await other.as('owner');
    expect((await stranger.request(listAuditLogs)).body.data).toEqual([]);
    expect((await (await acme.as('owner')).request(listAuditLogs)).body.data).toHaveLength(3);
    for (const role of ['manager', 'agent', 'viewer'] as const) {
      const person = await acme.as(role);
      expect((await person.request(listAuditLogs)).status).toBe(403);
      expect((await person.request(verifyAuditLogs)).status).toBe(403);
    }
    expect((await (await acme.key()).request(listAuditLogs)).status).toBe(401);
  });
});

describe('GET /api/audit-logs/verify', () => {
  test('finds a chain intact, also an empty one, and only the caller’s own', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    await has(acme, many(3));
    const ask = async (company: TestCompany) =>
      (await (await company.as('admin')).request(verifyAuditLogs)).body.data;
    expect(await ask(acme)).toEqual({ entries: 3, isIntact: true, brokenAt: null });
    expect(await ask(other)).toEqual({ entries: 0, isIntact: true, brokenAt: null });
  });
});
