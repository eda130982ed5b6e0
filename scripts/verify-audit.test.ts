import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { bucketClient } from '#core/clients/buckets.ts';
import { forgetObjects } from '#core/clients/objects.ts';
import { type Context, makeContext } from '#core/context.ts';
import { auditObjects } from '#core/security/audit-objects.ts';
import { templateDatabase } from '#core/testing/global-setup.ts';
import { setSettings } from '#core/testing/settings.ts';
import { run } from '../functions/identity/audit/anchor-audit-logs.schedule.ts';
import { anchorDay } from '../functions/identity/audit/shared/anchors.ts';
import { type ObjectStore, startObjectStore } from '../local/stack/object-store.ts';
import { reportOf, verifyAudit } from './verify-audit.ts';

// A database and a bucket of their own: anchors are of every company.
const database = `trunkline_audit_${randomBytes(4).toString('hex')}`;
const address = inject('postgres').admin.replace('NAME', database);
const apiBefore = process.env.DATABASE_URL;
let sql: Sql;
let folder: string;
let store: ObjectStore;

const onServer = async (statement: string): Promise<void> => {
  const admin = postgres(inject('postgres').admin.replace('NAME', 'postgres'), { max: 1 });
  await admin.unsafe(statement);
  await admin.end();
};

beforeAll(async () => {
  await onServer(`create database ${database} template ${templateDatabase}`);
  sql = postgres(address, { max: 2, onnotice: () => {} });
  setSettings({ DATABASE_URL: inject('postgres').api.replace('NAME', database) });
});
afterAll(async () => {
  await sql.end();
  setSettings({ DATABASE_URL: apiBefore });
  await onServer(`drop database ${database} with (force)`);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-anchors-'));
  store = await startObjectStore({ folder });
  setSettings({
    S3_ENDPOINT: store.url,
    S3_BUCKET: store.bucket,
    S3_ACCESS_KEY_ID: store.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.secretAccessKey,
  });
  forgetObjects();
});
afterEach(async () => {
  await sql`delete from companies`;
  await store.stop();
  await rm(folder, { recursive: true, force: true });
  setSettings({
    S3_ENDPOINT: undefined,
    S3_BUCKET: undefined,
    S3_AUDIT_BUCKET: undefined,
    S3_ACCESS_KEY_ID: undefined,
    S3_SECRET_ACCESS_KEY: undefined,
  });
  forgetObjects();
});

const day = (number: number) => `2026-11-0${number}`;
const contextAt = (now: Date): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    now: () => now,
    waitUntil: () => {},
  });
const anchorOn = (number: number, hour = '03', headsInPart?: number) =>
  anchorDay(contextAt(new Date(`${day(number)}T${hour}:07:00Z`)), auditObjects(), headsInPart);
const verifyOn = (number: number) =>
  verifyAudit(address, auditObjects(), new Date(`${day(number)}T12:00:00Z`));

async function aCompanyWith(entries: number): Promise<string> {
  const [company] = await sql<{ id: string }[]>`insert into companies (name) values ('Acme') returning id`;
  const id = company?.id ?? '';
  await write(id, entries);
  return id;
}
const write = (companyId: string, entries: number) =>
  sql`select private.write_audit(${companyId}::uuid, 'thing.changed', 'system', null, null, null, null, null, 'thing', n::text,
    null, '{"ratio": 0.1, "tiny": 1e-9, "text": "ä\\\\ 🐈"}') from generate_series(1, ${entries}::int) n`;

/** As the superuser could: the whole chain from this entry on, with every digest and the head computed anew. */
async function rewriteFrom(companyId: string, number: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`update audit_logs set action = 'nothing.happened' where company_id = ${companyId} and number = ${number}`;
    const [last] =
      await tx`select max(number)::int as number from audit_logs where company_id = ${companyId}`;
    for (let place = 1; place <= last?.number; place++) {
      await tx`update audit_logs a set prev_digest = coalesce((select b.digest from audit_logs b
          where b.company_id = a.company_id and b.number = a.number - 1), '')
        where company_id = ${companyId} and number = ${place}`;
      await tx`update audit_logs a set digest = private.audit_digest(a) where company_id = ${companyId} and number = ${place}`;
    }
    await tx`update audit_heads h set number = a.number, digest = a.digest from audit_logs a
      where h.company_id = ${companyId} and a.company_id = h.company_id and a.number = ${last?.number}`;
  });
}

