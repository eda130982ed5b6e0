import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import type { TestCompany } from '#core/testing/company.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import { setSettings } from '#core/testing/settings.ts';
import { wokenAfter } from '#core/work/queue.ts';
import { notify, notifyOfEvents } from '../public.ts';
import {
  aMissedCall,
  anEvent,
  aTeam,
  companyPrefers,
  contextAt,
  hasIntegration,
  hasMembers,
  hasPhone,
  noticesIn,
  notified,
  prefers,
  sendsIn,
  told,
} from '../testing/notices.ts';
import { maxAnHour, maxTold } from './store-notices.ts';

const idsOf = (rows: readonly { userId: string | null }[]) => rows.map(({ userId }) => userId).sort();
const sorted = (...people: { id: string }[]) => people.map(({ id }) => id).sort();
const ways = (rows: readonly { channel: string; userId: string | null }[]) =>
  rows.map(({ channel, userId }) => `${channel} ${userId}`);

describe('a missed call', () => {
  test('of nobody is told in the app to agents and above, and by mail to managers and above', async () => {
    const { company, owner, admin, manager, agent } = await aTeam(
      'owner',
      'admin',
      'manager',
      'agent',
      'viewer',
    );
    const event = await aMissedCall(company);
    const jobIds = await told([event]);

    const notices = await noticesIn(company);
    expect(idsOf(notices)).toEqual(sorted(owner, admin, manager, agent));
    expect(notices[0]).toMatchObject({
      ...{ type: 'call.missed', category: 'calls', title: 'Missed call', isUrgent: false },
      message: '+14155550101 called, and nobody answered.',
      link: `/calls/${event.subjectId}`,
      data: { callId: event.subjectId, from: '+14155550101', at: event.occurredAt },
    });
    const sends = await sendsIn(company);
    expect(idsOf(sends)).toEqual(sorted(owner, admin, manager));
    expect(sends.every(({ channel, status }) => channel === 'email' && status === 'waiting')).toBe(true);
    expect(sends[0]?.recipient).toMatch(/^[oam]…@example\.com$/);
    expect(jobIds.sort()).toEqual(sends.map(({ id }) => id).sort());
    const [job] =
      await adminSql()`select id, company_id, user_id, kind, payload from jobs where id = ${sends[0]?.id ?? ''}`;
    expect(job).toMatchObject({
      company_id: company.id,
      user_id: sends[0]?.userId,
      kind: 'send-notification',
    });
    expect(job?.payload).not.toContain('415555');
    expect(JSON.stringify(jobPayload(job))).toContain('+14155550101');
  });

  test('of a person’s own agent is told to that person alone, by mail too, whatever their role', async () => {
    const { company, agent } = await aTeam('owner', 'manager', 'agent');
    const { id: agentId } = await company.hasAgent({ kind: 'human', userId: agent.id });
    await told([await aMissedCall(company, { agentId })]);
    expect(idsOf(await noticesIn(company))).toEqual([agent.id]);
    expect(ways(await sendsIn(company))).toEqual([`email ${agent.id}`]);
  });

  test('goes by the agent that the call has now, not by the one it had when it was announced', async () => {
    const { company, agent } = await aTeam('owner', 'agent');
    const { id: agentId } = await company.hasAgent({ kind: 'human', userId: agent.id });
    const { id } = await company.hasCall({ status: 'missed', agentId });
    await told([await anEvent(company, 'call.missed', id, { from: null, agentId: null })]);
    expect(idsOf(await noticesIn(company))).toEqual([agent.id]);
  });

  test.each([
    ['an AI agent', async () => null],
    [
      'a person who was removed',
      async (userId: string) =>
        adminSql()`update memberships set is_active = false where user_id = ${userId}`,
    ],
    [
      'a person who was switched off',
      async (userId: string) => adminSql()`update users set is_active = false where id = ${userId}`,
    ],
    [
      'a person who is to be erased',
      async (userId: string) =>
        adminSql()`update users set deletes_at = now() + interval '30 days' where id = ${userId}`,
    ],
  ])('of %s is told to managers and above: other agents do not see such calls', async (who, leave) => {
    const { company, owner, manager, viewer } = await aTeam('owner', 'manager', 'agent', 'viewer');
    const userId = who === 'an AI agent' ? undefined : viewer.id;
    const { id: agentId } = await company.hasAgent(userId ? { kind: 'human', userId } : { kind: 'ai' });
    await leave(viewer.id);
    await told([await aMissedCall(company, { agentId })]);
    expect(idsOf(await noticesIn(company))).toEqual(sorted(owner, manager));
    expect(idsOf(await sendsIn(company))).toEqual(sorted(owner, manager));
  });

  test('is told to no one who left, was switched off or is to be erased, and to nobody of another company', async () => {
    const { company, owner, manager, agent, admin } = await aTeam('owner', 'admin', 'manager', 'agent');
    const stranger = await aTeam('owner', 'agent');
    // An agent of ours whose person works for them now.
    await adminSql()`insert into memberships (company_id, user_id, role) values (${company.id}, ${stranger.agent.id}, 'agent')`;
    const { id: agentId } = await company.hasAgent({ kind: 'human', userId: stranger.agent.id });
    await adminSql()`delete from memberships where company_id = ${company.id} and user_id = ${stranger.agent.id}`;
    await adminSql()`update users set is_active = false where id = ${manager.id}`;
    await adminSql()`update memberships set is_active = false where user_id = ${agent.id}`;
    await adminSql()`update users set deletes_at = now() + interval '30 days' where id = ${admin.id}`;
    await told([await aMissedCall(company), await aMissedCall(company, { agentId })]);
    expect(idsOf(await noticesIn(company))).toEqual([owner.id, owner.id]);
    expect(idsOf(await sendsIn(company))).toEqual([owner.id, owner.id]);
    expect(await noticesIn(stranger.company)).toEqual([]);
    expect(await adminSql()`select from notifications where user_id = ${stranger.agent.id}`).toHaveLength(0);
  });

  test('of a company that was deleted is told to nobody', async () => {
    const { company } = await aTeam('owner');
    await adminSql()`update companies set deleted_at = now() where id = ${company.id}`;
    expect(await told([await aMissedCall(company)])).toEqual([]);
    expect(await noticesIn(company)).toEqual([]);
  });

  test('is told in the language of each reader, in English where we have none', async () => {
    const { company, owner, admin, manager, agent } = await aTeam(
      'owner',
      'admin',
      'manager',
      'agent',
      'viewer',
    );
    const languages = [
      [owner, 'de', 'Verpasster Anruf'],
      [admin, 'es', 'Llamada perdida'],
      [manager, 'fr-CA', 'Appel manqué'],
      [agent, 'ja', 'Missed call'],
    ] as const;
    for (const [{ id }, language] of languages)
      await adminSql()`update users set language = ${language} where id = ${id}`;
    await told([await aMissedCall(company, { from: null })]);
    const titles = new Map((await noticesIn(company)).map(({ userId, title }) => [userId, title]));
    for (const [{ id }, , title] of languages) expect(titles.get(id)).toBe(title);
    const [german] = (await noticesIn(company)).filter(({ userId }) => userId === owner.id);
    expect(german?.message).toBe('Eine unbekannte Nummer hat angerufen, und niemand hat abgenommen.');
  });

  test('from a hostile caller is one line of text, whatever they call themselves', async () => {
    const { company } = await aTeam('owner');
    const hostile = `<img src=x onerror=alert(1)>\r\n\u202eevil.example/\u0000 '"\\{} \ud800 ${'x'.repeat(5000)}`;
    await told([await aMissedCall(company, { from: '+14155550101' })]);
    const { id } = await company.hasCall({ status: 'missed' });
    const event = await anEvent(company, 'call.missed', id);
    await told([{ ...event, data: JSON.stringify({ from: hostile, agentId: "not an id' or 1=1" }) }]);
    const notice = (await noticesIn(company)).find(({ data }) => data.callId === id);
    expect(notice?.message).not.toMatch(/[\p{Cc}\u202e]|evil\.example/u);
    expect(notice?.message).toContain('<img src=x onerror=alert(1)>');
    expect(notice?.message.length).toBeLessThan(300);
    expect(notice?.message.isWellFormed()).toBe(true);
  });

  test('that is dispatched again, at once or later, changes nothing', async () => {
    const { company, owner } = await aTeam('owner', 'manager');
    const event = await aMissedCall(company);
    const [first, second] = await Promise.all([told([event, event]), told([event])]);
    expect(first.length + second.length).toBe(2);
    expect(await told([event])).toEqual([]);
    await adminSql()`update notifications set read_at = now(), deleted_at = now() where user_id = ${owner.id}`;
    expect(await told([event])).toEqual([]);
    expect(await noticesIn(company)).toHaveLength(2);
    expect(await sendsIn(company)).toHaveLength(2);
    expect(await adminSql()`select from jobs where company_id = ${company.id}`).toHaveLength(2);
  });

  test('leaves nothing when the transaction that tells it fails', async () => {
    const { company } = await aTeam('owner');
    const event = await aMissedCall(company);
    const ctx = contextAt();
    await expect(
      ctx.dbAs('pipeline', 'a test dispatches', async (tx) => {
        await notify(tx, ctx, [
          {
            companyId: company.id,
            to: { leastRole: 'owner' },
            dedupeKey: event.id,
            kind: 'security.password-changed',
            data: {},
          },
        ]);
        throw new Error('It rains.');
      }),
    ).rejects.toThrow('It rains.');
    expect(await noticesIn(company)).toEqual([]);
  });
});

