/** Text that Postgres can hold: NULs go, halves of surrogate pairs become U+FFFD. At most `longest` UTF-16 units of it. */
export const storableText = (text: string, longest = Number.POSITIVE_INFINITY): string =>
  text.replaceAll('\0', '').slice(0, longest).toWellFormed();

/**
 * A JSON value that a jsonb column can hold, its keys too.
 * @param depth Levels that it may have: what lies deeper is null.
 */
export function storable(value: unknown, depth = Number.POSITIVE_INFINITY): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.map((item) => storable(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key), storable(item, depth - 1)]),
  );
}
