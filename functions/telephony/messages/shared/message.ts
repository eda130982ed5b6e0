import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { messages } from '#db/schema/messages.ts';
import { Direction, MessageStatus } from '../../model/words.ts';

export const Message = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    appId: z.uuid().nullable(),
    provider: z.string(),
    providerMessageId: z.string(),
    direction: Direction.nullable(),
    status: MessageStatus,
    from: z.string().nullable().describe('E.164'),
    to: z.array(z.string()).describe('E.164, one for each receiver'),
    body: z.string().nullable().describe('Null where the provider does not export the text.'),
    mediaUrls: z.array(z.string()),
    errorCode: z.string().nullable(),
    providerAgentId: z.string().nullable(),
    sentAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Message' });

export const messageShape = shapeOf(Message, {
  id: messages.id,
  companyId: messages.companyId,
  appId: messages.appId,
  provider: messages.provider,
  providerMessageId: messages.providerMessageId,
  direction: messages.direction,
  status: messages.status,
  from: messages.fromNumber,
  to: messages.toNumbers,
  body: messages.body,
  mediaUrls: messages.mediaUrls,
  errorCode: messages.errorCode,
  providerAgentId: messages.providerAgentId,
  sentAt: messages.sentAt,
  createdAt: messages.createdAt,
  updatedAt: messages.updatedAt,
});