describe('a voicemail', () => {
  const aVoicemail = async (company: Parameters<typeof anEvent>[0], callId: string | null) => {
    const [row] = await adminSql()<{ id: string }[]>`
      insert into voicemails (company_id, call_id, provider, provider_voicemail_id, provider_call_id, received_at, state_rank, state_at)
      values (${company.id}, ${callId}, 'dialpad', ${randomUUID()}, 'c', now(), 100, now()) returning id`;
    return await anEvent(company, 'voicemail.received', row?.id ?? '', {
      from: '+14155550101',
      callId,
      durationMs: 42_400,
    });
  };

  test('is told to the person whose agent its call has', async () => {
    const { company, agent } = await aTeam('owner', 'agent');
    const { id: agentId } = await company.hasAgent({ kind: 'human', userId: agent.id });
    const { id: callId } = await company.hasCall({ status: 'voicemail', agentId });
    const event = await aVoicemail(company, callId);
    await told([event]);
    expect(await noticesIn(company)).toEqual([
      {
        ...{ userId: agent.id, type: 'voicemail.received', category: 'calls', isUrgent: false },
        title: 'New voicemail',
        message: '+14155550101 left a voicemail (0:42).',
        link: `/voicemails/${event.subjectId}`,
        data: { voicemailId: event.subjectId, from: '+14155550101', seconds: 42, at: event.occurredAt },
      },
    ]);
  });

  test('without a call is told to agents and above', async () => {
    const { company, owner, agent } = await aTeam('owner', 'agent', 'viewer');
    await told([await aVoicemail(company, null)]);
    expect(idsOf(await noticesIn(company))).toEqual(sorted(owner, agent));
  });
});

