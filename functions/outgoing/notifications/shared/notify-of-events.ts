import * as z from 'zod';
import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import { audiencesOf, type Handled } from './audience.ts';
import type { AddressedNotice, Told, ToldEvent } from './notice.ts';
import { tell } from './notify.ts';

const PhoneNumber = z.string().nullable().catch(null);
const Id = z.uuid().nullable().catch(null);
const CallData = z.object({ from: PhoneNumber, agentId: Id });
const VoicemailData = z.object({
  from: PhoneNumber,
  callId: Id,
  durationMs: z.number().nullable().catch(null),
});

/** What an event says to people, and who handled what it is about. */
type Telling = (event: ToldEvent, data: unknown) => { told: Told; handled: Omit<Handled, 'companyId'> };

const tellings: ReadonlyMap<string, Telling> = new Map<string, Telling>([
  [
    'call.missed',
    ({ subjectId, occurredAt }, data) => {
      const { from, agentId } = CallData.parse(data);
      return {
        told: { kind: 'call.missed', data: { callId: subjectId, from, at: occurredAt } },
        handled: { callId: subjectId, voicemailId: null, agentId },
      };
    },
  ],
  [
    'voicemail.received',
    ({ subjectId, occurredAt }, data) => {
      const { from, callId, durationMs } = VoicemailData.parse(data);
      const seconds = durationMs === null ? null : Math.round(durationMs / 1000);
      return {
        told: { kind: 'voicemail.received', data: { voicemailId: subjectId, from, seconds, at: occurredAt } },
        handled: { callId, voicemailId: subjectId, agentId: null },
      };
    },
  ],
]);

/** The events of the outbox that notifications tell of. */
export const toldTypes: readonly string[] = [...tellings.keys()];

/**
 * Tells people of these events, as far as there is something to tell, in the transaction that dispatches them (the
 * service's). Doing it twice changes nothing.
 */
export async function notifyOfEvents(tx: Tx, ctx: Context, events: readonly ToldEvent[]): Promise<void> {
  const found = events.flatMap((event) => {
    const telling = tellings.get(event.type);
    if (!telling || event.data === null) return [];
    try {
      return [{ event, ...telling(event, JSON.parse(event.data)) }];
    } catch (error) {
      // Told to nobody: it must not hold up what is dispatched with it.
      ctx.log.error({ eventId: event.id, type: event.type, err: error }, 'an event is not of its form');
      return [];
    }
  });
  if (found.length === 0) return;
  const audiences = await audiencesOf(
    tx,
    found.map(({ event, handled }) => ({ companyId: event.companyId, ...handled })),
  );
  const notices = found.flatMap(({ event, told }, n): AddressedNotice[] => {
    const audience = audiences[n];
    return audience
      ? [{ ...{ companyId: event.companyId, audience, dedupeKey: event.id, eventId: event.id }, ...told }]
      : [];
  });
  await tell(tx, ctx, notices);
}
