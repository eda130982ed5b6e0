import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeDatabase } from '#core/database/pool.ts';
import type { Endpoint } from '#core/endpoint.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import { found } from '#core/testing/endpoints.ts';
import { type LoginOfPeople, makeLoginOfPeople } from '#core/testing/login-of-people.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as updateProfile from '#identity/auth/update-profile.ts';
import * as createApiKey from '#identity/settings/create-api-key.ts';
import * as deleteApiKey from '#identity/settings/delete-api-key.ts';
import * as updateCompanySettings from '#identity/settings/update-company-settings.ts';
import * as updateOwnPreferences from '#identity/settings/update-preferences.ts';
import * as updateSettings from '#identity/settings/update-settings.ts';
import * as deleteInvitation from '#identity/team/delete-invitation.ts';
import * as inviteMember from '#identity/team/invite-member.ts';
import * as resendInvitation from '#identity/team/resend-invitation.ts';
import * as createUser from '#identity/users/create-user.ts';
import * as deleteDashboardAgent from '#integrations/dashboard/delete-dashboard-agent.ts';
import * as deleteNotification from '#outgoing/notifications/delete-notification.ts';
import * as readAllNotifications from '#outgoing/notifications/read-all-notifications.ts';
import * as readNotification from '#outgoing/notifications/read-notification.ts';
import * as updatePreferences from '#outgoing/notifications/update-preferences.ts';
import * as createCompanyWebhook from '#outgoing/webhooks/create-company-webhook.ts';
import * as createSettingsWebhook from '#outgoing/webhooks/create-settings-webhook.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as deleteSettingsWebhook from '#outgoing/webhooks/delete-settings-webhook.ts';
import * as deleteWebhook from '#outgoing/webhooks/delete-webhook.ts';
import * as regenerateSecret from '#outgoing/webhooks/regenerate-webhook-secret.ts';
import * as replayWebhook from '#outgoing/webhooks/replay-webhook.ts';
import * as retryDelivery from '#outgoing/webhooks/retry-delivery.ts';
import * as retryWebhookDelivery from '#outgoing/webhooks/retry-webhook-delivery.ts';
import * as testWebhook from '#outgoing/webhooks/test-webhook.ts';
import { aWebhook } from '#outgoing/webhooks/testing/endpoints.ts';
import { aReceiver } from '#outgoing/webhooks/testing/receiver.ts';
import * as updateWebhook from '#outgoing/webhooks/update-webhook.ts';
import { variablesOf } from '../scripts/generate/variables.ts';

