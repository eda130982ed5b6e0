/** E.164: a plus, a country code that does not begin with 0, and at most 15 digits in all. Source: ITU-T E.164 (2010). */
const e164 = /^\+[1-9]\d{6,14}$/;
/** Dialpad's display format of a North American number: `(510) 555-0199`, also `1-510-555-0199` or `510.555.0199`. */
const northAmericanDisplay = /^(?:\+?1[ .-]?)?\(?([2-9]\d{2})\)?[ .-]{1,2}([2-9]\d{2})[ .-](\d{4})$/;
const separators = /[\s().-]/g;

/**
 * A phone number as Dialpad writes it, in E.164. Digits without a plus and without the separators of the North
 * American display format could be of any country, and are not guessed at.
 * @returns Undefined for what is no full number: extensions, short codes, `anonymous`, an empty text.
 */
export function toE164(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  if (!trimmed || trimmed.length > 40) return undefined;
  const display = northAmericanDisplay.exec(trimmed);
  if (display) return `+1${display[1]}${display[2]}${display[3]}`;
  if (!trimmed.startsWith('+')) return undefined;
  const digits = trimmed.replace(separators, '');
  return e164.test(digits) ? digits : undefined;
}
