import type { Update } from '#telephony/model/updates.ts';
import { readDialpadEvent } from './event.ts';
import { translateCall } from './translate-call.ts';
import { translateSms } from './translate-sms.ts';
import { translateVoicemail } from './translate-voicemail.ts';

/**
 * What a Dialpad event says, in the pipeline's words.
 * @throws {TypeError} when the event is neither a call nor a message, which `identify` would have said.
 */
export function translate(event: unknown): Update[] {
  const read = readDialpadEvent(event);
  if (!read) throw new TypeError('Neither a Dialpad call event nor a Dialpad SMS event');
  if (read.kind === 'sms') return translateSms(read.event);
  return [...translateCall(read.event), ...translateVoicemail(read.event)];
}
