import { randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from 'postgres';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { adminSql } from '#core/testing/admin-sql.ts';
import { type Context, makeContext } from '../context.ts';
import { endpoint } from '../endpoint.ts';
import { aCompany, type TestCompany } from '../testing/company.ts';
import { audit, withoutSecrets } from './audit.ts';

const sql = adminSql();

const aContext = (): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });

/** One transaction that writes so many entries. */
const writes = (
  companyId: string,
  count = 1,
  after: Record<string, unknown> = { ratio: 0.1, tiny: 1e-9 },
) => {
  const ctx = aContext();
  return ctx.dbAs('jobs', 'a test writes', async (tx) => {
    for (let i = 0; i < count; i++) {
      audit(tx, ctx, { companyId, action: 'thing.changed', resource: { type: 'thing' }, after });
    }
  });
};

async function withEntries(count: number): Promise<TestCompany> {
  const company = await aCompany();
  await writes(company.id, count);
  return company;
}

const claimsOf = (companyId: string, role = 'admin') =>
  JSON.stringify({
    sub: randomUUID(),
    role: 'trunkline_member',
    app_metadata: { company_id: companyId, role },
  });

/** In a transaction that is undone, with the database role and claims given. */
async function asRole<T>(
  role: 'trunkline_member' | 'service_role',
  claims: string,
  run: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  return (await sql.begin(async (tx) => {
    await tx`select set_config('request.jwt.claims', ${claims}, true), set_config('role', ${role}, true)`;
    return await run(tx);
  })) as T;
}

/** What a company's admin is told of its chain. */
async function chainOf(companyId: string, settings: Record<string, string> = {}) {
  return await asRole('trunkline_member', claimsOf(companyId), async (tx) => {
    for (const [name, value] of Object.entries(settings))
      await tx`select set_config(${name}, ${value}, true)`;
    const [found] = await tx`select * from private.check_audit_chain(${companyId}::uuid)`;
    return {
      entries: Number(found?.entries),
      brokenAt: found?.broken_at === null ? null : Number(found?.broken_at),
    };
  });
}

const numbersOf = async (companyId: string) =>
  (await sql`select number from audit_logs where company_id = ${companyId} order by number`).map(
    ({ number }) => Number(number),
  );
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe('the chain of a company', () => {
  test('has no gap after 200 entries that 40 transactions wrote at once', async () => {
    const acme = await aCompany();
    await Promise.all(Array.from({ length: 40 }, () => writes(acme.id, 5)));
    expect(await numbersOf(acme.id)).toEqual(upTo(200));
    expect(await chainOf(acme.id)).toEqual({ entries: 200, brokenAt: null });
  });

  test('has no gap where transactions were rolled back', async () => {
    const acme = await aCompany();
    class Refused extends Error {}
    const refused = () => {
      const ctx = aContext();
      return ctx.dbAs('jobs', 'a test refuses', async (tx) => {
        audit(tx, ctx, { companyId: acme.id, action: 'never.done', resource: { type: 'thing' } });
        throw new Refused();
      });
    };
    const ended = await Promise.allSettled(
      Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? refused() : writes(acme.id))),
    );
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(20);
    expect(await numbersOf(acme.id)).toEqual(upTo(40));
    expect(await chainOf(acme.id)).toEqual({ entries: 40, brokenAt: null });
  });

  test('is of one company: others write their own meanwhile', async () => {
    const companies = await Promise.all([aCompany(), aCompany(), aCompany()]);
    await Promise.all(companies.flatMap(({ id }) => Array.from({ length: 5 }, () => writes(id, 2))));
    for (const { id } of companies) {
      expect(await numbersOf(id)).toEqual(upTo(10));
      expect(await chainOf(id)).toEqual({ entries: 10, brokenAt: null });
    }
  });

  test.each([
    { TimeZone: 'Asia/Kathmandu' },
    { TimeZone: 'America/St_Johns', DateStyle: 'German, DMY' },
    { IntervalStyle: 'sql_standard' },
    { extra_float_digits: '-15' },
    { bytea_output: 'escape' },
    { standard_conforming_strings: 'off', DateStyle: 'SQL, MDY' },
  ])('is intact whatever the session that checks it has set: %j', async (settings) => {
    const acme = await aCompany();
    await writes(acme.id, 2, {
      ratio: 0.1 + 0.2,
      large: 1e300,
      at: '2026-03-29T02:30:00+02:00',
      text: 'ä"\\\n🐈',
    });
    await sql`update companies set timezone = 'Asia/Kathmandu' where id = ${acme.id}`;
    expect(await chainOf(acme.id, settings)).toEqual({ entries: 2, brokenAt: null });
  });

  test.each([
    { TimeZone: 'Pacific/Apia', DateStyle: 'Postgres, DMY' },
    { extra_float_digits: '-15', IntervalStyle: 'iso_8601', bytea_output: 'escape' },
  ])('is intact whatever the session that wrote it had set: %j', async (settings) => {
    const acme = await aCompany();
    await asRole('service_role', '{}', async (tx) => {
      for (const [name, value] of Object.entries(settings))
        await tx`select set_config(${name}, ${value}, true)`;
      for (let i = 0; i < 2; i++) {
        await tx`select private.write_audit(${acme.id}, 'thing.changed', 'system', null, null, null, null, null, 'thing',
          null, null, '{"ratio": 0.30000000000000004}')`;
      }
    });
    expect(await chainOf(acme.id)).toEqual({ entries: 2, brokenAt: null });
  });
});

