import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { retell } from '#providers/retell/index.ts';
import { receiveEvent } from './shared/receive-event.ts';
import { ReceivedAnswer } from './shared/received-answer.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/webhooks/retell',
  summary: 'Receive an event of Retell',
  description:
    'call_started, call_ended, call_analyzed and the transfer events, signed in x-retell-signature with the API key (RETELL_API_KEY, or the company’s own).',
  who: ['signed'],
  body: 'raw',
  input: z.object({
    company_id: z
      .string()
      .max(100)
      .optional()
      .describe('The company whose own key signs: where many have one, its address should say so.'),
  }),
  inQuery: ['company_id'],
  output: ReceivedAnswer,
  errors: ['INVALID_SIGNATURE', 'UNAVAILABLE'],
  async handle({ ctx, input: { company_id: companyId } }) {
    return await receiveEvent(retell, ctx, {
      shared: env().RETELL_API_KEY,
      accepts: (secret) => companyId === undefined || secret.companyId === companyId,
      mayDefault: true,
    });
  },
});