test('events that nobody is told of make nothing', async () => {
  const { company } = await aTeam('owner');
  const { id } = await company.hasCall();
  const other = await anEvent(company, 'call.completed', id);
  const withoutData = await anEvent(company, 'call.missed', id);
  expect(await told([other, { ...withoutData, data: null }])).toEqual([]);
  expect(await told([])).toEqual([]);
  expect(await noticesIn(company)).toEqual([]);
});

describe('preferences', () => {
  const calls = (channels: object) => ({ categories: { calls: channels } });

  test('a person’s own go over the company’s, and those over the usual', async () => {
    const { company, owner, admin, manager } = await aTeam('owner', 'admin', 'manager');
    await companyPrefers(company, calls({ email: false }));
    await prefers(admin, calls({ email: true }));
    await prefers(manager, calls({ inApp: false }));
    await told([await aMissedCall(company)]);
    expect(idsOf(await noticesIn(company))).toEqual(sorted(owner, admin));
    expect(ways(await sendsIn(company))).toEqual([`email ${admin.id}`]);
  });

  test('a person’s own count in each of their companies, a company’s in it alone', async () => {
    const first = await aTeam('owner');
    const second = await aTeam('owner');
    await adminSql()`insert into memberships (company_id, user_id, role)
      values (${second.company.id}, ${first.owner.id}, 'manager')`;
    await companyPrefers(first.company, calls({ inApp: false }));
    await prefers(first.owner, calls({ email: false }));
    await told([await aMissedCall(first.company), await aMissedCall(second.company)]);
    expect(await noticesIn(first.company)).toEqual([]);
    expect(await sendsIn(first.company)).toEqual([]);
    expect(idsOf(await noticesIn(second.company))).toEqual(sorted(first.owner, second.owner));
    expect(idsOf(await sendsIn(second.company))).toEqual([second.owner.id]);
  });

  test('other categories and nonsense change nothing', async () => {
    const { company, owner } = await aTeam('owner');
    await prefers(owner, {
      categories: { team: { inApp: false, email: false }, calls: { sms: 'yes', inApp: null } },
    });
    await companyPrefers(company, { categories: 'none', quietHours: [] });
    await told([await aMissedCall(company)]);
    expect(await noticesIn(company)).toHaveLength(1);
    expect(ways(await sendsIn(company))).toEqual([`email ${owner.id}`]);
  });

  test('SMS goes to whoever wants it and has a number, where the deployment sends any', async () => {
    const { company, owner, admin } = await aTeam('owner', 'admin', 'agent');
    await companyPrefers(company, calls({ sms: true, email: false }));
    await hasPhone(owner.id, '+14155550123');
    await told([await aMissedCall(company)]);
    expect(await sendsIn(company)).toEqual([]);
    setSettings({ SMS_ENABLED: 'true' });
    try {
      await told([await aMissedCall(company)]);
    } finally {
      setSettings({ SMS_ENABLED: undefined });
    }
    const sends = await sendsIn(company);
    expect(sends.map(({ channel, userId, recipient }) => [channel, userId, recipient])).toEqual([
      ['sms', owner.id, '+14…23'],
    ]);
    expect(admin.id).not.toBe(owner.id);
  });

  test('Slack and Teams are told once, when the company wants it and has said where', async () => {
    const { company, owner } = await aTeam('owner', 'admin');
    await hasIntegration(company, 'slack', 'https://hooks.slack.example/T/B/secret');
    await companyPrefers(company, calls({ slack: true, teams: true, email: false }));
    await prefers(owner, calls({ slack: false, teams: true }));
    const ids = await told([await aMissedCall(company)]);
    expect(ways(await sendsIn(company))).toEqual(['slack null']);
    expect(ids).toHaveLength(1);
    await hasIntegration(company, 'teams', 'https://teams.example/secret');
    const event = await aMissedCall(company);
    await told([event]);
    await told([event]);
    expect(ways(await sendsIn(company))).toEqual(['slack null', 'slack null', 'teams null']);
    const other = await aTeam('owner');
    await companyPrefers(other.company, calls({ slack: true, teams: true, email: false }));
    await told([await aMissedCall(other.company)]);
    expect(await sendsIn(other.company)).toEqual([]);
  });
});

