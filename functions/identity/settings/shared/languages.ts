import type { languages as profileLanguages } from '../../auth/public.ts';

type Code = (typeof profileLanguages)[number];

interface Named {
  name: string;
  nativeName: string;
  direction: 'ltr' | 'rtl';
  /** Mails come in it; in the others, they come in English. */
  hasEmailTemplates: boolean;
}

const ltr = (name: string, nativeName: string, hasEmailTemplates = false): Named => ({
  name,
  nativeName,
  direction: 'ltr',
  hasEmailTemplates,
});

/** Each language that a profile can have. */
const named: Record<Code, Named> = {
  en: ltr('English', 'English', true),
  de: ltr('German', 'Deutsch', true),
  es: ltr('Spanish', 'Español', true),
  fr: ltr('French', 'Français', true),
  hi: ltr('Hindi', 'हिन्दी'),
  it: ltr('Italian', 'Italiano'),
  ja: ltr('Japanese', '日本語'),
  nl: ltr('Dutch', 'Nederlands'),
  pl: ltr('Polish', 'Polski'),
  pt: ltr('Portuguese', 'Português'),
  sv: ltr('Swedish', 'Svenska'),
  tr: ltr('Turkish', 'Türkçe'),
  uk: ltr('Ukrainian', 'Українська'),
  zh: ltr('Chinese', '中文'),
};

export const languages = Object.entries(named).map(([code, about]) => ({ code, ...about }));
