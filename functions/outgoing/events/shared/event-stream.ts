import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm/sql';
import { countedAs } from '#core/callers/caller.ts';
import type { Context } from '#core/context.ts';
import { equals } from '#core/database/filters.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { limitAddress } from '#core/http/address.ts';
import type { Stream, StreamTerms } from '#core/http/stream.ts';
import { Semaphore } from '#core/work/semaphore.ts';
import { outbox } from '#db/schema/pipeline.ts';
import { inTheLog, loggedEventShape, logOf } from './event.ts';
import { type OpenStream, openStream } from './open-streams.ts';

/** How soon a client comes back that was cut off. */
const retryMs = 2_000;
/** The same for a client whose place another one got. */
const retryLaterMs = 30_000;
/** A proxy between us and the client may close a connection that is silent for longer. */
const silenceMs = 15_000;
/** Between two reads of one stream, however fast events come: what comes meanwhile is read together. */
const restMs = 100;
/** Events of one read; for a slow reader, no more than these wait in memory. */
const maxEvents = 100;
/** Where all is held until the end: no part is added to so many characters. */
const maxBufferedChars = 500_000;
/** A stream that nobody reads gives its place back. */
const unreadMs = 10_000;
/** Places of the log that one read looks at: an agent, or a filter, may see none of them. */
const maxPlaces = 10_000;

interface Followed {
  types: readonly string[] | undefined;
  appId: string | undefined;
}

/** Streams read two at a time, so that the instance's other requests find connections free when something happens. */
const reading = new Semaphore(2);

/** The last place taken in the caller's log, and whether the caller is a person with an e-mail address not proved. */
export async function headOfLog(ctx: Context): Promise<{ head: number; isUnproved: boolean }> {
  const userId = 'userId' in ctx.caller ? ctx.caller.userId : null;
  const rows = await ctx.db((tx) =>
    rowsOf<{ head: string | null; isUnproved: boolean }>(
      tx,
      sql`select (select sequence from event_heads where company_id = (select private.caller_company_id())) as head,
        ${userId}::uuid is not null and not exists (
          select from users where id = ${userId}::uuid and email_verified_at is not null) as "isUnproved"`,
    ),
  );
  return { head: Number(rows[0]?.head ?? 0), isUnproved: rows[0]?.isUnproved ?? true };
}

interface Part {
  /** As many blocks as there are events. */
  text: string;
  /** The place of the last of them; 0 where there is none. */
  last: number;
  /** Up to where the log has been read with it. */
  position: number;
  hasMore: boolean;
}

/** JSON may hold line breaks between its values: each line has its own `data:`. */
const block = (sequence: string, type: string, item: string): string =>
  `id: ${sequence}\nevent: ${type}\ndata: ${item.replaceAll(/\r\n|\r|\n/g, '\ndata: ')}\n\n`;

/** What comes after `position`, read as the caller, who is checked again with it. One statement: head and events agree. */
async function readPart(ctx: Context, { types, appId }: Followed, position: number): Promise<Part> {
  const leave = await reading.enter();
  try {
    const most = position + maxPlaces;
    const conditions = [
      ...inTheLog(),
      sql`${outbox.sequence} > ${position}::bigint`,
      sql`${outbox.sequence} <= ${most}::bigint`,
      ...[equals(outbox.appId, appId)].filter((condition) => condition !== undefined),
    ];
    const rows = await ctx.db((tx) =>
      rowsOf<{ head: string; sequence: string | null; type: string; item: string }>(
        tx,
        sql`select h.head, e.sequence, e.type, e.item
          from (select coalesce(max(sequence), 0) as head from event_heads
            where company_id = (select private.caller_company_id())) h
          left join (select ${outbox.sequence} as sequence, ${outbox.type} as type, ${asJson(loggedEventShape)} as item
            from ${logOf(types)} where ${sql.join(conditions, sql` and `)}
            order by ${outbox.sequence} limit ${maxEvents}::int) e on true
          order by e.sequence`,
      ),
    );
    const events = rows.filter(({ sequence }) => sequence !== null);
    const head = Number(rows[0]?.head ?? 0);
    const last = Number(events.at(-1)?.sequence ?? 0);
    const reached = events.length === maxEvents ? last : Math.min(most, head);
    const text = events.map(({ sequence, type, item }) => block(String(sequence), type, item)).join('');
    return { text, last, position: Math.max(position, reached), hasMore: reached < head };
  } finally {
    leave();
  }
}

