/** Control characters, what turns the direction of text, and what is not seen. Line ends stay; so do joiners. */
const unseen = /(?!\n)[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2061-\u2069\ufeff]+/gu;

/** Text that shows all that stands in it: whole characters, and no more than one empty line on end. */
export const plain = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(unseen, '')
    .replaceAll(/ *\n */g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * The text if it is no longer than `most`, else as many whole characters of it as have room beside an ellipsis. Its
 * length is that of what it is `written` as.
 */
export function shortened(
  text: string,
  most: number,
  { ellipsis = '…', written = (part: string) => part } = {},
): string {
  if (written(text).length <= most) return text;
  let end = 0;
  let room = most - ellipsis.length;
  for (const { segment } of characters.segment(text)) {
    room -= written(segment).length;
    if (room < 0) break;
    end += segment.length;
  }
  return `${text.slice(0, end).trimEnd()}${ellipsis}`;
}
