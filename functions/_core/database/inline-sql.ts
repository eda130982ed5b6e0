/**
 * A statement with its parameters written into it, for a pooler that can't keep prepared statements: one round trip, and
 * none of the parameters' types asked for. All quoting of this code base is here.
 */

const name = '[A-Za-z_\\u0080-\\uffff]';
/** Strings, names and comments, which may hold a `$1` that is no parameter, each as a whole; a parameter is what is left. */
const tokens = new RegExp(
  [
    `[eE]'(?:[^'\\\\]|\\\\.|'')*'`,
    `'(?:[^']|'')*'`,
    `"(?:[^"]|"")*"`,
    `--[^\\n]*`,
    `/\\*.*?\\*/`,
    `\\$(?<tag>(?:${name}[\\w\\u0080-\\uffff]*)?)\\$.*?\\$\\k<tag>\\$`,
    `${name}[\\w$\\u0080-\\uffff]*`,
    `\\$(?<number>\\d+)`,
  ].join('|'),
  'gs',
);

/** Text as a literal that means the same with either setting of standard_conforming_strings, as quote_literal() has it. */
function quoted(text: string): string {
  if (text.includes('\0')) {
    // Postgres's own refusal: a simple query would end at the NUL.
    throw Object.assign(new Error('A text holds a NUL character.'), { code: '22021' });
  }
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return `'${value}'`;
  if (value instanceof Uint8Array) return ` E'\\\\x${Buffer.from(value).toString('hex')}'`;
  if (value instanceof Date) return `'${value.toISOString()}'`;
  throw new TypeError(`A parameter of type ${typeof value} cannot be written as a literal.`);
}

/** @throws TypeError for a parameter that is missing, or an object; an error with code 22021 for a NUL. */
export function inlined(text: string, params: readonly unknown[]): string {
  return text.replace(tokens, (token, ...rest) => {
    const groups: { number?: string } = rest.at(-1);
    if (groups.number === undefined) return token;
    const index = Number(groups.number) - 1;
    if (!(index in params)) throw new TypeError(`The statement names ${token}, which was not given.`);
    return literal(params[index]);
  });
}
