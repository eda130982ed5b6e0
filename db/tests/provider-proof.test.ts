import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { sql as statement } from 'drizzle-orm/sql';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { aCompany } from '#core/testing/company.ts';

const folder = new URL('../migrations/', import.meta.url);
const proofs = '0027_provider_proof.sql';

describe('a database from before proof was asked for', () => {
  const name = `proof_${randomUUID().replaceAll('-', '')}`;
  const address = (database: string) => inject('postgres').admin.replace('NAME', database);
  let admin: Sql;
  let old: Sql;

  beforeAll(async () => {
    admin = postgres(address('postgres'), { max: 1, onnotice: () => {} });
    await admin.unsafe(`create database ${name}`);
    old = postgres(address(name), { max: 1, onnotice: () => {} });
    await old.unsafe(`create schema trunkline_migrations;
      create table trunkline_migrations.applied (name text primary key, sha256 text not null, at timestamptz not null default now())`);
    const before = (await readdir(folder)).filter((file) => file.endsWith('.sql') && file < proofs).sort();
    for (const file of before) await old.unsafe(await readFile(new URL(file, folder), 'utf8'));
  });
  afterAll(async () => {
    await old.end();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  });

  test('keeps what operators linked, doubts what admins wrote, and moves Retell keys to the settings', async () => {
    const [company, app] = [randomUUID(), randomUUID()];
    await old`insert into companies (id, name) values (${company}, 'Old')`;
    await old`insert into apps (id, company_id, name) values (${app}, ${company}, 'App')`;
    const rows = [
      { kind: 'agent', provider: 'retell', external_id: 'of-the-app', app_id: app, secret: null },
      { kind: 'agent', provider: 'retell', external_id: 'of-an-admin', app_id: null, secret: null },
      { kind: 'company', provider: 'incoming', external_id: company, app_id: null, secret: 'incoming' },
      { kind: 'company', provider: 'retell', external_id: company, app_id: null, secret: 'sealed key' },
    ];
    await old`insert into provider_links ${old(rows.map((row) => ({ ...row, company_id: company })))}`;
    await old.unsafe(await readFile(new URL(proofs, folder), 'utf8'));
    const links = await old`select external_id, proof, proved_at is not null as has_time from provider_links
      order by external_id = ${company}, external_id`;
    expect([...links]).toEqual([
      { external_id: 'of-an-admin', proof: null, has_time: false },
      { external_id: 'of-the-app', proof: 'operator', has_time: true },
      { external_id: company, proof: 'operator', has_time: true },
    ]);
    const secrets = await old`select integration, name, secret from company_integration_secrets`;
    expect([...secrets]).toEqual([{ integration: 'retell', name: 'apiKey', secret: 'sealed key' }]);
    const [served] = await old`select secret, kind from private.hook_secrets('retell')`;
    expect(served).toEqual({ secret: 'sealed key', kind: 'key' });
  });
});

describe('provider_links', () => {
  const ctx = makeContext({
    ...{
      requestId: 'test',
      caller: { kind: 'internal' },
      runAs: { as: 'service', role: 'jobs' },
      waitUntil: () => {},
    },
  });

  test('are written by no statement of the service, only by the functions for that', async () => {
    const { id } = await aCompany();
    const made = statement`insert into provider_links (company_id, provider, kind, external_id, proof, proved_at)
      values (${id}::uuid, 'retell', 'agent', ${`agent_${id}`}, 'operator', now())`;
    const stolen = statement`update provider_links set company_id = ${id}::uuid`;
    for (const write of [made, stolen]) {
      await expect(ctx.dbAs('jobs', 'try', (tx) => rowsOf(tx, write))).rejects.toMatchObject({
        code: '42501',
      });
    }
  });
});
