import * as z from 'zod';
import { noticeKinds } from './kinds.ts';
import type { AddressedNotice, Told } from './notice.ts';

export const sendNotificationKind = 'send-notification';

/** What a job knows of the message that it sends: the line of the log, with the job's id, knows the rest. */
const StoredNotice = z.object({
  kind: z.enum(noticeKinds),
  data: z.looseObject({}),
  /** The least role to whom it is sent; null: it is for somebody by name. */
  leastRole: z.string().nullable(),
});

export function payloadOf(notice: AddressedNotice): z.input<typeof StoredNotice> {
  const { kind, data, audience } = notice;
  return { kind, data: { ...data }, leastRole: 'sent' in audience ? audience.sent : null };
}

/** What payloadOf stored. */
export function storedNotice(payload: unknown): { told: Told; leastRole: string | null } {
  const { kind, data, leastRole } = StoredNotice.parse(payload);
  return { told: { kind, data } as unknown as Told, leastRole }; // written by payloadOf alone, of a pair that fits
}
