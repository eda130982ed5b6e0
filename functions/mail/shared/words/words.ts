import type { TemplateData, TemplateName } from '../mail.ts';

/** What a mail says, before it has a form: plain text everywhere, whatever the names in it hold. */
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
}

/** All mails in one language. */
export interface Words {
  greeting(name: string): string;
  /** Above the link as text. */
  linkHint: string;
  footer(sender: string): string;
  templates: { [N in TemplateName]: (data: TemplateData<N>, telling: Telling) => Content };
}

/** The word that goes with a count: 1 hour, 2 hours. */
export const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