describe('quiet hours', () => {
  const night = { quietHours: { isEnabled: true, from: '22:00', to: '07:00' } };

  test('let mails wait until they end, in each person’s own time zone, and nothing in the app', async () => {
    const { company, owner, admin, manager } = await aTeam('owner', 'admin', 'manager');
    await companyPrefers(company, night);
    await prefers(manager, { quietHours: { isEnabled: false } });
    await adminSql()`update users set timezone = 'Europe/Berlin' where id in (${owner.id}, ${manager.id})`;
    await adminSql()`update users set timezone = 'America/New_York' where id = ${admin.id}`;
    const ids = await told([await aMissedCall(company)], new Date('2030-01-15T23:30:00Z')); // 00:30, 18:30
    expect(await noticesIn(company)).toHaveLength(3);
    const sends = await sendsIn(company);
    const late = sends.find(({ userId }) => userId === owner.id);
    expect(late?.dueAt).toEqual(new Date('2030-01-16T06:00:00Z'));
    expect(ids.sort()).toEqual(
      sends
        .filter((send) => send !== late)
        .map(({ id }) => id)
        .sort(),
    );
    const [job] = await adminSql()`select next_attempt_at from jobs where id = ${late?.id ?? ''}`;
    expect(job?.next_attempt_at).toEqual(late?.dueAt);
  });

  test('of the company, in its time zone, are those of its channels', async () => {
    const { company } = await aTeam('owner');
    await adminSql()`update companies set timezone = 'Asia/Kolkata' where id = ${company.id}`;
    await hasIntegration(company, 'slack', 'https://hooks.slack.example/T/B/secret');
    await companyPrefers(company, { ...night, categories: { calls: { slack: true, email: false } } });
    const ids = await told([await aMissedCall(company)], new Date('2030-01-15T17:00:00Z')); // 22:30
    expect(ids).toEqual([]);
    expect((await sendsIn(company))[0]?.dueAt).toEqual(new Date('2030-01-16T01:30:00Z'));
  });

  test('do not hold up what is urgent', async () => {
    const { company, owner } = await aTeam('owner');
    await companyPrefers(company, { ...night, categories: { security: { sms: true } } });
    await hasPhone(owner.id, '+14155550123');
    setSettings({ SMS_ENABLED: 'true' });
    const ctx = makeContext({
      ...{
        requestId: 'r',
        caller: { kind: 'internal' },
        runAs: { as: 'service', role: 'pipeline' },
        waitUntil: () => {},
      },
      now: () => new Date('2030-01-15T23:30:00Z'),
    });
    const ids = await notified(ctx, [
      {
        ...{ companyId: company.id, to: { userIds: [owner.id] }, dedupeKey: 'sign-in:1' },
        ...{
          kind: 'security.new-sign-in',
          data: { device: 'Chrome', ip: '192.0.2.1', at: '2030-01-15T23:30:00Z' },
        },
      },
    ]).finally(() => setSettings({ SMS_ENABLED: undefined }));
    expect(ways(await sendsIn(company))).toEqual([`sms ${owner.id}`]); // sign-in mails it itself
    expect(ids).toHaveLength(1);
    expect(await noticesIn(company)).toMatchObject([
      { category: 'security', isUrgent: true, userId: owner.id },
    ]);
  });
});

