import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import postgres, { type Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { forgetEnv } from '#core/env.ts';
import {
  currentKeyId,
  decryptSecret,
  type EncryptedColumn,
  encryptedColumns,
  encryptSecret,
  placeOf,
  type SecretPlace,
} from '#core/security/secrets.ts';
import { templateDatabase } from '#core/testing/global-setup.ts';
import { setSettings } from '#core/testing/settings.ts';
import { columnsOf } from '../db/tests/catalogue.ts';
import { revokeDefaults } from './revoke-defaults.ts';
import { reportOf, rotateEncryptionKey } from './rotate-encryption-key.ts';

// A database of its own: what is done here is done to every row.
const database = `trunkline_rotation_${randomBytes(4).toString('hex')}`;
const address = inject('postgres').admin.replace('NAME', database);
let sql: Sql;

const onServer = async (statement: string): Promise<void> => {
  const admin = postgres(inject('postgres').admin.replace('NAME', 'postgres'), { max: 1 });
  await admin.unsafe(statement);
  await admin.end();
};

beforeAll(async () => {
  await onServer(`create database ${database} template ${templateDatabase}`);
  sql = postgres(address, { max: 4, onnotice: () => {} });
  await revokeDefaults(sql);
});
afterAll(async () => {
  await sql.end();
  await onServer(`drop database ${database}`);
});

const before = {
  current: process.env.ENCRYPTION_KEY ?? '',
  previous: process.env.ENCRYPTION_KEY_PREVIOUS ?? '',
};
const aKey = () => randomBytes(32).toString('base64');
function useKeys(current: string, previous = ''): void {
  process.env.ENCRYPTION_KEY = current;
  process.env.ENCRYPTION_KEY_PREVIOUS = previous;
  forgetEnv();
}

const links: EncryptedColumn[] = ['provider_links.secret'];
let old: string;
let oldId: string;
let companyId: string;
beforeEach(async () => {
  old = aKey();
  useKeys(old);
  oldId = currentKeyId();
  const [company] = await sql<{ id: string }[]>`insert into companies (name) values ('Acme') returning id`;
  companyId = company?.id ?? '';
});
afterEach(async () => {
  useKeys(before.current, before.previous);
  await sql`delete from companies`;
});

const linkName = (index: number) => String(index).padStart(6, '0');
const linkPlace = (index: number) =>
  placeOf('provider_links.secret', {
    ...{ company_id: companyId, provider: 'retell', kind: 'agent', external_id: linkName(index) },
  });
const sealLink = (plain: string, index: number) => encryptSecret(plain, linkPlace(index));
const openLink = (stored: string | null | undefined, index: number) =>
  decryptSecret(stored ?? '', linkPlace(index));
/** The form before, which names no place. */
function sealedWithoutPlace(plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(
    'aes-256-gcm',
    Buffer.from(process.env.ENCRYPTION_KEY ?? '', 'base64'),
    nonce,
  );
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${currentKeyId()}.${sealed.toString('base64url')}`;
}

/** The form before v3: bound to the place as it was told then. */
function sealedInV2(plain: string, { inV2 }: SecretPlace): string {
  return encryptSecret(plain, { associatedData: inV2, inV2 }).replace(/^v3/, 'v2');
}

/** Provider links with these stored secrets, in the order of their `external_id`. */
async function store(secrets: (string | null)[]): Promise<void> {
  const rows = secrets.map((secret, index) => ({
    company_id: companyId,
    provider: 'retell',
    kind: 'agent',
    external_id: linkName(index),
    secret,
  }));
  await sql`insert into provider_links ${sql(rows)}`;
}
const stored = async (): Promise<(string | null)[]> =>
  (await sql<{ secret: string | null }[]>`select secret from provider_links order by external_id`).map(
    ({ secret }) => secret,
  );

describe('rotating the encryption key', () => {
  test('encrypts everything anew, once, and says that nothing is left', async () => {
    const plain = Array.from({ length: 450 }, (_, index) => `secret ${index}`); // more than two batches
    await store([...plain.map(sealLink), null, '']);
    const fresh = aKey();
    useKeys(fresh, old);
    const [first] = await rotateEncryptionKey(address, links);
    expect(first).toMatchObject({ rotated: 450, left: {} });
    expect(reportOf(first ? [first] : [])).toEqual({
      isDone: true,
      lines: [
        'provider_links.secret: 450 encrypted anew',
        'Nothing is left under another key than ENCRYPTION_KEY, and nothing in a form before v3: set ENCRYPTION_V2=refuse.',
      ],
    });

    useKeys(fresh); // the old key is gone
    const after = await stored();
    expect(after.slice(0, 450).map(openLink)).toEqual(plain);
    expect(after.slice(450)).toEqual([null, '']);

    const [second] = await rotateEncryptionKey(address, links);
    expect(second).toMatchObject({ rotated: 0, left: {} });
    expect(await stored()).toEqual(after);
  });

  test('goes over every column of the list, two of one table included', async () => {
    const [app] = await sql<{ id: string }[]>`
      insert into apps (company_id, name) values (${companyId}, 'Dialer') returning id`;
    const owner = { company_id: companyId, app_id: app?.id ?? '', provider: 'dialpad' };
    const access = placeOf('provider_connections.access_token', owner);
    const refresh = placeOf('provider_connections.refresh_token', owner);
    const hook = placeOf('provider_hooks.secret', { ...owner, external_id: 'hook' });
    const state = { state_hash: Buffer.alloc(32), company_id: companyId, app_id: owner.app_id };
    const verifier = placeOf('oauth_states.code_verifier', state);
    const answer = { scope: companyId, route: 'POST /api/calls', key: 'k', fingerprint: Buffer.alloc(32) };
    await sql`insert into idempotency_keys (scope, route, key, fingerprint, attempt, answer)
      values (${answer.scope}, ${answer.route}, ${answer.key}, ${Buffer.alloc(32)}, gen_random_uuid(),
        ${encryptSecret('answer', placeOf('idempotency_keys.answer', answer))})`;
    await sql`insert into provider_connections (company_id, app_id, provider, access_token, refresh_token)
      values (${companyId}, ${app?.id ?? ''}, 'dialpad', ${encryptSecret('access', access)}, ${encryptSecret('refresh', refresh)})`;
    await sql`insert into provider_hooks (company_id, app_id, provider, external_id, hook_url, secret)
      values (${companyId}, ${app?.id ?? ''}, 'dialpad', 'hook', 'https://api.example.com', ${encryptSecret('hook', hook)})`;
    await sql`insert into oauth_states (state_hash, company_id, app_id, provider, code_verifier, expires_at)
      values (${Buffer.alloc(32)}, ${companyId}, ${app?.id ?? ''}, 'dialpad', ${encryptSecret('verifier', verifier)}, now())`;
    const fresh = aKey();
    useKeys(fresh, old);
    const result = await rotateEncryptionKey(address);
    expect(result.map(({ column }) => column)).toEqual(Object.keys(encryptedColumns));
    expect(result.reduce((sum, { rotated }) => sum + rotated, 0)).toBe(5);
    useKeys(fresh);
    const [tokens] = await sql`select access_token, refresh_token from provider_connections`;
    expect([
      decryptSecret(tokens?.access_token, access),
      decryptSecret(tokens?.refresh_token, refresh),
    ]).toEqual(['access', 'refresh']);
    const [begun] = await sql`select code_verifier from oauth_states`;
    expect(decryptSecret(begun?.code_verifier, verifier)).toBe('verifier');
    const [kept] = await sql`delete from idempotency_keys returning answer`;
    expect(decryptSecret(kept?.answer, placeOf('idempotency_keys.answer', answer))).toBe('answer');
  });

  test('leaves what neither key opens as it is, and says which key is missing', async () => {
    const lost = sealLink('of a key that is lost', 0);
    useKeys(aKey());
    const known = sealLink('known', 1);
    const damaged = `${sealLink('damaged', 2).slice(0, -4)}AAAA`;
    await store([lost, known, damaged]);
    const [knownKey, knownId] = [process.env.ENCRYPTION_KEY ?? '', currentKeyId()];
    useKeys(aKey());
    const unaware = await rotateEncryptionKey(address, links);
    expect(unaware).toMatchObject([{ rotated: 0, left: { [oldId]: 1, [knownId]: 2 } }]);
    expect(reportOf(unaware).lines.at(-1)).toContain('Set ENCRYPTION_KEY_PREVIOUS');

    useKeys(process.env.ENCRYPTION_KEY ?? '', knownKey);
    const result = await rotateEncryptionKey(address, links);
    expect(result).toMatchObject([{ rotated: 1, left: { [oldId]: 1, [knownId]: 1 } }]);
    expect(reportOf(result).isDone).toBe(false);
    const [first, second, third] = await stored();
    expect([first, openLink(second, 1), third]).toEqual([lost, 'known', damaged]);
  });

  test('gives what was sealed without a place its place, under the same key too, and then all may be refused', async () => {
    await store(['one', 'two', 'three'].map(sealedWithoutPlace));
    expect(await rotateEncryptionKey(address, links)).toMatchObject([{ rotated: 3, left: {} }]);
    process.env.ENCRYPTION_V1 = 'refuse';
    forgetEnv();
    try {
      const after = await stored();
      expect(after.map(openLink)).toEqual(['one', 'two', 'three']);
      expect(() => openLink(after[0], 1)).toThrow('does not open');
    } finally {
      delete process.env.ENCRYPTION_V1;
      forgetEnv();
    }
    expect(await rotateEncryptionKey(address, links)).toMatchObject([{ rotated: 0, left: {} }]);
  });

  test('gives those of the form v2 the place of today, and then that form may be refused', async () => {
    const id = randomUUID();
    const place = placeOf('webhook_endpoints.headers', {
      ...{ id, company_id: companyId, url: 'https://example.com/a?b=c' },
    });
    await sql`insert into webhook_endpoints (id, company_id, url, host, events, secret, headers)
      values (${id}, ${companyId}, 'https://example.com/a?b=c', 'example.com', '{*}', '', ${sealedInV2('headers', place)})`;
    expect(await rotateEncryptionKey(address, ['webhook_endpoints.headers'])).toMatchObject([
      { rotated: 1, left: {} },
    ]);
    setSettings({ ENCRYPTION_V2: 'refuse' });
    try {
      const [row] = await sql`select headers from webhook_endpoints where id = ${id}`;
      expect(row?.headers).toMatch(/^v3\./);
      expect(decryptSecret(row?.headers, place)).toBe('headers');
      expect(() => decryptSecret(sealedInV2('headers', place), place)).toThrow('ENCRYPTION_V2 refuses');
      expect(() => decryptSecret(sealedWithoutPlace('x'), place)).toThrow('ENCRYPTION_V2 refuses');
    } finally {
      setSettings({ ENCRYPTION_V2: undefined });
    }
    expect(decryptSecret(sealedInV2('headers', place), place)).toBe('headers');
  });

  test('leaves a text that was copied to another row as it is: it opens nowhere there', async () => {
    const text = sealLink('of the first row', 0);
    await store([text, text]);
    const fresh = aKey();
    useKeys(fresh, old);
    expect(await rotateEncryptionKey(address, links)).toMatchObject([{ rotated: 1, left: { [oldId]: 1 } }]);
    const [first, second] = await stored();
    expect([openLink(first, 0), second]).toEqual(['of the first row', text]);
  });

  test('passes over a row that is in use, never undoing what its user writes, and takes it the next time', async () => {
    await store([sealLink('in use', 0), sealLink('free', 1)]);
    const fresh = aKey();
    useKeys(fresh, old);
    await sql.begin(async (tx) => {
      await tx`select 1 from provider_links where external_id = '000000' for update`;
      expect(await rotateEncryptionKey(address, links)).toMatchObject([{ rotated: 1, left: { [oldId]: 1 } }]);
      useKeys(old);
      await tx`update provider_links set secret = ${sealLink('written meanwhile', 0)} where external_id = '000000'`;
    });
    useKeys(fresh, old);
    expect(await rotateEncryptionKey(address, links)).toMatchObject([{ rotated: 1, left: {} }]);
    useKeys(fresh);
    expect((await stored()).map(openLink)).toEqual(['written meanwhile', 'free']);
  });

  test('two at once do the work once', async () => {
    await store(Array.from({ length: 900 }, (_, index) => sealLink(`secret ${index}`, index)));
    const fresh = aKey();
    useKeys(fresh, old);
    const both = await Promise.all([
      rotateEncryptionKey(address, links),
      rotateEncryptionKey(address, links),
    ]);
    expect(both.flat().reduce((sum, { rotated }) => sum + rotated, 0)).toBe(900);
    useKeys(fresh);
    expect((await stored()).map(openLink)).toEqual(
      Array.from({ length: 900 }, (_, index) => `secret ${index}`),
    );
  });

  test('refuses to run as a role that row level security hides rows from', async () => {
    const asApi = inject('postgres').api.replace('NAME', database);
    await expect(rotateEncryptionKey(asApi)).rejects.toThrow('set MIGRATION_DATABASE_URL');
  });
});

describe('the list of encrypted columns', () => {
  test('has only columns that exist', async () => {
    const known = (await columnsOf(sql)).map(({ table, name, type }) => `${table}.${name} ${type}`);
    for (const column of Object.keys(encryptedColumns)) expect(known).toContain(`${column} text`);
    const names = new Set(known.map((text) => text.split(' ')[0]));
    for (const [column, key] of Object.entries(encryptedColumns))
      for (const name of key) expect(names).toContain(`${column.split('.')[0]}.${name}`);
  });

  test('has every column that a migration calls encrypted', () => {
    const listed = new Set(Object.keys(encryptedColumns));
    const folder = new URL('../db/migrations/', import.meta.url);
    const called: string[] = [];
    for (const name of readdirSync(folder)) {
      let table = '';
      for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
        table = /^\s*(?:create|alter) table (?:if not exists )?(?:public\.)?(\w+)/i.exec(line)?.[1] ?? table;
        const column =
          /^.*?(?:add column (?:if not exists )?)?(\w+)\s+text\b.*--.*(?:\bencrypted\b|ENCRYPTION_KEY)/i.exec(
            line,
          )?.[1];
        if (column) called.push(`${table}.${column}`);
      }
    }
    expect(called.length).toBeGreaterThan(4);
    expect(called.filter((place) => !listed.has(place))).toEqual([]);
  });

  test('has every column in which the other tests have left a secret', async () => {
    const listed = new Set(Object.keys(encryptedColumns));
    const others = postgres(process.env.TEST_ADMIN_DATABASE_URL ?? '', { max: 1 });
    try {
      const texts = (await columnsOf(others)).filter(({ type }) => type === 'text' || type === 'jsonb');
      const unlisted: string[] = [];
      for (const { table, name } of texts) {
        if (listed.has(`${table}.${name}`)) continue;
        const [found] = await others.unsafe(
          `select 1 from public.${table} where ${name}::text ~ '^"?v[123]\\.[0-9a-f]{8}\\.[A-Za-z0-9_-]{38,}"?$' limit 1`,
        );
        if (found) unlisted.push(`${table}.${name}`);
      }
      expect(unlisted).toEqual([]);
    } finally {
      await others.end();
    }
  });
});
