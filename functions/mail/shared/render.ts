import { htmlOf, textOf } from './layout.ts';
import type { Message, StoredMail } from './mail.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import type { Content, Telling, Words } from './words/words.ts';

const languages: ReadonlyMap<string, Words> = new Map(Object.entries({ en, de, es, fr }));
export const mailLanguages = [...languages.keys()];

/** Control characters, line ends of every alphabet, and what turns the direction of the text around it. */
const unprintable = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;
const longestName = 100;

/** One line of text, for a subject or a sentence. */
const oneLine = (text: string): string => text.replaceAll(unprintable, ' ').replaceAll(/ {2,}/g, ' ').trim();

/**
 * A name that somebody chose, as part of our mail. Anyone can call themselves `visit evil.example`, and have a stranger
 * invited: readers make links of such text, unless something invisible stands in it.
 */
function named(name: string): string {
  const short = [...oneLine(name.toWellFormed())];
  const text = short.length > longestName ? `${short.slice(0, longestName - 1).join('')}…` : short.join('');
  return text.replaceAll(/(?<=\S)[.:/@](?=\S)/g, '$&\u2060');
}

const chosenByPeople = new Set(['name', 'inviterName', 'device']);

/** The data with every text on one line, and links as browsers write them. */
function tidied<D extends object>(data: D): D {
  const entries = Object.entries(data).map(([field, value]) => {
    if (typeof value !== 'string') return [field, value];
    if (field === 'link') return [field, new URL(value).href];
    return [field, chosenByPeople.has(field) ? named(value) : oneLine(value)];
  });
  return Object.fromEntries(entries) as D; // the same fields, of the same types
}

function contentOf(words: Words, mail: StoredMail, telling: Telling): Content {
  const write = words.templates[mail.template] as (data: unknown, telling: Telling) => Content;
  return write(tidied(mail.data), telling); // StoredMail has parsed the data by the template's own schema
}

/** Writes a mail in its reader's language, as HTML and as text. */
export function renderMail(mail: StoredMail): Message {
  const asked = mail.language.toLowerCase().split(/[-_]/)[0] ?? '';
  const words = languages.get(asked) ?? en;
  const language = words === en ? 'en' : asked;
  const sender = named(mail.companyName ?? '') || 'Trunkline';
  const moments = new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  const content = contentOf(words, mail, {
    sender,
    moment: (at) => `${moments.format(new Date(at))} UTC`,
  });
  const name = 'name' in mail.data ? named(mail.data.name ?? '') : '';
  const letter = { language, sender, greeting: words.greeting(name), content, words };
  return { to: mail.to, subject: oneLine(content.subject), html: htmlOf(letter), text: textOf(letter) };
}
