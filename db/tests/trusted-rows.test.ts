import { createHash, randomUUID } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';

/** Rows that policies let a member write, and that a worker or a sign-in trusts past the policies. */

let acme: TestCompany;
let owner: TestPerson;
let victim: TestCompany;
let victimOwner: TestPerson;
let webhookId: string;
beforeAll(async () => {
  [acme, victim] = [await aCompany(), await aCompany()];
  [owner, victimOwner] = [await acme.as('owner'), await victim.as('owner')];
  const made = await owner.request(createWebhook, { url: 'https://own.example.com/hook' });
  webhookId = made.body.data.id;
});

class Undo extends Error {}

/** What becomes of a statement of our owner, as a member in SQL: the code of the refusal, or 'done'. Undone in any case. */
async function asOwner(run: (tx: TransactionSql) => PromiseLike<unknown>): Promise<string> {
  let outcome = 'done';
  await adminSql()
    .begin(async (tx) => {
      const claims = {
        sub: owner.id,
        role: 'authenticated',
        session_id: owner.sessionId,
        app_metadata: { company_id: acme.id, role: 'owner' },
      };
      await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('role', 'trunkline_member', true)`;
      await run(tx);
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) outcome = String((error as { code?: string }).code);
    });
  return outcome;
}

describe('a delivery', () => {
  const deliver = (eventId: string, given: { attempts?: number; body?: string | null } = {}) =>
    asOwner(
      (tx) => tx`insert into webhook_deliveries
          (company_id, endpoint_id, event_id, type, body, status, attempts, created_at, next_attempt_at)
        values (${acme.id}, ${webhookId}, ${eventId}, 'call.ended', ${given.body ?? null}, 'waiting', ${given.attempts ?? 0},
          now(), now())`,
    );
  let sequence = 0;
  const anEvent = async (companyId: string) => {
    const [row] = await adminSql()`insert into outbox
        (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
      values (${companyId}, 'call.completed', ${randomUUID()}, ${randomUUID()}, '{}', now(), now(), ${++sequence}) returning id`;
    return String(row?.id);
  };

  test('sends an event of its own company, or bytes of its own', async () => {
    expect(await deliver(await anEvent(acme.id))).toBe('done');
    expect(await deliver(randomUUID(), { body: '{}' })).toBe('done');
    expect(await deliver(await anEvent(victim.id))).toBe('42501');
    expect(await deliver(randomUUID())).toBe('42501');
  });

  test('begins with no more than one attempt', async () => {
    const eventId = await anEvent(acme.id);
    for (const attempts of [2, 2_147_483_647, -1, -2_147_483_648])
      expect([attempts, await deliver(eventId, { attempts })]).toEqual([attempts, '42501']);
  });

  test('has no round that its attempts have not reached', async () => {
    const [row] = await adminSql()`insert into webhook_deliveries
        (company_id, endpoint_id, event_id, type, body, status, attempts, next_attempt_at)
      values (${acme.id}, ${webhookId}, ${randomUUID()}, 'call.ended', '{}', 'waiting', 3, now()) returning id`;
    const setRound = (round: number) =>
      asOwner((tx) => tx`update webhook_deliveries set round = ${round} where id = ${row?.id}`);
    expect(await setRound(3)).toBe('done');
    for (const round of [4, -1, 2_147_483_647, -2_147_483_648])
      expect([round, await setRound(round)]).toEqual([round, '42501']);
  });
});

describe('an invitation', () => {
  const invite = (given: { email: string; emailNormal: string }) =>
    asOwner(
      (
        tx,
      ) => tx`insert into invitations (company_id, email, email_normal, role, token_hash, invited_by, expires_at)
        values (${acme.id}, ${given.email}, ${given.emailNormal}, 'viewer', ${createHash('sha256').update('inv_known').digest()},
          ${owner.id}, now() + interval '1 day')`,
    );

  test('goes to the address that it is for', async () => {
    expect(await invite({ email: 'Ada@Example.com', emailNormal: 'ada@example.com' })).toBe('done');
    expect(await invite({ email: 'Zoe\u0308@Example.com', emailNormal: 'zo\u00eb@example.com' })).toBe(
      'done',
    );
    expect(await invite({ email: 'me@evil.example', emailNormal: 'ada@example.com' })).toBe('TL403');
    expect(await invite({ email: 'zo\u00eb@evil.example', emailNormal: 'zo\u00eb@example.com' })).toBe(
      'TL403',
    );
  });

  const change = async (run: (tx: TransactionSql, id: string) => PromiseLike<unknown>, revoked = false) => {
    const email = `${randomUUID()}@example.com`;
    const [row] =
      await adminSql()`insert into invitations (company_id, email, email_normal, role, token_hash, invited_by, expires_at, revoked_at)
        values (${acme.id}, ${email}, ${email}, 'viewer', ${Buffer.from(email)}, ${owner.id}, now() + interval '1 day',
          case when ${revoked} then now() end) returning id`;
    return await asOwner((tx) => run(tx, String(row?.id)));
  };

  test('is sent in the caller’s own name, and stays revoked', async () => {
    const colleague = await acme.as('admin');
    expect(
      await change((tx, id) => tx`update invitations set resent_by = ${owner.id} where id = ${id}`),
    ).toBe('done');
    expect(
      await change((tx, id) => tx`update invitations set resent_by = ${colleague.id} where id = ${id}`),
    ).toBe('TL403');
    expect(
      await change((tx, id) => tx`update invitations set invited_by = ${colleague.id} where id = ${id}`),
    ).toBe('TL403');
    expect(
      await change((tx, id) => tx`update invitations set email = 'me@evil.example' where id = ${id}`),
    ).toBe('TL403');
    expect(await change((tx, id) => tx`update invitations set revoked_at = now() where id = ${id}`)).toBe(
      'done',
    );
    expect(
      await change((tx, id) => tx`update invitations set revoked_at = null where id = ${id}`, true),
    ).toBe('TL403');
  });
});

describe('a webhook', () => {
  test.each(['url_by', 'headers_by', 'secret_by'])('has nobody but the caller as %s', async (column) => {
    const set = (userId: string | null) =>
      asOwner((tx) => tx`update webhook_endpoints set ${tx(column)} = ${userId} where id = ${webhookId}`);
    expect(await set(owner.id)).toBe('done');
    expect(await set(victimOwner.id)).toBe('TL403');
  });
});

describe('an agent', () => {
  test('is a member of its company, and stays without the person who is removed', async () => {
    const person = await acme.as('agent');
    const insert = (
      userId: string,
    ) => adminSql()`insert into agents (company_id, kind, name, provider, user_id)
      values (${acme.id}, 'human', 'Ada', 'dialpad', ${userId}) returning id`;
    await expect(insert(victimOwner.id)).rejects.toThrow('agents_user_id_fkey');
    const [agent] = await insert(person.id);
    await adminSql()`delete from memberships where user_id = ${person.id}`;
    const [left] = await adminSql()`select user_id from agents where id = ${agent?.id}`;
    expect(left).toEqual({ user_id: null });
  });
});

describe('an event that a member records', () => {
  const record = (type: string, data: string, at = 'now') =>
    asOwner(
      (
        tx,
      ) => tx`select private.record_event(private.uuid_v7(), ${type}, private.uuid_v7(), ${randomUUID()}, ${data}::text::json,
        ${at}::text::timestamptz)`,
    );

  test('is none of the pipeline’s, an object, and of a time that there is', async () => {
    expect(await record('webhook.made', '{"a":1}')).toBe('done');
    for (const type of ['call.missed', 'voicemail.received', 'message.received', 'nonsense type', ''])
      expect([type, await record(type, '{}')]).toEqual([type, 'TL403']);
    for (const data of ['null', '[1]', '"x"', '7'])
      expect([data, await record('webhook.made', data)]).toEqual([data, 'TL403']);
    expect(await record('webhook.made', '{}', 'infinity')).toBe('TL403');
  });
});

describe('who is asked for with a commit', () => {
  const asked = (claims: object | null, keyHash: Buffer | null) =>
    asOwner(async (tx) => {
      await tx`update users set name = 'Other' where id = ${owner.id}`;
      await tx`select private.confirm_caller(${claims && JSON.stringify(claims)}::text::jsonb, ${keyHash}, 'owner')`;
    });
  const claimsOf = (company: TestCompany, person: TestPerson) => ({
    sub: person.id,
    session_id: person.sessionId,
    app_metadata: { company_id: company.id },
  });

  test('is the caller, and nobody else', async () => {
    expect(await asked(claimsOf(acme, owner), null)).toBe('done');
    expect(await asked(claimsOf(victim, victimOwner), null)).toBe('TL403');
    const viewer = await victim.as('viewer');
    const supabase = { sub: viewer.id, iss: 'x/auth/v1', app_metadata: { company_id: victim.id } };
    expect(await asked(supabase, null)).toBe('TL403');
    const [key] = await adminSql()`insert into api_keys (company_id, name, prefix, key_hash, scopes)
      values (${victim.id}, 'K', 'k', ${Buffer.from(randomUUID())}, '{*}') returning key_hash`;
    expect(await asked(null, key?.key_hash)).toBe('TL401');
  });
});
