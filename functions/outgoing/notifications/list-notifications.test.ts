import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import * as countUnread from './count-unread.ts';
import * as deleteNotification from './delete-notification.ts';
import * as deleteOldNotifications from './delete-old-notifications.schedule.ts';
import * as listNotificationLog from './list-notification-log.ts';
import * as listNotifications from './list-notifications.ts';
import * as readAllNotifications from './read-all-notifications.ts';
import * as readNotification from './read-notification.ts';
import { aMissedCall, aTeam, run, told } from './testing/notices.ts';

/** A notification of a person, as it is stored. */
async function has(
  company: TestCompany,
  person: TestPerson,
  {
    category = 'calls',
    type = 'call.missed',
    daysAgo = 0,
    readDaysAgo = null as number | null,
    title = 'Missed call',
  } = {},
): Promise<string> {
  const [row] = await adminSql()<{ id: string }[]>`
    insert into notifications (company_id, user_id, dedupe_key, category, type, title, message, data, created_at, read_at)
    values (${company.id}, ${person.id}, ${randomUUID()}, ${category}, ${type}, ${title}, 'Somebody called.', '{"from":"+1"}'::jsonb,
      now() - make_interval(days => ${daysAgo}), now() - make_interval(days => ${readDaysAgo})) returning id`;
  return row?.id ?? '';
}
const idsIn = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id);
const countOf = async (person: TestPerson): Promise<number> =>
  (await person.request(countUnread)).body.data.count;

describe('GET /api/notifications', () => {
  test('lists one’s own of this company, newest first, as clients expect them', async () => {
    const acme = await aCompany();
    const [agent, viewer] = [await acme.as('agent'), await acme.as('viewer')];
    const other = await aCompany();
    await other.as('owner');
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${agent.id}, 'agent')`;
    const older = await has(acme, agent, { daysAgo: 1 });
    const newer = await has(acme, agent);
    await has(acme, viewer);
    await has(other, agent);
    const { status, body } = await agent.request(listNotifications);
    expect(status).toBe(200);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([newer, older]);
    expect(body.pagination.total).toBe(2);
    expect(body.data[0]).toEqual({
      ...{
        id: newer,
        type: 'call.missed',
        category: 'calls',
        title: 'Missed call',
        message: 'Somebody called.',
      },
      ...{ link: null, data: { from: '+1' }, eventId: null, isUrgent: false, isRead: false, readAt: null },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  test('is filtered by category, type and whether it was read', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const call = await has(acme, agent);
    const read = await has(acme, agent, { readDaysAgo: 1, daysAgo: 2 });
    const sign = await has(acme, agent, { category: 'security', type: 'security.new-sign-in', daysAgo: 3 });
    const ids = async (input: object) => idsIn(await agent.request(listNotifications, { ...input }));
    expect(await ids({ isRead: 'false' })).toEqual([call, sign]);
    expect(await ids({ isRead: 'true' })).toEqual([read]);
    expect(await ids({ category: 'security' })).toEqual([sign]);
    expect(await ids({ type: 'call.missed', isRead: 'false' })).toEqual([call]);
    for (const wrong of [
      { category: 'weather' },
      { type: 'x' },
      { isRead: 'yes' },
      { userId: randomUUID() },
    ]) {
      expect((await agent.request(listNotifications, wrong)).status).toBe(400);
    }
  });

  test('pages by cursor to the end, though all were made at the same moment and more come', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    await adminSql()`insert into notifications (company_id, user_id, dedupe_key, category, type, title, message)
      select ${acme.id}, ${agent.id}, n::text, 'calls', 'call.missed', '', '' from generate_series(1, 25) n`;
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await agent.request(listNotifications, { limit: 10, ...(cursor ? { cursor } : {}) });
      seen.push(...idsIn(answer));
      cursor = answer.body.pagination.nextCursor ?? undefined;
      await has(acme, agent);
    } while (cursor);
    expect([seen.length, new Set(seen).size]).toEqual([25, 25]);
    const filtered = await agent.request(listNotifications, { limit: 10 });
    const stolen = { limit: 10, isRead: 'false', cursor: filtered.body.pagination.nextCursor };
    expect((await agent.request(listNotifications, stolen)).body.code).toBe('INVALID_CURSOR');
  });

  test('is for people, not for keys', async () => {
    const acme = await aCompany();
    expect((await (await acme.key()).request(listNotifications)).status).toBe(401);
    expect((await (await acme.as('viewer')).request(listNotifications)).body.data).toEqual([]);
  });
});

describe('reading and deleting', () => {
  test('one is read once: the first time stays', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const id = await has(acme, agent);
    await has(acme, agent);
    expect(await countOf(agent)).toBe(2);
    const first = await agent.request(readNotification, { id });
    expect(first.body.data).toMatchObject({ id, isRead: true, readAt: expect.any(String) });
    const again = await agent.request(readNotification, { id });
    expect(again.body.data).toEqual(first.body.data);
    expect(await countOf(agent)).toBe(1);
  });

  test('a deleted one is gone, and is not told again', async () => {
    const { company, owner } = await aTeam('owner');
    const event = await aMissedCall(company);
    await told([event]);
    const [id] = idsIn(await owner.request(listNotifications));
    expect((await owner.request(deleteNotification, { id })).status).toBe(200);
    for (const endpoint of [deleteNotification, readNotification]) {
      expect((await owner.request(endpoint, { id })).status).toBe(404);
    }
    await told([event]);
    expect(idsIn(await owner.request(listNotifications))).toEqual([]);
    expect(await countOf(owner)).toBe(0);
    const [row] =
      await adminSql()`select title, message, data::text as data from notifications where id = ${id ?? ''}`;
    expect(row).toEqual({ title: '', message: '', data: '{}' });
  });

  test('a colleague’s, another company’s and one’s own elsewhere are not there', async () => {
    const acme = await aCompany();
    const other = await aCompany();
    const [owner, agent, stranger] = [
      await acme.as('owner'),
      await acme.as('agent'),
      await other.as('owner'),
    ];
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${owner.id}, 'owner')`;
    const ids = [await has(acme, agent), await has(other, stranger), await has(other, owner), randomUUID()];
    for (const endpoint of [readNotification, deleteNotification]) {
      const answers = await Promise.all(ids.map((id) => owner.request(endpoint, { id })));
      const plain = answers.map(({ status, body }) => ({ status, ...body, requestId: undefined }));
      expect(new Set(plain.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(plain[0]).toMatchObject({ status: 404, code: 'NOT_FOUND' });
      expect((await owner.request(endpoint, { id: 'x' })).status).toBe(400);
    }
    expect((await owner.request(readAllNotifications)).body.data).toEqual({ updated: 0 });
    const [left] = await adminSql()`select count(*)::int as n from notifications
      where id = any(${ids}) and read_at is null and deleted_at is null`;
    expect(left?.n).toBe(3);
  });

  test('all at once: by category, before a time, each counted by one of many requests', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const colleague = await acme.as('viewer');
    await has(acme, colleague);
    await has(acme, agent, { category: 'security', type: 'security.new-sign-in' });
    for (let i = 0; i < 3; i++) await has(acme, agent, { daysAgo: 2 });
    await has(acme, agent);
    const updated = async (input: object) =>
      (await agent.request(readAllNotifications, { ...input })).body.data.updated;
    expect(await updated({ category: 'security' })).toBe(1);
    const before = new Date(Date.now() - 86_400_000).toISOString();
    expect(await updated({ before })).toBe(3);
    expect(await updated({})).toBe(1);
    await adminSql()`insert into notifications (company_id, user_id, dedupe_key, category, type, title, message)
      select ${acme.id}, ${agent.id}, n::text, 'calls', 'call.missed', '', '' from generate_series(1, 500) n`;
    const counts = await Promise.all(Array.from({ length: 12 }, () => updated({})));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect([await countOf(agent), await countOf(colleague)]).toEqual([0, 1]);
    for (const wrong of [{ before: 'yesterday' }, { category: 'x' }, { userId: colleague.id }]) {
      expect((await agent.request(readAllNotifications, wrong)).status).toBe(400);
    }
  });

  test('is not for whoever was removed', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const id = await has(acme, agent);
    await adminSql()`update memberships set is_active = false where user_id = ${agent.id}`;
    expect((await agent.request(listNotifications)).status).toBe(401);
    expect((await agent.request(readNotification, { id })).status).toBe(401);
  });
});

