import { randomInt, randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as refreshSession from '#identity/auth/refresh-session.ts';
import { anAccount } from '#identity/auth/testing/account.ts';
import { takeCode } from '#identity/two-factor/shared/second-factor.ts';
import { codeAt, whoIsGuarded } from '#identity/two-factor/testing/authenticator.ts';
import { connected, tokenOf } from '#integrations/dialpad-connect/testing/connecting.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import { forgetHookSecrets } from '#integrations/inbound/shared/hook-secrets.ts';
import * as dispatchEvents from '#outgoing/events/dispatch-events.worker.ts';
import { anEvent } from '#outgoing/events/testing/outbox.ts';
import * as sendDeliveries from '#outgoing/webhooks/send-deliveries.worker.ts';
import { aWebhook } from '#outgoing/webhooks/testing/endpoints.ts';
import { aReceiver } from '#outgoing/webhooks/testing/receiver.ts';
import * as processJobs from '#platform/jobs/process-jobs.worker.ts';

// Who can write a row, but not read the key, copies a ciphertext to where the API would use it for them.
const sql = adminSql();

beforeEach(() => {
  setInlineRunner(async () => {});
  forgetHookSecrets();
});

const service = () =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });

test('a webhook signs nothing with the secret of another, and sends none of its headers', async () => {
  const [acme, mallory] = [await aCompany(), await aCompany('Mallory')];
  const receiver = await aReceiver();
  const theirs = await aWebhook(acme.id, 'https://example.com');
  const own = await aWebhook(mallory.id, receiver.url);
  await sql`update webhook_endpoints set secret = (select secret from webhook_endpoints where id = ${theirs.id})
    where id = ${own.id}`;
  await anEvent(mallory.id);
  await dispatchEvents.run([mallory.id]);
  await sendDeliveries.run([own.id]);
  expect(receiver.received).toEqual([]);
  const [delivery] = await sql`select status, attempts from webhook_deliveries where endpoint_id = ${own.id}`;
  expect(delivery).toMatchObject({ status: 'waiting', attempts: 1 });
});

test('a link is no owner of hooks that the secret of another signs', async () => {
  const [acme, mallory] = [await aCompany(), await aCompany('Mallory')];
  const secret = `secret-${randomUUID()}`;
  // As Dialpad numbers its companies: the id in the body chooses the secrets that are tried.
  const [theirs, own] = [String(randomInt(1e12, 1e13)), String(randomInt(1e12, 1e13))];
  await acme.links({ provider: 'dialpad', kind: 'organization', externalId: theirs, secret });
  const event = () => ({ call_id: randomUUID(), state: 'ringing', company_id: theirs });
  expect((await post(receiveDialpad, dialpadBody(event(), secret))).status).toBe(200);
  await mallory.links({ provider: 'dialpad', kind: 'organization', externalId: own });
  await sql`update provider_links set secret = (select secret from provider_links where external_id = ${theirs})
    where external_id = ${own}`;
  // Nor does the company's own link, once it was given to another company.
  await sql`update provider_links set company_id = ${mallory.id} where external_id = ${theirs}`;
  forgetHookSecrets();
  expect((await post(receiveDialpad, dialpadBody(event(), secret))).status).toBe(401);
});

test('a job is not given the payload of another', async () => {
  const ctx = service();
  const job = { kind: 'send-email', companyId: null, userId: null };
  const [theirs, own] = await ctx.dbAs('jobs', 'a test', (tx) =>
    Promise.all([
      enqueueJob(tx, { ...job, payload: { to: 'owner@example.com', template: 'x' } }),
      enqueueJob(tx, { ...job, payload: {} }),
    ]),
  );
  await sql`update jobs set payload = (select payload from jobs where id = ${theirs}) where id = ${own}`;
  await processJobs.run([own]);
  // Other tests open every mail that waits.
  const [row] = await sql`with gone as (delete from jobs where id = any(${[theirs, own]}) returning *)
    select status, error from gone where id = ${own}`;
  expect(row).toMatchObject({ status: 'waiting', error: expect.stringContaining('does not open') });
});

