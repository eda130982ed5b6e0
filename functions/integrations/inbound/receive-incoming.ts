import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { incoming } from '#providers/incoming/index.ts';
import { receiveEvent } from './shared/receive-event.ts';
import { ReceivedAnswer } from './shared/received-answer.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/incoming/:companyId',
  summary: 'Receive an event of a company’s own system',
  description:
    'JSON signed in x-webhook-signature: HMAC-SHA256 of the body, in hex, with the company’s incoming secret; with x-webhook-timestamp, of `timestamp.body` (a deployment may demand it, by INCOMING_TIMESTAMP).',
  who: ['signed'],
  body: 'raw',
  input: z.object({ companyId: z.string().max(100) }),
  output: ReceivedAnswer,
  errors: ['INVALID_SIGNATURE', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    // An unknown company has no secret, so it is refused like a wrong signature: nobody learns which companies exist.
    return await receiveEvent(incoming, ctx, {
      shared: undefined,
      accepts: ({ kind, companyId }) => kind === 'company' && companyId === input.companyId,
      mayDefault: false,
    });
  },
});
