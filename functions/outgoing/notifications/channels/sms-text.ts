import { plain, shortened } from './text.ts';

/** Two parts in the telephone network's own alphabet (GSM 03.38), which is charged by the part. */
const maxCharacters = 320;

/** One character outside that alphabet more than halves what a part holds: these have an equal inside. */
const inGsm: readonly [RegExp, string][] = [
  [/[‘’‚‛′`´]/g, "'"],
  [/[“”„‟″«»]/g, '"'],
  [/[‐‑‒–—―−•·]/g, '-'],
  [/…/g, '...'],
  [/[\u00a0\u2000-\u200a\u202f\u3000]/g, ' '],
];

const cut = (text: string, most: number): string => shortened(text, most, { ellipsis: '...' });

/** Text as it goes out by SMS; where it is too long, a link at its end stays whole. */
export function smsText(text: string): string {
  const clear = inGsm.reduce(
    (said, [others, ours]) => said.replaceAll(others, ours),
    plain(text).normalize(),
  );
  if (clear.length <= maxCharacters) return clear;
  const [link = ''] = /\nhttps?:\/\/\S{1,200}$/.exec(clear) ?? [];
  return `${cut(clear.slice(0, clear.length - link.length), maxCharacters - link.length)}${link}`;
}