const sql = adminSql();
const tables = (
  await sql<{ name: string }[]>`select relname::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
).map(({ name }) => name);

/** Tables that each request writes, also a refused one: counts, and when a session or key was last used. */
const ofEveryRequest = new Set(['rate_limits', 'idempotency_keys', 'sessions', 'api_keys']);

/** Of every table, how many rows it has and which transactions wrote them: no write leaves both as they were. */
async function contents(): Promise<Record<string, string>> {
  const each = tables
    .filter((table) => !ofEveryRequest.has(table))
    .map(
      (table) =>
        `select '${table}' as name, count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) as state from public.${table}`,
    );
  const rows = await sql.unsafe<{ name: string; state: string }[]>(each.join(' union all '));
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
}

/** The fences of all tables, let down to false or put back to what they said. */
const fences = await sql<
  { table: string; name: string; cmd: string; qual: string | null; check: string | null }[]
>`
  select tablename::text as "table", policyname::text as name, cmd, qual, with_check as "check" from pg_policies
   where schemaname = 'public' and policyname like 'fence on %'`;
async function setFences(to: 'false' | 'as it was'): Promise<void> {
  const texts = fences.map(({ table, name, qual, check }) => {
    const say = (word: string, was: string | null) =>
      was === null ? '' : `${word} (${to === 'false' ? 'false' : was})`;
    return `alter policy "${name}" on public.${table} ${say('using', qual)} ${say('with check', check)}`;
  });
  await sql.unsafe(texts.join(';\n'));
}
afterEach(() => setFences('as it was'));

interface Write {
  endpoint: Pick<Endpoint, 'contract' | 'serve'>;
  /** Makes what the request is about, and gives its input. */
  input(company: TestCompany, person: TestPerson): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** What it writes by a door: it stays where the fence is down. */
  byDoor?: true;
}

const hook = 'https://hooks.example.com/in';
const ofWebhook = async ({ id }: TestCompany) => ({ id: (await aWebhook(id, hook)).id });

async function ofDelivery({ id }: TestCompany): Promise<{ id: string; deliveryId: string }> {
  const webhook = await aWebhook(id, hook);
  const deliveryId = randomUUID();
  await sql`insert into webhook_deliveries (id, company_id, endpoint_id, event_id, type, body, status, attempts, finished_at)
    values (${deliveryId}, ${id}, ${webhook.id}, ${randomUUID()}, 'webhook.test', '{}', 'failed', 1, now())`;
  return { id: webhook.id, deliveryId };
}

async function ofNotification({ id }: TestCompany, person: TestPerson): Promise<{ id: string }> {
  const [row] = await sql<{ id: string }[]>`
    insert into notifications (company_id, user_id, dedupe_key, category, type, title, message)
    values (${id}, ${person.id}, ${randomUUID()}, 'calls', 'call.missed', 'Missed', 'A call') returning id`;
  return { id: row?.id ?? '' };
}

async function ofInvitation({ id }: TestCompany, person: TestPerson): Promise<{ id: string }> {
  const email = `${randomUUID()}@example.com`;
  const [row] = await sql<{ id: string }[]>`
    insert into invitations (company_id, email, email_normal, role, token_hash, invited_by, expires_at)
    values (${id}, ${email}, ${email}, 'agent', ${Buffer.from(randomUUID())}, ${person.id}, now() + interval '1 day') returning id`;
  return { id: row?.id ?? '' };
}

const anAddress = () => ({ email: `${randomUUID()}@example.com`, role: 'agent', name: 'New' });

/** Each write of people and keys that the policies let through. What is above that stands in past-the-policies.test.ts. */
const writes: Record<string, Write> = {
  'a webhook': { endpoint: createWebhook, input: () => ({ url: hook }) },
  'a webhook of the settings': { endpoint: createSettingsWebhook, input: () => ({ url: hook }) },
  'a webhook of the named company': {
    endpoint: createCompanyWebhook,
    input: ({ id }) => ({ companyId: id, url: hook }),
  },
  'a change of a webhook': {
    endpoint: updateWebhook,
    input: async (company) => ({ ...(await ofWebhook(company)), description: 'Changed' }),
  },
  'the end of a webhook': { endpoint: deleteWebhook, input: ofWebhook },
  'the end of a webhook of the settings': { endpoint: deleteSettingsWebhook, input: ofWebhook },
  'a secret of a webhook': { endpoint: regenerateSecret, input: ofWebhook },
  'a replay': {
    endpoint: replayWebhook,
    input: async (company) => {
      const webhook = await ofWebhook(company);
      await sql`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
        values (${company.id}, 'call.completed', ${randomUUID()}, ${randomUUID()}, '{}', now(), now(), 1)`;
      return { ...webhook, since: new Date(Date.now() - 3_600_000).toISOString() };
    },
  },
  'a delivery once more': { endpoint: retryWebhookDelivery, input: ofDelivery },
  'a delivery once more, by its id alone': {
    endpoint: retryDelivery,
    input: async (company) => ({ deliveryId: (await ofDelivery(company)).deliveryId }),
  },
  'a test of a webhook': {
    endpoint: testWebhook,
    input: async ({ id }) => ({ id: (await aWebhook(id, (await aReceiver()).url)).id }),
  },
  'a notification read': { endpoint: readNotification, input: ofNotification },
  'a notification deleted': { endpoint: deleteNotification, input: ofNotification },
  'all notifications read': {
    endpoint: readAllNotifications,
    input: async (company, person) => {
      await ofNotification(company, person);
      return {};
    },
  },
  'what one is told of': {
    endpoint: updatePreferences,
    input: () => ({ categories: { calls: { email: false } } }),
  },
  'preferences of one’s own': {
    endpoint: updateOwnPreferences,
    input: () => ({ theme: 'dark', language: 'de' }),
  },
  'a profile of one’s own': { endpoint: updateProfile, input: () => ({ name: 'Another' }) },
  'settings of the company': {
    endpoint: updateSettings,
    input: () => ({
      ai: { temperature: 1 },
      integrations: { slack: { webhookUrl: 'https://hooks.example.com/s' } },
    }),
  },
  'settings of the named company': {
    endpoint: updateCompanySettings,
    input: ({ id }) => ({ companyId: id, voice: { speed: 1.5 } }),
  },
  'an invitation': { endpoint: inviteMember, input: anAddress },
  'an invitation with a profile': { endpoint: createUser, input: anAddress },
  'an invitation sent again': { endpoint: resendInvitation, input: ofInvitation },
  'an invitation revoked': { endpoint: deleteInvitation, input: ofInvitation },
  'the end of an agent': {
    endpoint: deleteDashboardAgent,
    input: async (company) => {
      const providerAgentId = `agent_${randomUUID()}`;
      await company.hasAgent({ provider: 'retell', providerAgentId, kind: 'ai' });
      await company.links({ provider: 'retell', kind: 'agent', externalId: providerAgentId });
      await sql`update companies set manages_shared_accounts = true where id = ${company.id}`;
      return { agentId: providerAgentId };
    },
  },
  'a key of one’s own': { endpoint: createApiKey, input: () => ({ name: 'Mine' }), byDoor: true },
  'a key revoked': {
    endpoint: deleteApiKey,
    input: async ({ id }, person) => {
      const [row] = await sql<{ id: string }[]>`
        insert into api_keys (company_id, user_id, name, prefix, key_hash, scopes)
        values (${id}, ${person.id}, 'Mine', 'tl_', ${Buffer.from(randomUUID())}, '{calls:read}') returning id`;
      return { id: row?.id ?? '' };
    },
    byDoor: true,
  },
};

describe('with every fence set to false', () => {
  test.each(Object.keys(writes))('%s is written by a door alone, or not at all', async (name) => {
    const { endpoint, input, byDoor } = writes[name] as Write;
    const company = await aCompany();
    const owner = await company.as('owner');
    const given = await input(company, owner);
    await setFences('false');
    const before = await contents();
    const refused = await owner.request(endpoint, given);
    const after = await contents();
    if (byDoor) {
      expect(refused.status).toBeLessThan(300);
    } else {
      // A list of nothing is nothing to change.
      const isEmpty =
        refused.status === 200 && [0].includes(refused.body.data?.updated ?? refused.body.data?.deliveries);
      // A test takes no connection that the fence hides: that none is free is its answer.
      if (!isEmpty) expect([403, 404, 429]).toContain(refused.status);
      expect(after).toEqual(before);
    }
    await setFences('as it was');
    if (byDoor) return;
    const allowed = await owner.request(endpoint, given);
    expect([allowed.status, allowed.text]).toEqual([
      expect.toSatisfy((status: number) => status < 300),
      expect.any(String),
    ]);
    expect(await contents()).not.toEqual(before);
  });
});

describe('of another company', () => {
  const named = Object.keys(writes).filter((name) => {
    const { contract } = (writes[name] as Write).endpoint;
    return /:/.test(contract.path);
  });
  test.each(named)('%s is refused to a stranger, and no row changes', async (name) => {
    const { endpoint, input } = writes[name] as Write;
    const company = await aCompany();
    const given = await input(company, await company.as('owner'));
    const stranger = await (await aCompany()).as('owner');
    const before = await contents();
    const { status } = await stranger.request(endpoint, given);
    expect([403, 404]).toContain(status);
    expect(await contents()).toEqual(before);
  });
});

describe('by the login of people alone', () => {
  const both = process.env.DATABASE_URL;
  const files = new Map(found.endpoints.map((one) => [`${one.contract.method} ${one.contract.path}`, one]));
  const alone = Object.keys(writes).filter((name) => {
    const { method, path } = (writes[name] as Write).endpoint.contract;
    const endpoint = files.get(`${method} ${path}`);
    return endpoint && !variablesOf(endpoint).includes('DATABASE_SERVICE_URL');
  });
  let login: LoginOfPeople;
  beforeAll(async () => {
    login = await makeLoginOfPeople();
  });
  afterAll(async () => {
    await closeDatabase();
    await login.drop();
  });
  afterEach(() => setSettings({ DATABASE_URL: both }));

  test.each(alone)('%s is written, where the function is given no other', async (name) => {
    const { endpoint, input } = writes[name] as Write;
    const company = await aCompany();
    const owner = await company.as('owner');
    const given = await input(company, owner);
    setSettings({ DATABASE_URL: login.addressOf(login.role) });
    expect((await owner.request(endpoint, given)).status).toBeLessThan(300);
  });
});
