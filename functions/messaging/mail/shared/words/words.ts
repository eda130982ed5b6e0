import type { Money, TemplateData, TemplateName } from '../mail.ts';

/** What a mail says, before it has a form: plain text everywhere, also where the names in it hold markup. */
export interface Content {
  subject: string;
  /** Each a paragraph; the first follows the greeting. */
  paragraphs: string[];
  button?: { label: string; link: string };
  /** To be typed off. */
  code?: string;
  /** After the button, small: what to do if this was not you. */
  notes?: string[];
}

export interface Telling {
  /** Whose mail it is: the company's name, or Trunkline. */
  sender: string;
  /** A moment, in words of this language. */
  moment(at: Date | string): string;
  /** A day of the calendar, given as 2026-03-01. */
  day(date: string): string;
  money(money: Money): string;
}

/** All mails in one language. */
export interface Words {
  greeting(name: string): string;
  /** Above the link as text. */
  linkHint: string;
  footer(sender: string): string;
  /** The same of what is told as the reader's preferences say. */
  noticeFooter(sender: string): string;
  /** The same to those who have no account here. */
  customerFooter(sender: string): string;
  templates: { [N in TemplateName]: (data: TemplateData<N>, telling: Telling) => Content };
}

/** The word that goes with a count: 1 hour, 2 hours. */
export const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

/** A button, where there is something to open. */
export const button = (label: string, link: string | null | undefined): Pick<Content, 'button'> =>
  link ? { button: { label, link } } : {};

/** One paragraph of several lines; what is absent has none. */
export const lines = (...texts: (string | false | null | undefined)[]): string =>
  texts.filter(Boolean).join('\n');

/** What was ordered, a line each. */
export const itemLines = ({ items = [] }: TemplateData<'order-confirmation'>, { money }: Telling): string =>
  lines(
    ...items.map(({ quantity, name, price }) => `${quantity} × ${name}${price ? ` · ${money(price)}` : ''}`),
  );