/** An end for good, as programs and people are told it: coming back with these credentials would do no better. */
function endOf(error: unknown): string | undefined {
  const isForGood =
    error instanceof AppError && ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN'].includes(error.code);
  if (!isForGood) return undefined;
  return `event: end\ndata: ${JSON.stringify({ code: error.code, message: error.message })}\n\n`;
}

const expiryOf = ({ caller }: Context): number =>
  caller.kind === 'user' ? caller.claims.exp * 1000 : Number.POSITIVE_INFINITY;

async function* written(
  ctx: Context,
  followed: Followed,
  open: OpenStream,
  { signal, maxMs, isBuffered }: StreamTerms,
): AsyncGenerator<string, void, undefined> {
  const endsAt = performance.now() + maxMs;
  const expiresAt = expiryOf(ctx);
  // An id without data is remembered by the client, and nothing else: cut off before the first event, it misses none.
  yield `retry: ${retryMs}\nid: ${open.position}\n\n`;
  let [told, lastWordAt, chars] = [open.position, performance.now(), 0];
  while (!signal.aborted) {
    if (open.isGivenUp) {
      yield `: another reader got this place, come back later\nretry: ${retryLaterMs}\n\n`;
      return;
    }
    if (Date.now() >= expiresAt) throw new AppError('TOKEN_EXPIRED');
    const readAt = performance.now();
    const part = await readPart(ctx, followed, open.position);
    open.position = part.position;
    const isSilent = readAt - lastWordAt >= silenceMs || part.position - told >= maxPlaces;
    if (part.text !== '' || isSilent) {
      const words = part.text || ': still here\n\n';
      // Behind what is shown lie places that this reader does not see.
      yield part.position > Math.max(told, part.last) ? `${words}id: ${part.position}\n\n` : words;
      [told, lastWordAt, chars] = [part.position, performance.now(), chars + part.text.length];
    }
    const isOver =
      performance.now() >= endsAt || (isBuffered && chars > (part.hasMore ? maxBufferedChars : 0));
    if (isOver) return;
    if (part.hasMore) continue;
    const silence = lastWordAt + silenceMs - performance.now();
    await open.wait(Math.min(silence, endsAt - performance.now(), expiresAt - Date.now()), signal);
    await pause(readAt + restMs - performance.now(), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

/**
 * Follows the caller's log from behind `position`, as server-sent events. Every read checks the caller anew: who is logged
 * out, removed or revoked is told so by an event `end`, at the latest with the next sign of life.
 * @throws AppError RATE_LIMITED where too many streams are open.
 */
export function followLog(
  ctx: Context,
  followed: Followed,
  { position, isUnproved }: { position: number; isUnproved: boolean },
): Stream {
  const callerId = countedAs(ctx.caller) ?? ctx.caller.kind;
  const address = limitAddress(ctx.ip);
  const open = openStream({ companyId: ctx.companyId, callerId, isUnproved, address }, position);
  let forgotten = setTimeout(() => open.close(), unreadMs).unref();
  return async function* stream(terms) {
    clearTimeout(forgotten);
    if (Number.isFinite(terms.maxMs))
      forgotten = setTimeout(() => open.close(), terms.maxMs + unreadMs).unref();
    try {
      yield* written(ctx, followed, open, terms);
    } catch (error) {
      const end = endOf(error);
      if (end !== undefined) yield end;
      else ctx.log.warn({ err: error }, 'a stream of events broke off; its reader comes back');
    } finally {
      clearTimeout(forgotten);
      open.close();
    }
  };
}
