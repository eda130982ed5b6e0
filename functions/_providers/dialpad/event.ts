import { parse as parseLossless } from 'lossless-json';
import * as z from 'zod';
import {
  durationMsOf,
  flagOf,
  idOf,
  instantMsOf,
  isRecord,
  lenient,
  numberOf,
  partyOf,
  recordingsOf,
  textOf,
  textsOf,
  urlsOf,
} from './lenient.ts';

const requiredId = z.unknown().transform(idOf).pipe(z.string());
const requiredWord = z
  .unknown()
  .transform((value) => textOf(value)?.trim())
  .pipe(z.string().max(64));

/**
 * A call event, and also a call of `GET /api/v2/call`, which has the same fields under some other names. Only
 * `call_id` is asked for; every other field is read leniently and is undefined where Dialpad says null, `{}`, '' or
 * nonsense. Durations are milliseconds, instants epoch milliseconds. Unknown fields are kept as they came.
 */
export const DialpadCall = z.looseObject({
  call_id: requiredId,
  state: lenient((value) => textOf(value)?.trim()),
  direction: lenient((value) => textOf(value)?.toLowerCase()),
  external_number: lenient(textOf),
  internal_number: lenient(textOf),
  contact: lenient(partyOf),
  target: lenient(partyOf),
  entry_point_target: lenient(partyOf),
  proxy_target: lenient(partyOf),
  transferred_from: lenient(partyOf),
  entry_point_call_id: lenient(idOf),
  operator_call_id: lenient(idOf),
  master_call_id: lenient(idOf),
  company_id: lenient(idOf),
  office_id: lenient(idOf),
  group_id: lenient(textOf),
  date_started: lenient(instantMsOf),
  date_rang: lenient(instantMsOf),
  date_first_rang: lenient(instantMsOf),
  date_queued: lenient(instantMsOf),
  date_connected: lenient(instantMsOf),
  date_ended: lenient(instantMsOf),
  event_timestamp: lenient(instantMsOf),
  duration: lenient(durationMsOf),
  total_duration: lenient(durationMsOf),
  talk_time: lenient(durationMsOf),
  hold_time: lenient(durationMsOf),
  is_internal: lenient(flagOf),
  is_transferred: lenient(flagOf),
  was_recorded: lenient(flagOf),
  callback_requested: lenient(flagOf),
  csat_score: lenient(numberOf),
  pcsat_score: lenient(numberOf),
  mos_score: lenient(numberOf),
  labels: lenient(textsOf),
  voicemail_link: lenient(urlsOf),
  voicemail_share_link: lenient(urlsOf),
  voicemail_recording_id: lenient(idOf),
  recording_url: lenient(urlsOf),
  call_recording_share_links: lenient(urlsOf),
  admin_call_recording_share_links: lenient(urlsOf),
  recording_details: lenient(recordingsOf),
  transcription_text: lenient(textOf),
});
export type DialpadCall = z.infer<typeof DialpadCall>;

export const CallEvent = DialpadCall.extend({ state: requiredWord });
export type CallEvent = z.infer<typeof CallEvent>;

/** An SMS or MMS event. Read as leniently as a call; `to_number` is a list whether it came as one or not. */
export const SmsEvent = z.object({
  id: requiredId,
  direction: lenient((value) => textOf(value)?.toLowerCase()),
  from_number: lenient(textOf),
  to_number: lenient(textsOf),
  contact: lenient(partyOf),
  target: lenient(partyOf),
  sender_id: lenient(idOf),
  company_id: lenient(idOf),
  office_id: lenient(idOf),
  created_date: lenient(instantMsOf),
  event_timestamp: lenient(instantMsOf),
  message_status: lenient((value) => textOf(value)?.toLowerCase()),
  message_delivery_result: lenient((value) => textOf(value)?.toLowerCase()),
  mms_url: lenient(urlsOf),
  text: lenient(textOf),
  text_content: lenient(textOf),
});
export type SmsEvent = z.infer<typeof SmsEvent>;

export type DialpadEvent = { kind: 'call'; event: CallEvent } | { kind: 'sms'; event: SmsEvent };

const signsOfSms = ['message_status', 'from_number', 'to_number'];

/** Tells a call event from an SMS event. Undefined: neither (a contact or agent-status event, or nothing of Dialpad's). */
export function readDialpadEvent(value: unknown): DialpadEvent | undefined {
  if (!isRecord(value)) return undefined;
  if ('call_id' in value) {
    const call = CallEvent.safeParse(value);
    return call.success ? { kind: 'call', event: call.data } : undefined;
  }
  if (!signsOfSms.some((field) => field in value)) return undefined;
  const sms = SmsEvent.safeParse(value);
  return sms.success ? { kind: 'sms', event: sms.data } : undefined;
}

/** 17 digits in a row, or 16 from 9007… on: 2^53 is 9007199254740992, and Dialpad's ids have 16 digits. */
const mayHoldUnsafeInteger = /\d{17}|900[7-9]\d{12}|90[1-9]\d{13}|9[1-9]\d{14}/;

/**
 * JSON.parse, except that integers past 2^53 - 1 become text instead of being rounded: Dialpad's ids are 64-bit.
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseDialpadJson(text: string): unknown {
  if (!mayHoldUnsafeInteger.test(text)) return JSON.parse(text);
  const plain: unknown = JSON.parse(text);
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
