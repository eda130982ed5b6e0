import { describe, expect, test } from 'vitest';
import { samplesFor } from '../testing/samples.ts';
import { StoredMail, type TemplateName, templateNames } from './mail.ts';
import { mailLanguages, renderMail } from './render.ts';

const hostile = '<img src=x onerror=alert(1)>"\'&\r\nBcc: victim@example.com\u2028\u202e';
const storedMail = (
  template: TemplateName,
  name: string,
  language: string,
  companyName?: string,
): StoredMail =>
  StoredMail.parse(
    // As it comes back from the job, where it was JSON.
    JSON.parse(
      JSON.stringify({ to: 'ana@example.com', language, companyName, ...samplesFor(name)[template] }),
    ),
  );
const each = templateNames.flatMap((template) =>
  mailLanguages.map((language): [TemplateName, string] => [template, language]),
);

describe.each(each)('%s in %s', (template, language) => {
  test('says all that it is told, as HTML and as text', () => {
    const { subject, html, text } = renderMail(storedMail(template, 'Ana García', language, 'Acme & Söhne'));
    expect(subject).toContain(template === 'invitation' ? 'Ana García' : 'Acme & Söhne');
    expect(html).toContain(`<html lang="${language}">`);
    expect(text).toContain('Ana García');
    expect(html).toContain('Acme &#38; Söhne');
    for (const part of [subject, html, text]) {
      expect(part).not.toMatch(/undefined|null|NaN|Invalid|\[object|\$\{|\{\{|%s/);
    }
    const { data } = samplesFor('')[template];
    if ('link' in data) {
      expect(text).toContain(data.link);
      expect(html.split(`href="${data.link.replaceAll('&', '&#38;')}"`)).toHaveLength(3); // button and text
    }
    for (const field of ['minutes', 'hours', 'days', 'code', 'ip'] as const) {
      const value = field in data ? String(data[field as keyof typeof data]) : undefined;
      if (value !== undefined) {
        expect(html).toContain(value);
        expect(text).toContain(value);
      }
    }
  });

  test('shows hostile names as text, on one line', () => {
    const { subject, html, text } = renderMail(storedMail(template, hostile, language, hostile));
    expect(html).not.toMatch(/<img|<script|\u202e|\u2028/i);
    expect(html).toContain('&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38; Bcc');
    expect(subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    expect(text).not.toMatch(/^Bcc/m);
    expect(text).not.toMatch(/[\r\u2028\u202e]/);
    // Every tag is one of the layout's own.
    const tags = new Set([...html.matchAll(/<\/?([a-z!]+)/gi)].map(([, tag]) => tag));
    expect(
      [...tags].filter(
        (tag) => !/^(!doctype|html|head|meta|title|style|body|table|tr|td|p|a|span|br)$/.test(`${tag}`),
      ),
    ).toEqual([]);
  });

  test('loads nothing from elsewhere', () => {
    const { html } = renderMail(storedMail(template, 'Ana', language));
    expect(html).not.toMatch(/\bsrc=|url\(|<link|@import|<script|<form/i);
    expect(html).toContain('Trunkline');
  });
});

describe('a mail', () => {
  test('speaks English to whoever has another language, and knows a language by its first part', () => {
    const subjectIn = (language: string) =>
      renderMail(storedMail('password-changed', 'Ana', language)).subject;
    expect(subjectIn('pt-BR')).toBe(subjectIn('en'));
    expect(subjectIn('')).toBe(subjectIn('en'));
    expect(subjectIn('constructor')).toBe(subjectIn('en'));
    expect(subjectIn('de-AT')).toBe(subjectIn('de'));
    expect(new Set(mailLanguages.map(subjectIn)).size).toBe(4);
  });

  test('greets a person without a name, and shortens a very long one', () => {
    const nameless = renderMail(storedMail('password-changed', ' \r\n', 'en'));
    expect(nameless.text).toMatch(/^Hello,\n/);
    const long = renderMail(storedMail('password-changed', '👩‍🚀'.repeat(500), 'en'));
    expect(long.text.length).toBeLessThan(900);
    expect(long.text.isWellFormed()).toBe(true);
  });

  test('makes no link of what people call themselves', () => {
    const { text, subject } = renderMail(
      storedMail('invitation', 'visit https://evil.example/x', 'en', 'evil.example'),
    );
    expect(text).not.toContain('evil.example');
    expect(subject).not.toContain('evil.example');
    expect(text.replaceAll('\u2060', '')).toContain('visit https://evil.example/x');
  });

  test('counts in words: one hour, two hours', () => {
    const textOf = (hours: number, language: string) =>
      renderMail({
        ...{ to: 'a@example.com', language, template: 'verify-email' },
        data: { name: 'Ana', link: 'https://x.example/', hours },
      }).text;
    expect(textOf(1, 'en')).toContain('1 hour ');
    expect(textOf(2, 'en')).toContain('2 hours ');
    expect(textOf(1, 'de')).toContain('1 Stunde ');
    expect(textOf(2, 'fr')).toContain('2 heures ');
  });

  test('tells times in its language, in UTC', () => {
    const textIn = (language: string) => renderMail(storedMail('new-sign-in', 'Ana', language)).text;
    expect(textIn('en')).toContain('March 1, 2026 at 10:00');
    expect(textIn('de')).toContain('1. März 2026');
    expect(textIn('es')).toContain('UTC');
  });

  test('is refused with a link that is none', () => {
    for (const link of ['javascript:alert(1)', 'data:text/html,x', '/relative', '']) {
      expect(() =>
        StoredMail.parse({
          ...{ to: 'a@example.com', language: 'en', template: 'export-ready' },
          data: { name: 'Ana', hours: 1, link },
        }),
      ).toThrow();
    }
  });
});
