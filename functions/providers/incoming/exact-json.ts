import { parse as parseLossless } from 'lossless-json';

/** Sixteen digits in a row: only such a number can pass 2^53 - 1, which is 9007199254740991. */
const mayHoldUnsafeInteger = /\d{16}/;

/**
 * JSON.parse, except that an integer past 2^53 - 1 becomes text instead of being rounded: a company's own id in
 * `metadata` may well be one.
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseExactJson(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  if (!mayHoldUnsafeInteger.test(text)) return plain;
  try {
    return parseLossless(text, null, (digits) =>
      /^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits)) ? digits : Number(digits),
    );
  } catch {
    return plain; // lossless-json refuses what JSON allows: a key that occurs twice
  }
}