test('nobody gets in with the second factor of another', async () => {
  const [victim, mallory] = [await whoIsGuarded(), await whoIsGuarded()];
  const [row] = await sql`update two_factors set last_step = null,
      secret = (select secret from two_factors where user_id = ${mallory.person.id})
    where user_id = ${victim.person.id} returning secret`;
  const factor = {
    ...{ userId: victim.person.id, secret: String(row?.secret), isOn: true, lastStep: null, isLocked: false },
  };
  const ctx = service();
  const code = codeAt(mallory.secret, Date.now());
  await expect(ctx.dbAs('jobs', 'a test', (tx) => takeCode(tx, ctx, factor, code))).rejects.toThrow(
    'does not open',
  );
});

test('a used refresh token does not give the successor of another', async () => {
  const [victim, mallory] = [await anAccount(), await anAccount()];
  const used = async (refreshToken: string) => (await request(refreshSession, { refreshToken })).status;
  expect([await used(victim.refreshToken), await used(mallory.refreshToken)]).toEqual([200, 200]);
  const successorOf = (userId: string) => sql`
    select t.hash, t.successor from refresh_tokens t join sessions s on s.id = t.session_id
     where s.user_id = ${userId} and t.successor is not null`;
  const [theirs] = await successorOf(victim.id);
  const [own] = await successorOf(mallory.id);
  await sql`update refresh_tokens set successor = ${theirs?.successor} where hash = ${own?.hash}`;
  expect(await used(mallory.refreshToken)).toBe(500);
});

test('a webhook that is given to another company takes no secret along', async () => {
  const [acme, mallory] = [await aCompany(), await aCompany('Mallory')];
  const receiver = await aReceiver();
  const theirs = await aWebhook(acme.id, receiver.url);
  await sql`update webhook_endpoints set company_id = ${mallory.id} where id = ${theirs.id}`;
  await anEvent(mallory.id);
  await dispatchEvents.run([mallory.id]);
  await sendDeliveries.run([theirs.id]);
  expect(receiver.received).toEqual([]);
  const [delivery] =
    await sql`select status, attempts from webhook_deliveries where endpoint_id = ${theirs.id}`;
  expect(delivery).toMatchObject({ status: 'waiting', attempts: 1 });
});

test('a webhook whose address is another origin’s takes no headers there', async () => {
  const acme = await aCompany();
  const receiver = await aReceiver();
  const hook = await aWebhook(acme.id, receiver.url);
  const place = { id: hook.id, company_id: acme.id, url: 'https://receiver.example.com' };
  const headers = encryptSecret(
    '{"authorization":"Bearer secret"}',
    placeOf('webhook_endpoints.headers', place),
  );
  await sql`update webhook_endpoints set headers = ${headers} where id = ${hook.id}`;
  await anEvent(acme.id);
  await dispatchEvents.run([acme.id]);
  await sendDeliveries.run([hook.id]);
  expect(receiver.received).toEqual([]);
});

test('an app that is given to another company takes no connection along', async () => {
  const [own, mallory] = [await connected(), await aCompany('Mallory')];
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`; // past the foreign key, as with the app's row and all
    await tx`update provider_connections set company_id = ${mallory.id} where app_id = ${own.appId}`;
  });
  await expect(tokenOf(own.appId)).rejects.toThrow('does not open');
});

test('an app does not act with the connection of another', async () => {
  const [theirs, own] = [await connected(), await connected()];
  expect(await tokenOf(own.appId)).toEqual(expect.any(String));
  await sql`update provider_connections set access_token =
      (select access_token from provider_connections where app_id = ${theirs.appId}) where app_id = ${own.appId}`;
  await expect(tokenOf(own.appId)).rejects.toThrow('does not open');
});
