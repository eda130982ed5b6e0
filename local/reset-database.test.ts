import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { templateDatabase } from '#core/testing/global-setup.ts';
import { setSettings } from '#core/testing/settings.ts';
import { requireResettable, resetDatabase } from './reset-database.ts';
import { demo } from './seed.ts';

const database = `reset_${randomBytes(4).toString('hex')}`;
const address = inject('postgres').admin.replace('NAME', database);
const onServer = async (statement: string) => {
  const admin = postgres(inject('postgres').admin.replace('NAME', 'postgres'), { max: 1 });
  await admin.unsafe(statement);
  await admin.end();
};
beforeAll(() => onServer(`create database ${database} template ${templateDatabase}`));
afterAll(() => onServer(`drop database if exists ${database} with (force)`));

describe('npm run db:reset', () => {
  test('leaves a migrated database with the demo data and nothing else, also while it is in use', async () => {
    const user = postgres(address, { max: 1, onnotice: () => {} });
    onTestFinished(() => user.end());
    await user`insert into companies (name) values ('Before')`;
    await user`create table left_behind (n int)`;
    expect(await resetDatabase(address)).toBeGreaterThan(40);
    const sql = postgres(address, { max: 1, onnotice: () => {} });
    onTestFinished(() => sql.end());
    expect(await sql`select id from companies`).toEqual([{ id: demo.companyId }]);
    expect(await sql`select to_regclass('public.left_behind') as gone`).toEqual([{ gone: null }]);
    expect(await resetDatabase(address)).toBeGreaterThan(40);
  });

  test.each([
    ['another machine', 'postgres://postgres:x@db.example.com/trunkline', 'db.example.com is another one'],
    ['a private address', 'postgres://postgres:x@10.0.0.5:5432/trunkline', '10.0.0.5 is another one'],
    ['the server’s own database', 'postgres://postgres:x@127.0.0.1/postgres', 'of the server itself'],
    ['no name', 'postgres://postgres:x@127.0.0.1', 'of the server itself'],
  ])('refuses %s', async (_, url, sentence) => {
    expect(() => requireResettable(url)).toThrow(sentence);
    await expect(resetDatabase(url)).rejects.toThrow(sentence);
  });

  test('refuses production', () => {
    const secret = Buffer.alloc(32, 'a').toString('base64');
    const names = ['JWT_SECRET', 'API_KEY_SECRET', 'INTERNAL_API_SECRET', 'ENCRYPTION_KEY', 'METRICS_TOKEN'];
    const before = process.env.NODE_ENV;
    onTestFinished(() =>
      setSettings({ NODE_ENV: before, ...Object.fromEntries(names.map((name) => [name, undefined])) }),
    );
    setSettings({ NODE_ENV: 'production', ...Object.fromEntries(names.map((name) => [name, secret])) });
    expect(() => requireResettable(address)).toThrow('never in production');
  });
});
