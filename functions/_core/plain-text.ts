/** Control characters, line ends of every alphabet, and what turns the direction of the text around it. */
const unprintable = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** One line of text, for a subject or a sentence. */
export const oneLine = (text: string): string =>
  text.toWellFormed().replaceAll(unprintable, ' ').replaceAll(/ {2,}/g, ' ').trim();

/** At most so many characters, the last one of them an ellipsis where there were more. */
export function cutTo(text: string, most: number): string {
  const chars = [...text];
  return chars.length > most ? `${chars.slice(0, most - 1).join('')}…` : text;
}

/**
 * A text that somebody chose, in a message of ours. Anyone can call themselves `visit evil.example`: readers make links of
 * such text, unless something invisible stands in it.
 */
export const withoutLinks = (text: string): string => text.replaceAll(/(?<=\S)[.:/@](?=\S)/g, '$&\u2060');

/** A length as players show it: 65 seconds as 1:05. */
export const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
