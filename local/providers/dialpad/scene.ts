import type { Organization } from './organization.ts';

/** Where and when a call of a lifecycle takes place, and what chance decides. */
export interface Scene {
  of: Organization;
  /** Epoch milliseconds. */
  start: number;
  /** The nth call_id of this call. */
  id(n: number): number;
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  customer: { id: number; name: string; phone: string };
  userIndex: number;
}

/** The item at an index that wraps around. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('an empty list');
  return item;
}

export const recordingOf = (callId: number, startedAt: number, durationMs: number) => ({
  was_recorded: true,
  call_recording_ids: [String(callId + 20)],
  recording_url: [`https://dialpad.com/blob/callrecording/${callId + 20}.mp3`],
  recording_details: [
    {
      id: String(callId + 20),
      duration: durationMs,
      start_time: startedAt,
      recording_type: 'callrecording',
      url: `https://dialpad.com/blob/callrecording/${callId + 20}.mp3`,
    },
  ],
});