/** Forges the digest of an entry, so that it agrees with all that the entry says. */
const resign = (tx: Sql, companyId: string, number: number) =>
  tx`update audit_logs a set digest = private.audit_digest(a) where company_id = ${companyId} and number = ${number}`;

/** An entry that somebody adds behind the log's back, as if it followed the last one. */
const forge = (companyId: string, number: number) =>
  sql`insert into audit_logs (company_id, number, action, actor_type, resource_type, prev_digest, digest)
    select ${companyId}, ${number}, 'forged', 'system', 'thing', digest, ''
      from audit_logs where company_id = ${companyId} order by number desc limit 1`;

test('a caller’s own entry is of the company that they act in, and of no other', async () => {
  const [acme, other] = [await aCompany(), await aCompany()];
  const owner = await acme.as('owner');
  const noting = endpoint({
    method: 'POST',
    path: '/api/test/note',
    summary: 'Write an entry',
    who: ['user'],
    input: z.object({ companyId: z.uuid() }),
    output: z.boolean(),
    handle: ({ ctx, input: { companyId } }) =>
      ctx.db(async (tx) => {
        audit(tx, ctx, { companyId, action: 'thing.changed', resource: { type: 'thing' } });
        return true;
      }),
  });
  expect((await owner.request(noting, { companyId: acme.id })).status).toBe(200);
  expect((await owner.request(noting, { companyId: other.id })).status).toBe(500);
  const rows =
    await sql`select company_id as id from audit_logs where company_id in (${acme.id}, ${other.id})`;
  expect(rows).toEqual([{ id: acme.id }]);
});