/** What the database itself says of the chain, to an admin. */
const isIntactForDatabase = async (companyId: string): Promise<boolean> =>
  (await sql.begin(async (tx) => {
    const claims = {
      sub: randomUUID(),
      role: 'authenticated',
      app_metadata: { company_id: companyId, role: 'admin' },
    };
    await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true), set_config('role', 'trunkline_member', true)`;
    const [found] = await tx`select broken_at from private.check_audit_chain(${companyId}::uuid)`;
    return found?.broken_at === null;
  })) as boolean;

const bucket = () => bucketClient(store.bucket);
const keysUnder = (prefix: string) => auditObjects().keys(prefix);
const textOf = async (key: string) => Buffer.from((await auditObjects().get(key)) ?? []).toString();

describe('the schedule', () => {
  test('writes one object for a day, and never another in its place', async () => {
    const acme = await aCompanyWith(2);
    const first = await anchorOn(1);
    expect(first).toMatchObject({ day: day(1), heads: 1 });
    const text = await textOf(`audit-anchors/days/${day(1)}.json`);
    await write(acme, 1);
    expect(await anchorOn(1, '04')).toBeUndefined();
    expect(await textOf(`audit-anchors/days/${day(1)}.json`)).toBe(text);
    expect(await anchorOn(2)).toMatchObject({ day: day(2) });
    expect(JSON.parse(await textOf(`audit-anchors/days/${day(2)}.json`))).toMatchObject({
      previous: { day: day(1), sha256: first?.sha256 },
    });
  });

  test('ten at once write one', async () => {
    await aCompanyWith(1);
    const made = await Promise.all(Array.from({ length: 10 }, () => anchorOn(1)));
    expect(made.filter((one) => one !== undefined)).toHaveLength(1);
    expect(await keysUnder('audit-anchors/days/')).toHaveLength(1);
    expect((await verifyOn(1)).findings).toEqual([]);
  });

  test('takes the bucket that is for it alone, where there is one', async () => {
    await aCompanyWith(1);
    setSettings({ S3_AUDIT_BUCKET: 'another-bucket' });
    await expect(anchorOn(1)).rejects.toMatchObject({ code: 'NoSuchBucket' });
    setSettings({ S3_AUDIT_BUCKET: store.bucket, S3_BUCKET: 'another-bucket' });
    expect(await anchorOn(1)).toMatchObject({ heads: 1 });
  });

  test('runs by the clock, and leaves all as it is where there is no object store', async () => {
    await aCompanyWith(1);
    await run();
    const today = new Date().toISOString().slice(0, 10);
    expect((await keysUnder('audit-anchors/days/')).length).toBe(1);
    const result = await verifyAudit(address);
    expect(result.findings).toEqual([]);
    expect(result.newest?.day.slice(0, 7)).toBe(today.slice(0, 7));
    setSettings({ S3_BUCKET: undefined });
    await run();
  });
});

describe('the comparison', () => {
  test('finds nothing where entries were only added, and says what it looked at', async () => {
    const [acme] = [await aCompanyWith(5), await aCompanyWith(1)];
    await anchorOn(1);
    await write(acme, 3);
    await anchorOn(2);
    await write(acme, 1);
    const late = await aCompanyWith(2);
    expect(late).not.toBe(acme);
    const result = await verifyOn(2);
    expect(result).toMatchObject({ days: 2, companies: 3, entries: 12, findings: [] });
    expect(reportOf(result).at(-1)).toBe('Nothing differs.');
  });

  test.each([1, 3, 5])('finds a chain that was rewritten as a whole from entry %d on', async (number) => {
    const [acme, other] = [await aCompanyWith(5), await aCompanyWith(5)];
    await anchorOn(1);
    await write(acme, 2);
    await rewriteFrom(acme, number);
    expect(await isIntactForDatabase(acme)).toBe(true); // this is why digests leave the database
    const { findings } = await verifyOn(1);
    expect(findings).toEqual([
      `Company ${acme}: entry 5 has another digest than was anchored on ${day(1)}: it or one before was rewritten.`,
    ]);
    expect(findings.join()).not.toContain(other);
  });

  test('finds it also where the function that computes digests was changed', async () => {
    const acme = await aCompanyWith(3);
    await anchorOn(1);
    const [before] =
      await sql`select pg_get_functiondef('private.audit_digest(public.audit_logs)'::regprocedure) as text`;
    try {
      await sql`update audit_logs set action = 'nothing.happened' where company_id = ${acme} and number = 2`;
      await sql`create or replace function private.audit_digest(e public.audit_logs) returns bytea
        language sql stable set search_path = pg_catalog, pg_temp as 'select e.digest'`;
      expect(await isIntactForDatabase(acme)).toBe(true);
      expect((await verifyOn(1)).findings).toEqual([`Company ${acme}: entry 2 was altered.`]);
    } finally {
      await sql.unsafe(before?.text);
    }
  });

  test('finds an end that was cut off, also one that grew again since', async () => {
    const acme = await aCompanyWith(5);
    await anchorOn(1);
    await sql`delete from audit_logs where company_id = ${acme} and number > 3`;
    await sql`update audit_heads h set number = 3, digest = (select digest from audit_logs where company_id = ${acme} and number = 3)
      where company_id = ${acme}`;
    expect(await isIntactForDatabase(acme)).toBe(true);
    expect((await verifyOn(1)).findings).toEqual([
      `Company ${acme}: entries up to 5 were anchored on ${day(1)}, 3 are there.`,
    ]);
    await write(acme, 4);
    expect((await verifyOn(1)).findings).toEqual([expect.stringContaining('entry 5 has another digest')]);
    await anchorOn(2); // an anchor of what was forged does not hide what was anchored before
    expect((await verifyOn(2)).findings).toEqual([expect.stringContaining('entry 5 has another digest')]);
  });

  test('finds a log that is gone as a whole, and a company that vanished', async () => {
    const [acme, other] = [await aCompanyWith(2), await aCompanyWith(2)];
    await anchorOn(1);
    await sql`delete from audit_logs where company_id = ${acme}`;
    await sql`delete from audit_heads where company_id = ${acme}`;
    await sql`delete from companies where id = ${other}`;
    expect((await verifyOn(1)).findings.sort()).toEqual(
      [
        `Company ${acme}: entries up to 2 were anchored on ${day(1)}, none are there.`,
        `Company ${other} is gone, and was not marked as deleted when it was anchored last (${day(1)}).`,
      ].sort(),
    );
  });

  test('finds a view in place of the table, and a trigger or rule that no migration made', async () => {
    await aCompanyWith(2);
    await anchorOn(1);
    expect((await verifyOn(1)).findings).toEqual([]);
    await sql`alter table audit_logs rename to audit_logs_behind`;
    await sql`create view audit_logs as select * from audit_logs_behind`;
    try {
      expect((await verifyOn(1)).findings).toEqual(['public.audit_logs is no plain table.']);
    } finally {
      await sql`drop view audit_logs`;
      await sql`alter table audit_logs_behind rename to audit_logs`;
    }
    await sql`create rule quiet as on update to audit_heads do instead nothing`;
    await sql`create trigger touch before insert on audit_logs for each row execute function private.touch_updated_at()`;
    try {
      expect((await verifyOn(1)).findings).toEqual([
        'public.audit_heads has a rule, or takes part in inheritance.',
        'There is a trigger that no migration made: audit_logs.touch.',
      ]);
    } finally {
      await sql`drop rule quiet on audit_heads`;
      await sql`drop trigger touch on audit_logs`;
    }
    expect((await verifyOn(1)).findings).toEqual([]);
  });

  test('lets a company go that was deleted first and erased after', async () => {
    const acme = await aCompanyWith(2);
    await anchorOn(1);
    await sql`update companies set deleted_at = now() where id = ${acme}`;
    await anchorOn(2);
    await sql`delete from companies where id = ${acme}`;
    expect((await verifyOn(2)).findings).toEqual([]);
  });

  test('finds a head that does not name the last entry', async () => {
    const acme = await aCompanyWith(2);
    await anchorOn(1);
    await sql`update audit_heads set number = 7 where company_id = ${acme}`;
    expect((await verifyOn(1)).findings).toEqual([
      `Company ${acme}: its last entry is not the one that its head names.`,
    ]);
  });

  describe('of three days', () => {
    beforeEach(async () => {
      const acme = await aCompanyWith(1);
      for (const number of [1, 2, 3]) {
        await anchorOn(number);
        await write(acme, 1);
      }
      expect((await verifyOn(3)).findings).toEqual([]);
    });

    test.each([1, 2])('finds that the object of day %d is missing', async (number) => {
      await bucket().deleteObject(`audit-anchors/days/${day(number)}.json`);
      expect((await verifyOn(3)).findings).toEqual([
        `The anchor of ${day(number + 1)} follows one of ${day(number)} that is missing.`,
      ]);
    });

    test('finds that the newest is missing, once it is two days', async () => {
      await bucket().deleteObject(`audit-anchors/days/${day(3)}.json`);
      expect((await verifyOn(4)).findings).toEqual([
        `The newest anchor is of ${day(2)}: later ones were removed, or never written.`,
      ]);
    });

    test('finds that all are missing', async () => {
      for (const number of [1, 2, 3]) await bucket().deleteObject(`audit-anchors/days/${day(number)}.json`);
      expect((await verifyOn(3)).findings).toEqual(['There is no anchor in the object store.']);
    });

    test('finds an object that was changed', async () => {
      const key = `audit-anchors/days/${day(2)}.json`;
      await bucket().putObject(key, (await textOf(key)).replace('T03', 'T04'), 'application/json');
      expect((await verifyOn(3)).findings).toEqual([
        `The anchor of ${day(3)} follows one of ${day(2)} that was changed since.`,
      ]);
      await bucket().putObject(key, 'nothing', 'application/json');
      expect((await verifyOn(3)).findings[0]).toContain(`The anchor of ${day(2)} cannot be read`);
    });

    test.each(['missing', 'changed'])('finds that a part is %s', async (fault) => {
      const [key = ''] = await keysUnder(`audit-anchors/heads/${day(2)}/`);
      if (fault === 'missing') await bucket().deleteObject(key);
      else await bucket().putObject(key, (await textOf(key)).replace('"number":2', '"number":1'), 'x/y');
      expect((await verifyOn(3)).findings).toEqual([
        expect.stringMatching(
          new RegExp(`^The anchor of ${day(2)} cannot be read: A part .* (is|was) ${fault}`),
        ),
      ]);
    });
  });

  test('holds 210 companies in bounded parts, and finds the one that was rewritten', async () => {
    await sql`insert into companies (name) select 'Company ' || n from generate_series(1, 210) n`;
    await sql`select private.write_audit(id, 'thing.changed', 'system', null, null, null, null, null, 'thing', null, null, null)
      from companies`;
    expect(await anchorOn(1, '03', 100)).toMatchObject({ heads: 210 });
    const { parts } = JSON.parse(await textOf(`audit-anchors/days/${day(1)}.json`));
    expect(parts.map(({ heads }: { heads: number }) => heads)).toEqual([100, 100, 10]);
    const [victim] = await sql`select id from companies order by id desc offset 50 limit 1`;
    await rewriteFrom(victim?.id, 1);
    const result = await verifyOn(1);
    expect(result).toMatchObject({ companies: 210, entries: 210 });
    expect(result.findings).toEqual([
      expect.stringContaining(`Company ${victim?.id}: entry 1 has another digest`),
    ]);
  });

  test('refuses to run as a role that row level security hides rows from', async () => {
    const asApi = inject('postgres').api.replace('NAME', database);
    await expect(verifyAudit(asApi)).rejects.toThrow('set MIGRATION_DATABASE_URL');
  });
});