describe('GET /api/notifications/log', () => {
  test('shows admins what was sent in their company, without what is between us and the provider', async () => {
    const { company, admin, owner } = await aTeam('owner', 'admin');
    const ids = await told([await aMissedCall(company)]);
    await run(ids.slice(0, 1));
    const stranger = await aTeam('owner');
    await told([await aMissedCall(stranger.company)]);
    const { body, text } = await admin.request(listNotificationLog);
    expect(body.data).toHaveLength(2);
    const sent = body.data.find(({ id }: { id: string }) => id === ids[0]);
    expect(sent).toEqual({
      ...{
        id: ids[0],
        channel: 'email',
        category: 'calls',
        type: 'call.missed',
        status: 'sent',
        reason: null,
      },
      ...{ userId: expect.any(String), recipient: expect.stringMatching(/^[ao]…@example\.com$/) },
      ...{
        provider: 'mailbox',
        providerMessageId: expect.any(String),
        attempts: 1,
        eventId: expect.any(String),
      },
      ...{ createdAt: expect.any(String), dueAt: expect.any(String), finishedAt: expect.any(String) },
    });
    expect(text).not.toContain(owner.email);
    expect((await admin.request(listNotificationLog, { status: 'waiting' })).body.data).toHaveLength(1);
    expect((await admin.request(listNotificationLog, { userId: owner.id })).body.data).toHaveLength(1);
    expect((await admin.request(listNotificationLog, { channel: 'sms' })).body.data).toEqual([]);
    expect((await admin.request(listNotificationLog, { channel: 'inApp' })).status).toBe(400);
  });

  test('is for admins', async () => {
    const acme = await aCompany();
    expect((await (await acme.as('manager')).request(listNotificationLog)).status).toBe(403);
    expect((await (await acme.key()).request(listNotificationLog)).status).toBe(401);
  });
});

test('what is past its retention is deleted, and nothing else', async () => {
  const { company, owner } = await aTeam('owner');
  const kept = [
    await has(company, owner, { daysAgo: 179 }),
    await has(company, owner, { daysAgo: 170, readDaysAgo: 89 }),
    await has(company, owner),
  ];
  await has(company, owner, { daysAgo: 181 });
  await has(company, owner, { daysAgo: 100, readDaysAgo: 91 });
  await adminSql()`insert into notification_sends (company_id, user_id, dedupe_key, channel, category, type, created_at)
    values (${company.id}, ${owner.id}, 'old', 'email', 'calls', 'call.missed', now() - interval '91 days'),
      (${company.id}, ${owner.id}, 'new', 'email', 'calls', 'call.missed', now() - interval '89 days')`;
  await Promise.all([deleteOldNotifications.run(), deleteOldNotifications.run()]);
  const left = await adminSql()`select id from notifications where company_id = ${company.id}`;
  expect(left.map(({ id }) => id).sort()).toEqual(kept.sort());
  const log = await adminSql()`select dedupe_key from notification_sends where company_id = ${company.id}`;
  expect(log.map(({ dedupe_key }) => dedupe_key)).toEqual(['new']);
});
