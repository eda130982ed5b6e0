import { makeContext } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { env } from '#core/env.ts';
import { log } from '#core/log.ts';
import { escaped } from '../../functions/messaging/mail/shared/layout.ts';
import { mailboxChannel } from '../../functions/messaging/mail/shared/mailbox.ts';

/** What the Twilio stand-in delivers, as the telephone that it is for would show it. */
export interface LocalSms {
  from: string;
  to: string;
  body: string;
}

/** Keeps an SMS in the local mailbox, among the mails: no telephone gets it. Outside production only. */
export async function keepSms({ from, to, body }: LocalSms): Promise<void> {
  if (env().isProduction) return;
  const ctx = makeContext({
    requestId: newId(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
  const html = `<!doctype html><html><head><meta charset="utf-8"></head><body style="font: 16px/1.5 sans-serif; white-space: pre-wrap">${escaped(body)}</body></html>`;
  await mailboxChannel(ctx)
    .send(newId(), { to, subject: `SMS from ${from}`, text: body, html })
    .catch((error: unknown) => log().warn({ err: error }, 'an SMS could not be kept in the local mailbox'));
}
