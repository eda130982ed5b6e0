import * as z from 'zod';

/** What a provider is told: that its event is kept. Providers look at the status only; people at the rest. */
export const ReceivedAnswer = z
  .object({
    id: z
      .uuid()
      .describe('Of the stored event, for GET /internal/events; of a repeat, an id that was not kept.'),
    status: z.enum(['received', 'repeated', 'unmatched', 'unrecognised']),
  })
  .meta({ id: 'ReceivedEvent' });
