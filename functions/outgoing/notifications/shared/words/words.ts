import { cutTo, oneLine, withoutLinks } from '#core/plain-text.ts';
import type { Told } from '../notice.ts';
import type { Content, Words } from './content.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';

const languages: ReadonlyMap<string, Words> = new Map(Object.entries({ en, de, es, fr }));
export const noticeLanguages = [...languages.keys()];

const longest = 200;

/** What somebody can call themselves, who is no member: readers make links of it, unless something stands in it. */
const chosenByStrangers = new Set(['from', 'device']);

function fitForWords(data: object): object {
  const fields = Object.entries(data).map(([field, value]) => {
    if (typeof value !== 'string') return [field, value];
    const text = cutTo(oneLine(value), longest) || null;
    if (!chosenByStrangers.has(field)) return [field, text];
    return [field, text && withoutLinks(text)];
  });
  return Object.fromEntries(fields);
}

/** The words of a language, which may be any; English stands in for those that we have none in. */
const wordsIn = (language: string): Words =>
  languages.get(language.toLowerCase().split(/[-_]/)[0] ?? '') ?? en;

/** The SMS with the code that proves a number. */
export const phoneCodeIn = (language: string, code: string, minutes: number): string =>
  wordsIn(language).phoneCode(code, minutes);

export const openIn = (language: string): string => wordsIn(language).open;

/** Says it in the language. */
export function contentOf({ kind, data }: Told, language: string): Content {
  const say = wordsIn(language)[kind] as (data: unknown) => Content;
  return say(fitForWords(data)); // Told pairs each kind with its own data
}
