import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { type AppError, invalidField } from '#core/errors.ts';
import { RawReply } from '#core/http/reply.ts';
import { typesInput } from './shared/event.ts';
import { followLog, headOfLog } from './shared/event-stream.ts';

const mediaType = 'text/event-stream; charset=utf-8';

const refuse = (path: string, message: string): AppError =>
  invalidField(path, message, `${path} ${message}.`);

/** What a client that was cut off has read last. @throws AppError VALIDATION_FAILED */
function lastEventId(header: string | null): number | undefined {
  if (header === null) return undefined;
  const number = /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (number === undefined) throw refuse('Last-Event-ID', 'must be the number of an event');
  return number;
}

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/events/stream',
  summary: 'Stream events as they happen',
  description:
    'Server-sent events: `id` is the `sequence`, `event` the type, `data` the event as GET /api/events shows it. Whoever comes back with `Last-Event-ID` (or `after`) misses nothing; without either, the stream begins with what happens next. A comment every 15 seconds shows that it lives; an event `end` says why it ended for good, a stream that just ends is to be opened again. Where the platform does not let an answer run on, it ends after the first events, or some seconds. Credentials go in a header, never in the address, so browsers read it by `fetch` rather than `EventSource`.',
  who: ['user', 'key'],
  permission: 'events:read',
  limit: 'stream',
  input: z.object({
    after: z.coerce
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe('The `sequence` of the last event that is known. The header Last-Event-ID comes first.'),
    types: typesInput.optional(),
  }),
  output: z.string(),
  envelope: 'none',
  produces: mediaType,
  async handle({ ctx, input }) {
    const known = lastEventId(ctx.headers.get('last-event-id'));
    const { head, isUnproved } = await headOfLog(ctx);
    const position = known ?? input.after ?? head;
    if (position > head)
      throw refuse(
        known === undefined ? 'after' : 'Last-Event-ID',
        `lies beyond the log’s end, which is ${head}`,
      );
    const { caller } = ctx;
    const appId = caller.kind === 'key' ? (caller.appId ?? undefined) : undefined;
    return new RawReply({
      headers: { 'content-type': mediaType, 'x-accel-buffering': 'no' }, // proxies are not to hold it back
      stream: followLog(ctx, { types: input.types, appId }, { position, isUnproved }),
    });
  },
});
