import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';
import { keptMails, requireMailbox } from './shared/mailbox.ts';
import { mailboxPage } from './shared/mailbox-page.ts';

/** Whether JSON is asked for by name: browsers do not. */
const wantsJson = (accept: string | null) => /\bapplication\/json\b/i.test(accept ?? '');

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/dev/mailbox',
  summary: 'Read the mails of a deployment that has no mail provider',
  description:
    'For development; 404 in production. A page for people; with `Accept: application/json`, at most 100 mails as `[{ to, subject, text, html, at }]`, newest first.',
  who: ['public'],
  input: z.object({
    to: z.string().max(320).optional().describe('Only mails and SMS to this address or number.'),
  }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    requireMailbox();
    const mails = await keptMails(ctx, input.to);
    if (!wantsJson(ctx.headers.get('accept'))) return mailboxPage(mails, input.to);
    return new RawReply({
      headers: { 'content-type': 'application/json; charset=utf-8', vary: 'Accept' },
      body: JSON.stringify(mails.map(({ to, subject, text, html, at }) => ({ to, subject, text, html, at }))),
    });
  },
});
