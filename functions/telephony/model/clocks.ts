/**
 * Where an update stands among all updates of the same call. Providers deliver late, twice and swapped, so a field
 * takes the value of the update with the greatest clock that knows the field, compared by rank, then by time.
 */
export interface Clock {
  /** How far the call was. Use `ranks`, or a number between two of them for a provider's finer step. */
  rank: number;
  /** When the provider says that it happened, epoch milliseconds. */
  at: number;
}

/** Ranks of the steps of a call. Steps of one rank follow each other by time (hold, resume, hold). */
export const ranks = {
  scheduled: 0,
  queued: 10,
  ringing: 20,
  inProgress: 30,
  missed: 100,
  voicemail: 110,
  ended: 120,
  /** Facts learned after the end: a summary, a transcript, a score. */
  analyzed: 130,
} as const;

/** Whether an update of this rank tells of the end of a call, or of something after it. */
export const isAfterEnd = (rank: number): boolean => rank >= ranks.missed;
