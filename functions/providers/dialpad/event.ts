import { parse as parseLossless } from 'lossless-json';
import {
  durationMsOf,
  flagOf,
  idOf,
  instantMsOf,
  isRecord,
  numberOf,
  partyOf,
  recordingsOf,
  textOf,
  textsOf,
  urlsOf,
} from './lenient.ts';

type Reader = (value: unknown) => unknown;
/** What the readers of some fields make of an object; fields without a reader are kept as they came. */
type ReadBy<R extends Record<string, Reader>> = { [K in keyof R]: ReturnType<R[K]> } & Record<
  string,
  unknown
>;

/**
 * Reads the fields that have a reader. Not by zod: a lenient field never fails, so a schema has nothing to say, and
 * forty of them through zod would take most of the time that an event costs.
 */
function readBy<R extends Record<string, Reader>>(readers: R, value: Record<string, unknown>): ReadBy<R> {
  const read: Record<string, unknown> = { ...value };
  for (const field in readers) read[field] = readers[field]?.(value[field]);
  return read as ReadBy<R>; // each field is what its own reader returns
}

function readOnly<R extends Record<string, Reader>>(
  readers: R,
  value: Record<string, unknown>,
): { [K in keyof R]: ReturnType<R[K]> } {
  const read: Record<string, unknown> = {};
  for (const field in readers) read[field] = readers[field]?.(value[field]);
  return read as { [K in keyof R]: ReturnType<R[K]> }; // each field is what its own reader returns
}

const word = (value: unknown) => textOf(value)?.trim();
const lowerWord = (value: unknown) => textOf(value)?.toLowerCase();

/** Of a call event, what tells it from others, when it was and whose it may be: all that is read as it comes in. */
const identityReaders = {
  call_id: idOf,
  state: word,
  target: partyOf,
  entry_point_target: partyOf,
  company_id: idOf,
  office_id: idOf,
  group_id: textOf,
  date_started: instantMsOf,
  date_rang: instantMsOf,
  date_queued: instantMsOf,
  date_connected: instantMsOf,
  date_ended: instantMsOf,
  event_timestamp: instantMsOf,
};
type ReadIdentity = { [K in keyof typeof identityReaders]: ReturnType<(typeof identityReaders)[K]> };
export type CallIdentity = ReadIdentity & { call_id: string; state: string };

/**
 * A call event, and also a call of `GET /api/v2/call`, which has the same fields under some other names. Only
 * `call_id` is asked for; every other field is read leniently and is undefined where Dialpad says null, `{}`, '' or
 * nonsense. Durations are milliseconds, instants epoch milliseconds. Unknown fields are kept as they came.
 */
const callReaders = {
  ...identityReaders,
  direction: lowerWord,
  external_number: textOf,
  internal_number: textOf,
  contact: partyOf,
  proxy_target: partyOf,
  transferred_from: partyOf,
  entry_point_call_id: idOf,
  operator_call_id: idOf,
  master_call_id: idOf,
  date_first_rang: instantMsOf,
  duration: durationMsOf,
  total_duration: durationMsOf,
  talk_time: durationMsOf,
  hold_time: durationMsOf,
  is_internal: flagOf,
  is_transferred: flagOf,
  was_recorded: flagOf,
  callback_requested: flagOf,
  csat_score: numberOf,
  pcsat_score: numberOf,
  mos_score: numberOf,
  labels: textsOf,
  voicemail_link: urlsOf,
  voicemail_share_link: urlsOf,
  voicemail_recording_id: idOf,
  recording_url: urlsOf,
  call_recording_share_links: urlsOf,
  admin_call_recording_share_links: urlsOf,
  recording_details: recordingsOf,
  transcription_text: textOf,
};
export type DialpadCall = ReadBy<typeof callReaders> & { call_id: string };
export type CallEvent = DialpadCall & { state: string };

/** A call of an event or of the list. Undefined: it has no id. */
export function readDialpadCall(value: unknown): DialpadCall | undefined {
  if (!isRecord(value)) return undefined;
  const call = readBy(callReaders, value);
  return hasText(call, 'call_id') ? call : undefined;
}

const hasText = <K extends string, T extends Record<string, unknown>>(
  object: T,
  field: K,
): object is T & Record<K, string> => typeof object[field] === 'string';

const longestState = 64;

/** An SMS or MMS event. Read as leniently as a call; `to_number` is a list whether it came as one or not. */
const smsReaders = {
  id: idOf,
  direction: lowerWord,
  from_number: textOf,
  to_number: textsOf,
  contact: partyOf,
  target: partyOf,
  sender_id: idOf,
  company_id: idOf,
  office_id: idOf,
  created_date: instantMsOf,
  event_timestamp: instantMsOf,
  message_status: lowerWord,
  message_delivery_result: lowerWord,
  mms_url: urlsOf,
  text: textOf,
  text_content: textOf,
};
export type SmsEvent = ReadBy<typeof smsReaders> & { id: string };

type EventOf<Call> = { kind: 'call'; event: Call } | { kind: 'sms'; event: SmsEvent };
export type DialpadEvent = EventOf<CallEvent>;

const signsOfSms = ['message_status', 'from_number', 'to_number'];

/** Tells a call event from an SMS event. Undefined: neither (a contact or agent-status event, or nothing of Dialpad's). */
export const readDialpadEvent = (value: unknown): DialpadEvent | undefined =>
  readEvent<CallEvent>(value, (call) => readBy(callReaders, call));

/** The same, but of a call no more than identifies it: a third of the time. */
export const readDialpadIdentity = (value: unknown): EventOf<CallIdentity> | undefined =>
  readEvent<CallIdentity>(value, (call) => readOnly(identityReaders, call));

function readEvent<Call extends CallIdentity>(
  value: unknown,
  readCall: (value: Record<string, unknown>) => Omit<Call, 'call_id' | 'state'> & ReadIdentity,
): EventOf<Call> | undefined {
  if (!isRecord(value)) return undefined;
  if ('call_id' in value) {
    const call = readCall(value);
    if (!hasText(call, 'call_id') || !hasText(call, 'state') || call.state.length > longestState)
      return undefined;
    return { kind: 'call', event: call as unknown as Call }; // both texts are there, as was just seen
  }
  if (!signsOfSms.some((field) => field in value)) return undefined;
  const sms = readBy(smsReaders, value);
  return hasText(sms, 'id') ? { kind: 'sms', event: sms } : undefined;
}

/** What may be an integer past 2^53 (9 007 199 254 740 992): most events have none, and need no second look. */
const manyDigits = /9\d{15}|\d{17}/;

/** Whether a number was rounded as it was read: Dialpad's ids stand in the event itself and in its parties. */
const isRounded = (value: unknown): boolean =>
  typeof value === 'number'
    ? !Number.isSafeInteger(value) && Number.isInteger(value)
    : isNested(value) && Object.values(value).some(isRounded);

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

/**
 * JSON.parse, except that integers past 2^53 - 1 become text instead of being rounded: Dialpad's ids are 64-bit.
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseDialpadJson(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  if (!manyDigits.test(text) || !isRounded(plain)) return plain;
  try {
    return parseLossless(text, null, (digits) => {
      const number = Number(digits);
      return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(digits)
        ? digits
        : number;
    });
  } catch {
    return plain; // lossless-json refuses what JSON allows: a key that occurs twice
  }
}
