import * as z from 'zod';
import { dialpadClient } from '#providers/dialpad/client.ts';
import { organization } from '../providers/dialpad/organization.ts';
import { type DialpadStandIn, startDialpadStandIn } from '../providers/dialpad/stand-in.ts';
import { type RetellStandIn, startRetellStandIn } from '../providers/retell/stand-in.ts';
import { startTwilioStandIn, type TwilioStandIn } from '../providers/twilio/stand-in.ts';
import type { LocalSms } from './local-sms.ts';

/** What the stand-ins are reached by; development values, of no use anywhere else. */
export const standInCredentials = {
  RETELL_API_KEY: 'key_local_stand_in_of_retell_0001',
  DIALPAD_API_KEY: 'local-stand-in-of-dialpad',
  DIALPAD_WEBHOOK_SECRET: 'local-webhook-secret-of-the-dialpad-stand-in',
  DIALPAD_CLIENT_ID: 'local-dialpad-client',
  DIALPAD_CLIENT_SECRET: 'local-dialpad-client-secret',
  TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000001',
  TWILIO_AUTH_TOKEN: 'local-token-of-the-twilio-stand-in',
  TWILIO_PHONE_NUMBER: '+15005550006',
} as const;

/**
 * A second account at Retell and at Dialpad, which the deployment's keys do not reach: for trying what a company does with
 * keys of its own.
 */
export const secondAccounts = {
  retell: {
    apiKey: 'key_local_second_account_of_retell',
    agentIds: ['agent_d4eaf5c7eb068319', 'agent_e5fb06d8fc17942a'],
  },
  dialpad: { apiKey: 'local-second-account-of-dialpad', companyId: organization(2).companyId },
} as const;

export interface StandIns {
  retell: RetellStandIn;
  dialpad: DialpadStandIn;
  twilio: TwilioStandIn;
  /** Has them send their webhooks to this server, as their dashboards would be set to. */
  pointAt(serverUrl: string): Promise<void>;
  /** What was set up at them, as JSON: tokens that Dialpad gave, webhooks and subscriptions that were made, where Retell's second account sends its own. */
  state(): unknown;
  /** Sets it up again. @throws where it is no such state. */
  restore(state: unknown): void;
  close(): Promise<void>;
}

const KeptState = z.object({ dialpad: z.unknown(), retellHook: z.string().nullable() });

/** The hook that `pointAt` made before, perhaps for another port. One that names an app is the app's. */
async function forgetHookOf(client: ReturnType<typeof dialpadClient>): Promise<void> {
  for (const { id, hook_url } of await client.listWebhooks()) {
    const { pathname, search } = new URL(hook_url);
    if (pathname !== '/webhooks/dialpad' || search !== '') continue;
    const isOf = ({ webhook }: { webhook?: { id: string } | null | undefined }) => webhook?.id === id;
    for (const call of (await client.listCallSubscriptions()).filter(isOf))
      await client.deleteCallSubscription(call.id);
    for (const sms of (await client.listSmsSubscriptions()).filter(isOf))
      await client.deleteSmsSubscription(sms.id);
    await client.deleteWebhook(id);
  }
}

/** Starts the local stand-ins of the providers: small servers that speak the real wire protocols. */
export async function startStandIns(
  onSms?: (sms: LocalSms) => void,
  ports: { retell?: number; dialpad?: number; twilio?: number } = {},
): Promise<StandIns> {
  const { RETELL_API_KEY, DIALPAD_API_KEY, DIALPAD_CLIENT_ID, DIALPAD_CLIENT_SECRET } = standInCredentials;
  const retell = await startRetellStandIn({ apiKey: RETELL_API_KEY, port: ports.retell ?? 0 });
  const dialpad = await startDialpadStandIn({
    apiKey: DIALPAD_API_KEY,
    port: ports.dialpad ?? 0,
    oauth: { clientId: DIALPAD_CLIENT_ID, clientSecret: DIALPAD_CLIENT_SECRET },
  });
  const twilio = await startTwilioStandIn({
    accountSid: standInCredentials.TWILIO_ACCOUNT_SID,
    authToken: standInCredentials.TWILIO_AUTH_TOKEN,
    port: ports.twilio ?? 0,
    ...(onSms ? { onMessage: onSms } : {}),
  });
  const secondRetell = retell.addAccount({ ...secondAccounts.retell, calls: 20, seed: 2 });
  dialpad.addAccount({ apiKey: secondAccounts.dialpad.apiKey, number: 2 });
  // The first organization is the deployment's own: who connects by OAuth brings another one.
  dialpad.consentAs(secondAccounts.dialpad.apiKey);
  return {
    retell,
    dialpad,
    twilio,
    state: () => ({ dialpad: dialpad.state(), retellHook: secondRetell.webhookUrl ?? null }),
    restore(state) {
      const kept = KeptState.parse(state);
      dialpad.restore(kept.dialpad);
      secondRetell.setWebhookUrl(kept.retellHook ?? undefined);
    },
    async pointAt(serverUrl) {
      retell.setWebhookUrl(`${serverUrl}/webhooks/retell`);
      const client = dialpadClient({ token: DIALPAD_API_KEY, baseUrl: dialpad.url });
      await forgetHookOf(client);
      const hook = await client.createWebhook({
        hookUrl: `${serverUrl}/webhooks/dialpad`,
        secret: standInCredentials.DIALPAD_WEBHOOK_SECRET,
      });
      await client.createCallSubscription({ webhookId: hook.id, callStates: ['all'] });
      await client.createSmsSubscription({ webhookId: hook.id, direction: 'all' });
    },
    async close() {
      await Promise.all([retell.close(), dialpad.close(), twilio.close()]);
    },
  };
}