describe('who goes behind the log’s back, as superuser, is found with the number of the entry', () => {
  const columns = [
    ['action', 'x'],
    ['at', '2001-01-01T00:00:00Z'],
    ['actor_type', 'system'],
    ['actor_id', randomUUID()],
    ['actor_name', 'Eve'],
    ['ip', '192.0.2.1'],
    ['user_agent', 'x'],
    ['request_id', 'x'],
    ['resource_type', 'x'],
    ['resource_id', 'x'],
    ['before', '{}'],
    ['after', '{"ratio":0.2}'],
    ['id', randomUUID()],
    ['digest', '\\x00'],
  ] as const;
  test.each(columns)('altering %s', async (column, value) => {
    const acme = await withEntries(5);
    await sql`update audit_logs set ${sql(column)} = ${value} where company_id = ${acme.id} and number = 3`;
    expect(await chainOf(acme.id)).toEqual({ entries: 5, brokenAt: 3 });
  });

  test('altering one and signing it again: the next one does not follow it', async () => {
    const acme = await withEntries(5);
    await sql`update audit_logs set action = 'forged' where company_id = ${acme.id} and number = 3`;
    await resign(sql, acme.id, 3);
    expect(await chainOf(acme.id)).toEqual({ entries: 5, brokenAt: 4 });
  });

  test('altering the last one and signing it again', async () => {
    const acme = await withEntries(5);
    await sql`update audit_logs set action = 'forged' where company_id = ${acme.id} and number = 5`;
    await resign(sql, acme.id, 5);
    expect(await chainOf(acme.id)).toEqual({ entries: 5, brokenAt: 5 });
  });

  test.each([1, 3])('deleting number %d', async (number) => {
    const acme = await withEntries(5);
    await sql`delete from audit_logs where company_id = ${acme.id} and number = ${number}`;
    expect(await chainOf(acme.id)).toEqual({ entries: 4, brokenAt: number });
  });

  test('deleting one and closing the gap', async () => {
    const acme = await withEntries(5);
    await sql`delete from audit_logs where company_id = ${acme.id} and number = 3`;
    for (const number of [4, 5]) {
      await sql`update audit_logs set number = number - 1 where company_id = ${acme.id} and number = ${number}`;
    }
    expect(await chainOf(acme.id)).toEqual({ entries: 4, brokenAt: 3 });
  });

  test.each([
    [4, 5],
    [3, 4],
    [0, 1],
  ])('cutting off the end, so that %d are left', async (left, brokenAt) => {
    const acme = await withEntries(5);
    await sql`delete from audit_logs where company_id = ${acme.id} and number > ${left}`;
    expect(await chainOf(acme.id)).toEqual({ entries: left, brokenAt });
  });

  test('inserting one at the end, signed', async () => {
    const acme = await withEntries(5);
    await forge(acme.id, 6);
    await resign(sql, acme.id, 6);
    expect(await chainOf(acme.id)).toEqual({ entries: 6, brokenAt: 6 });
  });

  test('inserting one in the middle', async () => {
    const acme = await withEntries(5);
    for (const number of [5, 4, 3]) {
      await sql`update audit_logs set number = number + 1 where company_id = ${acme.id} and number = ${number}`;
    }
    await forge(acme.id, 3);
    await resign(sql, acme.id, 3);
    expect(await chainOf(acme.id)).toEqual({ entries: 6, brokenAt: 3 });
  });

  test('letting two change places', async () => {
    const acme = await withEntries(5);
    for (const [from, to] of [
      [2, 99],
      [3, 2],
      [99, 3],
    ] as const) {
      await sql`update audit_logs set number = ${to} where company_id = ${acme.id} and number = ${from}`;
    }
    expect(await chainOf(acme.id)).toEqual({ entries: 5, brokenAt: 2 });
  });

  test('giving one to another company', async () => {
    const [acme, other] = [await withEntries(5), await aCompany()];
    await sql`update audit_logs set company_id = ${other.id}, number = 1 where company_id = ${acme.id} and number = 5`;
    expect(await chainOf(acme.id)).toEqual({ entries: 4, brokenAt: 5 });
    expect(await chainOf(other.id)).toEqual({ entries: 1, brokenAt: 1 });
  });
});

