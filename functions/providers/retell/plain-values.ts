/** The fields that have a value: the contract wants what is not known to be absent. */
export function onlyKnown<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // What is left has the values of T, and each key that was dropped is one that T lets be absent.
  return Object.fromEntries(entries) as T;
}

/** Epoch milliseconds as ISO 8601 UTC. */
export function isoTime(epochMs: number): string;
export function isoTime(epochMs: number | undefined): string | undefined;
export function isoTime(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs).toISOString();
}

/** The number as a decimal text, without an exponent: 14.35 → '14.35', 1e-7 → '0.0000001'. */
export function decimalText(value: number | undefined): string | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const text = String(value);
  if (!text.includes('e')) return text;
  return value.toFixed(20).replace(/\.?0+$/, '');
}

/** The number where it is E.164; a withheld number ("anonymous") or a SIP address is not. */
export function e164(number: string | undefined): string | undefined {
  return number !== undefined && /^\+[1-9]\d{1,14}$/.test(number) ? number : undefined;
}
