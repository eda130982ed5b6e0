/*
 * Readers for single values as Dialpad has been seen to write them. What cannot be read counts as absent, so that one
 * odd field never costs the whole event.
 */

const longestId = 128;
/** 9999-12-31: later instants have no four-digit year, which ISO 8601 text for the database needs. */
const latestMs = 253_402_300_799_999;
/** A signed 32-bit column holds it: 24 days. */
const longestDurationMs = 2_147_483_647;

/** An id as text, whether it came as a number or a string. 0, '' and null mean none. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value > 0
      ? Number.isSafeInteger(value)
        ? String(value)
        : BigInt(value).toString()
      : undefined;
  }
  const text = textOf(value)?.trim();
  return text && text !== '0' && text.length <= longestId ? text : undefined;
}

/** Text that is not empty, without NUL, which PostgreSQL text cannot hold. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return text.trim() === '' ? undefined : text;
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const text = textOf(value)?.trim();
  if (text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) return undefined;
  return Number(text);
}

/** Milliseconds of a duration: Dialpad gives floats (8951.03). */
export function durationMsOf(value: unknown): number | undefined {
  const ms = numberOf(value);
  if (ms === undefined || ms < 0 || ms > longestDurationMs) return undefined;
  return Math.round(ms);
}

/** Epoch milliseconds, from a number, its text, or ISO 8601. 0 and null mean that it has not happened. */
export function instantMsOf(value: unknown): number | undefined {
  const number = numberOf(value) ?? (typeof value === 'string' ? Date.parse(value) : Number.NaN);
  const ms = Math.trunc(number);
  return ms > 0 && ms <= latestMs ? ms : undefined;
}

/** Booleans, also as text: `is_transferred` has been seen as "FALSE". */
export function flagOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

/** One text or a list of them, as a list. Objects give their name. */
export function textsOf(value: unknown): string[] | undefined {
  const texts = (Array.isArray(value) ? value : [value])
    .map((item) => textOf(item) ?? (isRecord(item) ? textOf(item.name) : undefined))
    .filter((item) => item !== undefined);
  return texts.length > 0 ? [...new Set(texts)] : undefined;
}

/** One web address or a list of them, as a list. */
export function urlsOf(value: unknown): string[] | undefined {
  const urls = textsOf(value)?.filter((url) => /^https?:\/\//i.test(url));
  return urls && urls.length > 0 ? urls : undefined;
}

export interface Party {
  id?: string | undefined;
  type?: string | undefined;
  name?: string | undefined;
  /** As written, not yet E.164. */
  phone?: string | undefined;
  officeId?: string | undefined;
}

/** A contact or target. `{}` means none. Call events say `phone`, SMS events `phone_number`. */
export function partyOf(value: unknown): Party | undefined {
  if (!isRecord(value)) return undefined;
  const party = {
    id: idOf(value.id),
    type: textOf(value.type),
    name: textOf(value.name),
    phone: textOf(value.phone) ?? textOf(value.phone_number),
    officeId: idOf(value.office_id),
  };
  return Object.values(party).some((field) => field !== undefined) ? party : undefined;
}

export interface Recording {
  id?: string | undefined;
  /** `callrecording`, `admincallrecording`, `voicemail`. */
  type?: string | undefined;
  url?: string | undefined;
  durationMs?: number | undefined;
  startedAtMs?: number | undefined;
}

export function recordingsOf(value: unknown): Recording[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((item) => ({
    id: idOf(item.id),
    type: textOf(item.recording_type)?.toLowerCase(),
    url: urlsOf(item.url)?.[0],
    durationMs: durationMsOf(item.duration),
    startedAtMs: instantMsOf(item.start_time),
  }));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
