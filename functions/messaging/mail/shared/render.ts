import { cutTo, oneLine, withoutLinks } from '#core/plain-text.ts';
import { htmlOf, textOf } from './layout.ts';
import type { Message, Money, StoredMail, TemplateName } from './mail.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import type { Content, Telling, Words } from './words/words.ts';

const languages: ReadonlyMap<string, Words> = new Map(Object.entries({ en, de, es, fr }));
export const mailLanguages = [...languages.keys()];

const longestName = 100;

/** A name that somebody chose, as part of our mail; a stranger may be invited with it. */
const named = (name: string): string => withoutLinks(cutTo(oneLine(name), longestName));

const chosenByPeople = new Set([
  ...['name', 'inviterName', 'device', 'from', 'orderNumber', 'reference', 'invoiceNumber'],
  ...['campaign', 'title', 'place'],
]);

function tidiedField(field: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => tidiedField(field, item));
  if (typeof value === 'object' && value && !(value instanceof Date)) return tidied(value);
  if (typeof value !== 'string') return value;
  if (field === 'link') return new URL(value).href;
  return chosenByPeople.has(field) ? named(value) : oneLine(value);
}

/** The data with every text on one line, and links as browsers write them. */
function tidied<D extends object>(data: D): D {
  const entries = Object.entries(data).map(([field, value]) => [field, tidiedField(field, value)]);
  return Object.fromEntries(entries) as D; // the same fields, of the same types
}

/** Read by people who have no account here. */
const toCustomers: ReadonlySet<TemplateName> = new Set([
  ...(['order-confirmation', 'payment-received', 'payment-failed', 'invoice', 'appointment'] as const),
]);

/** Told as the reader's preferences, or their company's, say: of the company's calls and webhooks, not of an account. */
const noticesOfEvents: ReadonlySet<TemplateName> = new Set([
  ...(['missed-call', 'voicemail', 'webhook-failing', 'webhook-disabled', 'campaign-status'] as const),
]);

const footerOf = (words: Words, template: TemplateName, sender: string): string => {
  if (toCustomers.has(template)) return words.customerFooter(sender);
  return noticesOfEvents.has(template) ? words.noticeFooter(sender) : words.footer(sender);
};

/** A moment in words. A zone that this runtime does not know tells no time: UTC does. */
function momentIn(language: string, zone: string | null | undefined): (at: Date | string) => string {
  const parts: Intl.DateTimeFormatOptions = {
    ...{ day: 'numeric', month: 'long', year: 'numeric' },
    ...{ hour: 'numeric', minute: '2-digit', timeZoneName: 'short' },
  };
  const formatIn = (timeZone: string) => new Intl.DateTimeFormat(language, { ...parts, timeZone });
  let format: Intl.DateTimeFormat;
  try {
    format = formatIn(zone || 'UTC');
  } catch {
    format = formatIn('UTC');
  }
  return (at) => format.format(new Date(at));
}

const dayIn = (language: string) => (date: string) =>
  new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));

/**
 * The currencies whose minor unit is not a hundredth, by its digits, as ISO 4217 has them. Intl knows other digits,
 * those that people write: of forints none, though amounts come in hundredths.
 */
const unusualDigits: readonly [digits: number, currencies: string][] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const moneyIn =
  (language: string) =>
  ({ amount, currency }: Money) => {
    const digits = unusualDigits.find(([, codes]) => codes.includes(currency))?.[0] ?? 2;
    return new Intl.NumberFormat(language, {
      ...{ style: 'currency', currency },
      ...{ minimumFractionDigits: digits, maximumFractionDigits: digits },
    }).format(amount / 10 ** digits);
  };

function contentOf(words: Words, mail: StoredMail, telling: Telling): Content {
  const write = words.templates[mail.template] as (data: unknown, telling: Telling) => Content;
  const content = write(tidied(mail.data), telling); // StoredMail has parsed the data by the template's own schema
  return { ...content, paragraphs: content.paragraphs.filter(Boolean) };
}

/** Writes a mail in its reader's language, as HTML and as text. */
export function renderMail(mail: StoredMail): Message {
  const asked = mail.language.toLowerCase().split(/[-_]/)[0] ?? '';
  const words = languages.get(asked) ?? en;
  const language = words === en ? 'en' : asked;
  const sender = named(mail.companyName ?? '') || 'Trunkline';
  const zone = 'timezone' in mail.data ? mail.data.timezone : undefined;
  const content = contentOf(words, mail, {
    sender,
    moment: momentIn(language, zone),
    day: dayIn(language),
    money: moneyIn(language),
  });
  const footer = footerOf(words, mail.template, sender);
  const name = 'name' in mail.data ? named(mail.data.name ?? '') : '';
  const letter = { language, sender, greeting: words.greeting(name), content, words, footer };
  return { to: mail.to, subject: oneLine(content.subject), html: htmlOf(letter), text: textOf(letter) };
}