describe('a notice', () => {
  test('goes to those named who are active members, and to nobody else', async () => {
    const { company, owner, agent, viewer } = await aTeam('owner', 'agent', 'viewer');
    const stranger = await aTeam('owner');
    await adminSql()`update memberships set is_active = false where user_id = ${agent.id}`;
    const ctx = contextAt();
    const tell = (userIds: string[], dedupeKey: string) =>
      ctx.dbAs('pipeline', 'a test tells', (tx) =>
        notify(tx, ctx, [
          { companyId: company.id, to: { userIds }, dedupeKey, kind: 'security.password-changed', data: {} },
        ]),
      );
    await tell([viewer.id, agent.id, stranger.owner.id, randomUUID(), viewer.id], 'a');
    await tell([], 'b');
    expect(idsOf(await noticesIn(company))).toEqual([viewer.id]);
    expect(owner.id).not.toBe(viewer.id);
    expect(await noticesIn(stranger.company)).toEqual([]);
  });

  test('of a webhook is told to owners, with a mail', async () => {
    const { company, owner } = await aTeam('owner', 'admin');
    const ctx = contextAt();
    await ctx.dbAs('pipeline', 'a test tells', (tx) =>
      notify(tx, ctx, [
        {
          ...{ companyId: company.id, to: { leastRole: 'owner' }, dedupeKey: 'w', kind: 'webhook.disabled' },
          data: {
            url: 'https://hooks.example/x',
            reason: 'Every attempt of 5 days failed.',
            endpointId: randomUUID(),
          },
        },
      ]),
    );
    expect(await noticesIn(company)).toMatchObject([
      {
        ...{ userId: owner.id, type: 'webhook.disabled', category: 'team' },
        message: 'No more events are sent to https://hooks.example/x: Every attempt of 5 days failed.',
      },
    ]);
    expect(ways(await sendsIn(company))).toEqual([`email ${owner.id}`]);
  });
});

