import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import * as getCall from '#telephony/calls/get-call.ts';
import * as batchMapUsers from './batch-map-users.ts';
import * as deleteUserMapping from './delete-user-mapping.ts';
import * as getUserMapping from './get-user-mapping.ts';
import * as listUserMappings from './list-user-mappings.ts';
import * as mapUser from './map-user.ts';

const anApp = async () => {
  const acme = await aCompany();
  return { acme, ...(await acme.app()) };
};

describe('POST /internal/apps/:app_id/users/map', () => {
  test('shows the client’s own id of the person on the app’s calls, until the mapping is removed', async () => {
    const { acme, appId, request } = await anApp();
    const { id } = await acme.hasCall({ provider: 'dialpad', appId, providerAgentId: '5012345678000010' });
    const shown = async () => (await request(getCall, { id })).body.data.externalUserId;
    expect(await shown()).toBeNull();
    const mapped = await internal(mapUser, {
      app_id: appId,
      dialpad_user_id: 5_012_345_678_000_010,
      user_id: 'u-7',
    });
    expect(mapped.body.data).toMatchObject({ dialpad_user_id: '5012345678000010', created: true });
    expect(await shown()).toBe('u-7');
    const removed = await internal(deleteUserMapping, { app_id: appId, id: mapped.body.data.id });
    expect(removed.body.data.user_id).toBe('u-7');
    expect(await shown()).toBeNull();
  });

  test('maps a user anew, keeping the id of the mapping and what is not given', async () => {
    const { appId } = await anApp();
    const given = {
      app_id: appId,
      dialpad_user_id: '1',
      user_id: 'a',
      name: 'Ana',
      email: 'ana@example.com',
    };
    const first = (await internal(mapUser, given)).body.data;
    const again = (await internal(mapUser, { app_id: appId, dialpad_user_id: '1', user_id: 'b' })).body.data;
    expect(again).toMatchObject({
      id: first.id,
      user_id: 'b',
      name: 'Ana',
      email: 'ana@example.com',
      created: false,
    });
    expect((await internal(getUserMapping, { app_id: appId, id: first.id })).body.data.user_id).toBe('b');
  });

  test('keeps one mapping when twenty come for the same user at once', async () => {
    const { appId } = await anApp();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        internal(mapUser, { app_id: appId, dialpad_user_id: '9', user_id: `u-${i}` }),
      ),
    );
    expect(answers.filter(({ body }) => body.data.created)).toHaveLength(1);
    expect((await internal(listUserMappings, { app_id: appId })).body.pagination.total).toBe(1);
  });

  test('keeps the mappings of each app apart', async () => {
    const [one, two] = [await anApp(), await anApp()];
    const { id } = (await internal(mapUser, { app_id: one.appId, dialpad_user_id: '1', user_id: 'x' })).body
      .data;
    expect((await internal(getUserMapping, { app_id: two.appId, id })).status).toBe(404);
    expect((await internal(deleteUserMapping, { app_id: two.appId, id })).status).toBe(404);
    expect((await internal(listUserMappings, { app_id: two.appId })).body.data).toEqual([]);
    expect((await internal(getUserMapping, { app_id: one.appId, id })).status).toBe(200);
  });

  test.each([
    ['no user', { dialpad_user_id: '1' }],
    ['an empty id', { dialpad_user_id: '', user_id: 'x' }],
    ['an e-mail of no form', { dialpad_user_id: '1', user_id: 'x', email: 'nobody' }],
    ['a user that is no Dialpad id', { dialpad_user_id: '<id>', user_id: 'x' }],
    ['half a number', { dialpad_user_id: 1.5, user_id: 'x' }],
    ['an unknown field', { dialpad_user_id: '1', user_id: 'x', role: 'admin' }],
  ])('refuses %s with 400', async (_, input) => {
    const { appId } = await anApp();
    expect((await internal(mapUser, { app_id: appId, ...input })).status).toBe(400);
  });

  test('answers 404 for an app that is not there', async () => {
    const app_id = randomUUID();
    expect((await internal(mapUser, { app_id, dialpad_user_id: '1', user_id: 'x' })).status).toBe(404);
    expect((await internal(listUserMappings, { app_id })).status).toBe(404);
    const mappings = [{ dialpad_user_id: '1', user_id: 'x' }];
    expect((await internal(batchMapUsers, { app_id, mappings })).status).toBe(404);
  });
});

describe('POST /internal/apps/:app_id/users/batch-map', () => {
  test('keeps the good rows and says what is wrong with each bad one', async () => {
    const { appId } = await anApp();
    await internal(mapUser, { app_id: appId, dialpad_user_id: '1', user_id: 'old' });
    const { status, body } = await internal(batchMapUsers, {
      app_id: appId,
      mappings: [
        { dialpad_user_id: '1', user_id: 'a' },
        { dialpad_user_id: 2, user_id: 'b', email: 'b@example.com' },
        { dialpad_user_id: '3' },
        'nonsense',
        { dialpad_user_id: '2', user_id: 'c' },
        { dialpad_user_id: '4', user_id: 'd', oops: true },
      ],
    });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ created: 1, updated: 1, failed: 4 });
    expect(body.data.errors).toEqual([
      { index: 2, path: 'user_id', message: 'must be an id: text, or a whole number' },
      { index: 3, path: '', message: expect.any(String) },
      { index: 4, path: 'dialpad_user_id', message: 'is in row 1 already' },
      { index: 5, path: 'oops', message: 'is not a known field' },
    ]);
    const { data } = (await internal(listUserMappings, { app_id: appId })).body;
    expect(data.map((one: { user_id: string }) => one.user_id).sort()).toEqual(['a', 'b']);
  });

  test('takes a thousand at once, in one statement, and no more', async () => {
    const { appId } = await anApp();
    const mappings = Array.from({ length: 1000 }, (_, i) => ({
      dialpad_user_id: String(i + 1),
      user_id: `u${i}`,
    }));
    const { body } = await internal(batchMapUsers, { app_id: appId, mappings });
    expect(body.data).toEqual({ created: 1000, updated: 0, failed: 0, errors: [] });
    const more = [...mappings, { dialpad_user_id: '2000', user_id: 'y' }];
    expect((await internal(batchMapUsers, { app_id: appId, mappings: more })).status).toBe(400);
    const [count] = await adminSql()`select count(*)::int as n from user_mappings where app_id = ${appId}`;
    expect(count?.n).toBe(1000);
  });

  test('finds people by name, e-mail and either id', async () => {
    const { appId } = await anApp();
    await internal(batchMapUsers, {
      app_id: appId,
      mappings: [
        { dialpad_user_id: '1', user_id: 'a', name: 'Ana Ruiz' },
        { dialpad_user_id: '2', user_id: 'b', email: 'ben@example.com' },
      ],
    });
    const ids = async (filter: object) =>
      (await internal(listUserMappings, { app_id: appId, ...filter })).body.data.map(
        (one: { user_id: string }) => one.user_id,
      );
    expect(await ids({ search: 'ruiz' })).toEqual(['a']);
    expect(await ids({ search: 'ben@' })).toEqual(['b']);
    expect(await ids({ dialpad_user_id: '2' })).toEqual(['b']);
    expect(await ids({ user_id: 'a' })).toEqual(['a']);
    expect(await ids({ search: '%' })).toEqual([]);
  });
});
