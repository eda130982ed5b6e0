import { type SQL, sql } from 'drizzle-orm/sql';
import type { Direction } from './words.ts';

/**
 * The status of a call: its words, and what they mean, in one place.
 *
 * Who decides the status of a call:
 * - Dialpad: `providers/dialpad/states.ts` says what each of its states means, `conversation.ts` beside it how a
 *   conversation of several legs ended.
 * - Retell: `providers/retell/call-stage.ts`.
 * - A company's own systems: `providers/incoming/event.ts`.
 * - Between updates that contradict each other: the clocks (`clocks.ts`) and the merge
 *   (`integrations/inbound/shared/merge.ts`).
 */

/** Statuses of a call that is not over, in the order in which a call can go through them. */
const openStatuses = ['scheduled', 'queued', 'ringing', 'in_progress', 'on_hold'] as const;

/** Statuses of a call that is over. */
export const finalStatuses = ['completed', 'missed', 'voicemail', 'failed', 'cancelled'] as const;

/** Every status. A database test holds it against the check of `calls.status`. */
export const callStatuses = [...openStatuses, ...finalStatuses] as const;
export type CallStatus = (typeof callStatuses)[number];

/** It waits, rings or talks now. */
export const activeStatuses = ['queued', 'ringing', 'in_progress', 'on_hold'] as const;
/** Someone talked to the caller … */
export const answeredStatuses = ['in_progress', 'on_hold', 'completed'] as const;
/** … or nobody took the call: the callee of an outbound one, us of any other (`wasMissed`). */
const unansweredStatuses = ['missed', 'voicemail'] as const;

const includes = (list: readonly CallStatus[], status: CallStatus): boolean => list.includes(status);

export const isFinal = (status: CallStatus): boolean => includes(finalStatuses, status);
export const isActive = (status: CallStatus): boolean => includes(activeStatuses, status);
export const isAnswered = (status: CallStatus): boolean => includes(answeredStatuses, status);

/**
 * Somebody called us and nobody answered. An outbound call that nobody took is none of ours to miss; a call whose direction
 * nobody has told is taken for one to us: better a miss told in vain than one that is told to nobody.
 */
export const wasMissed = (status: CallStatus, direction: Direction | null | undefined): boolean =>
  includes(unansweredStatuses, status) && direction !== 'outbound';

/** A condition of SQL: the status in this column is one of the list. */
export const statusIn = (column: SQL | { getSQL(): SQL }, list: readonly CallStatus[]): SQL =>
  sql`${column} in (${sql.raw(list.map((status) => `'${status}'`).join(', '))})`;

/** `wasMissed` as a condition of SQL, true or false wherever there is a status. */
export const missedIn = (status: SQL | { getSQL(): SQL }, direction: SQL | { getSQL(): SQL }): SQL =>
  sql`(${statusIn(status, unansweredStatuses)} and ${direction} is distinct from 'outbound')`;