describe('nobody but the log itself', () => {
  const sentences = [
    "update audit_logs set action = 'x'",
    "update audit_logs set after = '{}' where false",
    'delete from audit_logs',
    'truncate audit_logs',
    "insert into audit_logs (company_id, number, action, actor_type, resource_type, prev_digest, digest) select id, 1, 'x', 'system', 'x', '', '' from companies limit 1",
    'update audit_heads set number = 0',
    'delete from audit_heads',
  ];
  test.each(
    (['trunkline_member', 'service_role'] as const).flatMap((role) =>
      sentences.map((text) => [role, text] as const),
    ),
  )('as %s: %s', async (role, text) => {
    const acme = await withEntries(1);
    const attempt = asRole(role, claimsOf(acme.id), (tx) => tx.unsafe(text));
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
    expect(await chainOf(acme.id)).toEqual({ entries: 1, brokenAt: null });
  });

  test('writes an entry as a person', async () => {
    const acme = await aCompany();
    const attempt = asRole(
      'trunkline_member',
      claimsOf(acme.id),
      (tx) =>
        tx`select private.write_audit(${acme.id}, 'x', 'system', null, null, null, null, null, 'x', null, null, null)`,
    );
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
  });

  test('of another company reads or checks it', async () => {
    const [acme, other] = [await withEntries(2), await aCompany()];
    const seen = await asRole(
      'trunkline_member',
      claimsOf(other.id, 'owner'),
      (tx) => tx`select 1 from audit_logs`,
    );
    expect(seen).toHaveLength(0);
    const check = asRole(
      'trunkline_member',
      claimsOf(other.id, 'owner'),
      (tx) => tx`select * from private.check_audit_chain(${acme.id}::uuid)`,
    );
    await expect(check).rejects.toMatchObject({ code: 'TL403' });
  });

  test.each(['manager', 'agent', 'viewer', ''])('with the role "%s" reads or checks it', async (role) => {
    const acme = await withEntries(2);
    expect(
      await asRole('trunkline_member', claimsOf(acme.id, role), (tx) => tx`select 1 from audit_logs`),
    ).toHaveLength(0);
    const check = asRole(
      'trunkline_member',
      claimsOf(acme.id, role),
      (tx) => tx`select * from private.check_audit_chain(${acme.id}::uuid)`,
    );
    await expect(check).rejects.toMatchObject({ code: 'TL403' });
  });
});

describe('what an entry leaves out', () => {
  test.each([
    'password',
    'newPassword',
    'password_hash',
    'secret',
    'clientSecret',
    'webhook_secret',
    'token',
    'accessToken',
    'refresh_token',
    'Authorization',
    'apiKey',
    'api_key',
    'key',
    'code',
    'backupCodes',
    'backup_codes',
  ])('is %s, at any depth and of any shape', (name) => {
    const secret = 's3cr3t-value';
    const given = {
      [name]: secret,
      nested: { [name]: { inner: secret }, list: [{ [name]: [secret] }, [[{ deep: { [name]: secret } }]]] },
    };
    const kept = withoutSecrets(given);
    expect(JSON.stringify(kept)).not.toContain(secret);
    expect(kept).toMatchObject({ [name]: '[redacted]', nested: { [name]: '[redacted]' } });
  });

  test('is not whether a secret was set, nor anything else', () => {
    const given = {
      password: null,
      hasPassword: true,
      tokens: 3,
      role: 'admin',
      list: [1, 'two', null, { deep: false }],
      keyboard: 'qwerty',
      codec: 'opus',
    };
    expect(withoutSecrets(given)).toEqual(given);
    for (const plain of [null, 'text', 0, false, []]) expect(withoutSecrets(plain)).toEqual(plain);
  });

  test('is no time: one is kept as it is written', () => {
    const at = new Date('2026-03-01T10:00:00Z');
    expect(JSON.parse(JSON.stringify(withoutSecrets({ expiresAt: at })))).toEqual({
      expiresAt: '2026-03-01T10:00:00.000Z',
    });
  });

  test('is no code of six digits, though it be a number', () => {
    expect(JSON.stringify(withoutSecrets({ code: 123456 }))).not.toContain('123456');
  });

  test('was left out before it reached the database', async () => {
    const acme = await aCompany();
    await writes(acme.id, 1, { integration: { name: 'Slack', credentials: [{ accessToken: 'xoxb-123' }] } });
    const [row] = await sql`select after, a::text as all from audit_logs a where company_id = ${acme.id}`;
    expect(row?.after).toEqual({
      integration: { name: 'Slack', credentials: '[redacted]' },
    });
    expect(row?.all).not.toContain('xoxb-123');
  });
});