describe('a burst', () => {
  const missed = (company: TestCompany, count: number) =>
    Promise.all(Array.from({ length: count }, () => aMissedCall(company)));

  test('of missed calls is mailed to nobody more than so often within an hour; the log says so, and the app has them all', async () => {
    const { company } = await aTeam('owner');
    await hasIntegration(company, 'slack', 'https://hooks.slack.example/T/B/secret');
    await companyPrefers(company, { categories: { calls: { slack: true } } });
    const ids = [...(await told(await missed(company, 20))), ...(await told(await missed(company, 20)))];
    expect(ids).toHaveLength(2 * maxAnHour);
    expect(await noticesIn(company)).toHaveLength(40);
    const sends = await sendsIn(company);
    for (const channel of ['email', 'slack']) {
      const of = sends.filter((send) => send.channel === channel);
      expect(of.filter(({ status }) => status === 'waiting')).toHaveLength(maxAnHour);
      expect(of.filter(({ reason }) => reason?.startsWith('More than 30'))).toHaveLength(40 - maxAnHour);
    }
    await adminSql()`update notification_sends set created_at = created_at - interval '61 minutes' where company_id = ${company.id}`;
    expect(await told(await missed(company, 1))).toHaveLength(2);
  });

  test('does not count what is urgent, nor anybody else’s, nor other channels', async () => {
    const { company, owner } = await aTeam('owner');
    await told(await missed(company, 40));
    await hasMembers(company, 1, 'manager');
    await companyPrefers(company, { categories: { security: { sms: true }, calls: { sms: true } } });
    await hasPhone(owner.id, '+14155550123');
    setSettings({ SMS_ENABLED: 'true' });
    const ctx = contextAt();
    const ids = await notified(
      ctx,
      Array.from({ length: 40 }, (_, i) => ({
        ...{ companyId: company.id, to: { userIds: [owner.id] }, dedupeKey: `password:${i}` },
        ...{ kind: 'security.password-changed' as const, data: {} },
      })),
    );
    expect(ids).toHaveLength(40);
    expect(await told(await missed(company, 1))).toHaveLength(2); // the owner's SMS, the manager's mail
    setSettings({ SMS_ENABLED: undefined });
  });

  test('of 500 in a company of 5000 agents is told in one transaction, to those above them', async () => {
    const { company, owner } = await aTeam('owner');
    await hasMembers(company, 5000, 'agent');
    await hasMembers(company, 60, 'manager');
    const events = await missed(company, 500);
    const started = performance.now();
    const ids = await told(events);
    const ms = Math.round(performance.now() - started);
    const notices = await noticesIn(company);
    expect([notices.length, ids.length]).toEqual([61 * 500, 61 * maxAnHour]);
    expect(notices.filter(({ userId }) => userId === owner.id)).toHaveLength(500);
    console.log(
      `500 missed calls among 5061 people: ${notices.length} notices, ${ids.length} mails in ${ms} ms`,
    );
  });

  test('goes by role to owners alone where there are too many of every other, and to whom it names', async () => {
    const { company, owner, agent } = await aTeam('owner', 'agent');
    await hasMembers(company, maxTold, 'manager');
    const [bot] = await adminSql()<{ id: string }[]>`insert into agents (company_id, name, kind, user_id)
      values (${company.id}, 'Ana', 'human', ${agent.id}) returning id`;
    await told([await aMissedCall(company), await aMissedCall(company, { agentId: bot?.id ?? '' })]);
    expect(idsOf(await noticesIn(company))).toEqual(sorted(owner, agent));
  });
});

test('500 events of 50 companies take as many statements as one, and everybody gets their own', async () => {
  const teams = await Promise.all(Array.from({ length: 50 }, () => aTeam('owner', 'agent')));
  const events = await Promise.all(
    teams.flatMap(({ company }) => Array.from({ length: 10 }, () => aMissedCall(company))),
  );
  const ctx = contextAt();
  const counted = (some: typeof events) =>
    ctx.dbAs('pipeline', 'a test dispatches', async (tx) => {
      const sent = vi.spyOn(tx.slot.client, 'unsafe');
      await notifyOfEvents(tx, ctx, some);
      const statements = sent.mock.calls.length;
      sent.mockRestore();
      return { ids: wokenAfter(tx, 'jobs'), statements };
    });
  const one = await counted(events.slice(0, 1));
  const started = performance.now();
  const all = await counted(events.slice(1));
  const ms = Math.round(performance.now() - started);
  expect(one.statements).toBe(3);
  expect(all.statements).toBe(3);
  expect([one.ids.length, all.ids.length]).toEqual([1, 499]);
  for (const { company, owner } of teams) {
    const sends = await sendsIn(company);
    expect([...new Set(sends.map(({ userId }) => userId))]).toEqual([owner.id]);
    expect([(await noticesIn(company)).length, sends.length]).toEqual([20, 10]);
  }
  console.log(`499 events of 50 companies: 998 notices, 499 mails queued in ${ms} ms`);
});
