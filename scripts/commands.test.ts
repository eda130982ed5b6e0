import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { requireSeedable } from '../local/seed.ts';
import { keepStackFacts, nothingRuns, readStackFacts, runningStack } from '../local/stack/running-stack.ts';
import { connectDatabase, sentenceOf } from './database.ts';
import { progressOn } from './progress.ts';
import { missingFor } from './verify-audit.ts';

describe('a database that refuses a command', () => {
  const role = `command_${randomBytes(4).toString('hex')}`;
  const closed = `${role}_closed`;
  const open = `${role}_open`;
  let admin: Sql;
  const as = (password: string, database: string) => {
    const url = new URL(inject('postgres').admin.replace('NAME', database));
    [url.username, url.password] = [role, password];
    return url.href;
  };
  beforeAll(async () => {
    admin = postgres(inject('postgres').admin.replace('NAME', 'postgres'), { max: 1 });
    await admin.unsafe(`create role ${role} login password 'sesame'`);
    for (const name of [closed, open]) await admin.unsafe(`create database ${name}`);
    await admin.unsafe(`revoke connect on database ${closed} from public`);
  });
  afterAll(async () => {
    for (const name of [closed, open]) await admin.unsafe(`drop database ${name} with (force)`);
    await admin.unsafe(`drop role ${role}`);
    await admin.end();
  });

  test.each([
    ['a wrong password', 'wrong', open, `refused the password of the role ${role}`],
    ['a database that is not there', 'sesame', 'none', 'has no database none: create it'],
    [
      'a role that may not connect',
      'sesame',
      closed,
      `does not let the role ${role} connect to the database`,
    ],
  ])('is told apart: %s', async (_, password, database, sentence) => {
    const connecting = connectDatabase(as(password, database), { tries: 3, pauseMs: 1 });
    await expect(connecting).rejects.toThrow(sentence);
    const said = await connecting.catch(String);
    expect(said).toContain('DATABASE_URL');
    expect(said).not.toMatch(/sesame|wrong|could not be reached/);
  });

  test.each([
    ['create schema private', /^The role that connected may not do this .*MIGRATION_DATABASE_URL/],
    ['select * from public.companies', /^The database lacks what this needs .*npm run migrate/],
    ['select private.uuid_v7()', /^The database lacks what this needs .*npm run migrate/],
    ['select 1/0', /^division by zero$/],
  ])('says what to do where it refuses: %s', async (statement, sentence) => {
    const sql = await connectDatabase(as('sesame', open));
    onTestFinished(() => sql.end());
    const error = await sql.unsafe(statement).catch((refused: unknown) => refused);
    expect(sentenceOf(new Error('wrapped', { cause: error }))).toMatch(
      statement === 'select 1/0' ? /^wrapped$/ : sentence,
    );
    expect(sentenceOf(error)).toMatch(sentence);
  });
});

describe('what a command says', () => {
  test('progress is one line in a terminal, and a line for each step elsewhere', () => {
    const written = (isTTY: boolean) => {
      let text = '';
      const progress = progressOn({ isTTY, write: (more) => (text += more) });
      progress.show('01:00', '1 call');
      progress.show('01:00', '2 calls');
      progress.show('02:00', '3 calls');
      progress.end();
      return text;
    };
    expect(written(true)).toBe('\r01:00  1 call   \r01:00  2 calls   \r02:00  3 calls   \n');
    expect(written(false)).toBe('01:00  1 call\n02:00  3 calls\n');
  });

  test('verify-audit names all that is missing at once, and takes either address of the database', () => {
    expect(missingFor({})).toEqual([
      expect.stringContaining('MIGRATION_DATABASE_URL, or DATABASE_URL'),
      expect.stringContaining('S3_AUDIT_BUCKET, or S3_BUCKET'),
      expect.stringContaining('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or AWS_ACCESS_KEY_ID'),
    ]);
    const objects = { S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' };
    expect(missingFor({ DATABASE_URL: 'postgres://h/d', ...objects })).toEqual([]);
    expect(missingFor({ MIGRATION_DATABASE_URL: 'postgres://h/d', ...objects })).toEqual([]);
    expect(missingFor({ ...objects, S3_SECRET_ACCESS_KEY: '' })).toHaveLength(2);
    expect(missingFor({ DATABASE_URL: 'postgres://h/d', S3_BUCKET: 'b', AWS_PROFILE: 'p' })).toEqual([]);
  });

  test.each([
    ['postgres://u:p@127.0.0.1:5432/d', false, true],
    ['postgres://u:p@localhost/d', false, true],
    ['postgres://u:p@[::1]/d', false, true],
    ['postgres://u:p@db.example.com/d', false, false],
    ['postgres://u:p@10.0.0.5/d', false, false],
    ['postgres://u:p@127.0.0.1.example.com/d', false, false],
    ['postgres://u:p@db.example.com/d', true, true],
  ])('the demo key goes to %s, where development is said: %s: %s', (url, isSaid, isWritten) => {
    const asking = () => requireSeedable(url, isSaid);
    if (isWritten) expect(asking).not.toThrow();
    else expect(asking).toThrow(/^Nothing was written: .*--yes/);
  });

  test('a stack that is not there is told with what to do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-facts-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(await runningStack(folder)).toBeUndefined();
    expect(await nothingRuns('npm run simulate', folder)).toMatch(
      /none has run on the data folder .*trunkline-facts-.*`npm start`.*DATA_DIR=<folder> npm run simulate\.$/,
    );
    const facts = { url: 'http://127.0.0.1:9', apiKey: 'k', retell: 'r', dialpad: 'd' };
    await keepStackFacts(folder, facts);
    expect((await stat(join(folder, 'stack.json'))).mode & 0o077).toBe(0);
    expect(await readStackFacts(folder)).toEqual(facts);
    expect(await runningStack(folder)).toBeUndefined();
    expect(await nothingRuns('npm run simulate', folder)).toContain('does not answer at http://127.0.0.1:9');
    await writeFile(join(folder, 'stack.json'), '{');
    expect(await readStackFacts(folder)).toBeUndefined();
  });
});
