import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as processInbound from '#integrations/inbound/process-inbound.worker.ts';
import { type DialpadStandIn, startDialpadStandIn } from '#local/providers/dialpad/stand-in.ts';
import {
  type RetellAccount,
  type RetellStandIn,
  startRetellStandIn,
} from '#local/providers/retell/stand-in.ts';
import { startTwilioStandIn, type TwilioStandIn } from '#local/providers/twilio/stand-in.ts';

export const deployment = {
  retellKey: 'key_of_the_deployment_0123456789ab',
  dialpadKey: 'dialpad-key-of-the-deployment',
  twilioSid: `AC${'d'.repeat(32)}`,
  twilioToken: 'token-of-the-deployment',
};

/** The providers, with the deployment's own accounts; set before the tests of the file that imports this. */
export const world = {} as {
  retell: RetellStandIn;
  dialpad: DialpadStandIn;
  twilio: TwilioStandIn;
  /** The company that owns what nobody has linked. */
  fallback: TestCompany;
};

beforeAll(async () => {
  world.retell = await startRetellStandIn({ apiKey: deployment.retellKey, calls: 30 });
  world.dialpad = await startDialpadStandIn({
    ...{ apiKey: deployment.dialpadKey, requestsPerSecond: false as const },
    oauth: { clientId: 'trunkline', clientSecret: 'oauth-secret' },
  });
  world.twilio = await startTwilioStandIn({
    accountSid: deployment.twilioSid,
    authToken: deployment.twilioToken,
    numbers: ['+15005550006'],
  });
  world.fallback = await aCompany('Default company');
  setSettings({
    RETELL_API_URL: world.retell.url,
    RETELL_API_KEY: deployment.retellKey,
    DIALPAD_API_URL: world.dialpad.url,
    DIALPAD_API_KEY: deployment.dialpadKey,
    DIALPAD_CLIENT_ID: 'trunkline',
    DIALPAD_CLIENT_SECRET: 'oauth-secret',
    TWILIO_API_URL: world.twilio.url,
    TWILIO_ACCOUNT_SID: deployment.twilioSid,
    TWILIO_AUTH_TOKEN: deployment.twilioToken,
    DEFAULT_COMPANY_ID: world.fallback.id,
  });
});
beforeEach(() =>
  setInlineRunner(async (queue, ids) => {
    if (queue === 'inbound') await processInbound.run(ids);
  }),
);
afterAll(async () => {
  await Promise.all([world.retell.close(), world.dialpad.close(), world.twilio.close()]);
});

/** Stores keys in a company's settings, without a word to anybody. */
export async function hasKey(
  company: TestCompany,
  integration: string,
  name: string,
  secret: string,
): Promise<void> {
  const place = placeOf('company_integration_secrets.secret', { company_id: company.id, integration, name });
  await adminSql()`insert into company_integration_secrets (company_id, integration, name, secret)
    values (${company.id}, ${integration}, ${name}, ${encryptSecret(secret, place)})
    on conflict (company_id, integration, name) do update set secret = excluded.secret`;
}

/** A company with a Retell account of its own. */
export async function aRetellCustomer(
  account: Parameters<RetellStandIn['addAccount']>[0] = {},
): Promise<{ company: TestCompany; owner: TestPerson; retell: RetellAccount }> {
  const company = await aCompany();
  const retell = world.retell.addAccount(account);
  await hasKey(company, 'retell', 'apiKey', retell.apiKey);
  return { company, owner: await company.as('owner'), retell };
}

export const anAgentId = () => `agent_${randomBytes(8).toString('hex')}`;
export const aNumber = () => `+1415${randomInt(2_000_000, 9_999_999)}`;

/** A company with a Dialpad company of its own. */
export async function aDialpadCustomer({ isAdmins = true } = {}) {
  const company = await aCompany();
  const apiKey = `dialpad-${randomBytes(8).toString('hex')}`;
  const organization = world.dialpad.addAccount({ apiKey, number: randomInt(1, 900_000), isAdmins });
  await hasKey(company, 'dialpad', 'apiKey', apiKey);
  return { company, owner: await company.as('owner'), apiKey, organization };
}

/** A company with a Twilio account of its own. */
export async function aTwilioCustomer(numbers: string[]) {
  const company = await aCompany();
  const accountSid = `AC${randomBytes(16).toString('hex')}`;
  const authToken = `token-${randomBytes(8).toString('hex')}`;
  world.twilio.addAccount({ accountSid, authToken, numbers });
  await hasKey(company, 'twilio', 'authToken', authToken);
  await adminSql()`insert into company_settings (company_id, integrations)
    values (${company.id}, ${adminSql().json({ twilio: { accountSid } })})`;
  return { company, owner: await company.as('owner'), accountSid, authToken };
}

export interface StoredLink {
  company_id: string;
  app_id: string | null;
  proof: string | null;
}

export async function linkOf(externalId: string): Promise<StoredLink | undefined> {
  const [row] = await adminSql()<StoredLink[]>`
    select company_id, app_id, proof from provider_links where external_id = ${externalId}`;
  return row && { ...row };
}

export const auditOf = async (company: TestCompany, action: string) =>
  await adminSql()`select actor_type, actor_id, ip, user_agent, request_id, before, after from audit_logs
    where company_id = ${company.id} and action = ${action} order by number`;

export async function aPlatformAdmin(company: TestCompany): Promise<TestPerson> {
  const person = await company.as('viewer');
  await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
  return person;
}
