import { describe, expect, test } from 'vitest';
import { samplesFor } from '../testing/samples.ts';
import { StoredMail, type TemplateName, templateNames } from './mail.ts';
import { mailLanguages, renderMail } from './render.ts';

const at = '2026-03-01T10:00:00.000Z';
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
/** Whose subjects say who, or what, it is about. */
const namesSomebody = new Set<TemplateName>(['invitation', 'campaign-status', 'missed-call', 'voicemail']);
const each = templateNames.flatMap((template) =>
  mailLanguages.map((language): [TemplateName, string] => [template, language]),
);

describe.each(each)('%s in %s', (template, language) => {
  test('says all that it is told, as HTML and as text', () => {
    const { subject, html, text } = renderMail(storedMail(template, 'Ana García', language, 'Acme & Söhne'));
    expect(subject).toContain(namesSomebody.has(template) ? 'Ana García' : 'Acme & Söhne');
    expect(html).toContain(`<html lang="${language}">`);
    expect(text).toContain('Ana García');
    expect(html).toContain('Acme &#38; Söhne');
    for (const part of [subject, html, text]) {
      expect(part).not.toMatch(/undefined|null|NaN|Invalid|\[object|\$\{|\{\{|%s/);
    }
    const { data } = samplesFor('')[template];
    if ('link' in data && data.link) {
      expect(text).toContain(data.link);
      expect(html.split(`href="${data.link.replaceAll('&', '&#38;')}"`)).toHaveLength(3); // button and text
    }
    for (const field of ['minutes', 'hours', 'days', 'code', 'ip', 'url', 'reason'] as const) {
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

  test('needs no link, and no more than it must be told', () => {
    const bare = <N extends TemplateName>(template: N, data: object, language: string) =>
      renderMail(
        StoredMail.parse({
          ...{ to: 'a@example.com', language, companyName: 'Acme', template },
          data: { name: 'Ana', ...data },
        }),
      );
    const amount = { amount: 100, currency: 'USD' };
    for (const language of mailLanguages) {
      for (const [template, data] of [
        ['order-confirmation', { orderNumber: '7', total: amount }],
        ['payment-received', { amount, at }],
        ['payment-failed', { amount }],
        ['invoice', { invoiceNumber: '7', amount }],
        ['campaign-status', { campaign: 'Spring', status: 'started' }],
        ['appointment', { status: 'cancelled', title: 'Talk', at }],
        ['missed-call', { from: null, at }],
        ['voicemail', { from: null, at, seconds: null }],
        ['webhook-failing', { url: 'https://x.example/', reason: 'No.' }],
        ['webhook-disabled', { url: 'https://x.example/', reason: 'No.', link: null }],
      ] as const) {
        const { subject, text, html } = bare(template, data, language);
        for (const part of [subject, text, html])
          expect(part).not.toMatch(/undefined|null|NaN|Invalid|\[object/);
        expect(text).not.toMatch(/\n{3}|:\n\n(-- |Total|Summe)/); // no empty paragraph, no list without lines
        expect(html).not.toContain('class="button"');
      }
    }
  });

  test.each([
    ['en', 123_456, 'EUR', '€1,234.56'],
    ['en', 123_456, 'JPY', '¥123,456'],
    ['en', 123_456, 'KWD', 'KWD 123.456'],
    ['en', 123_456, 'HUF', 'HUF 1,234.56'], // Intl would say HUF 123,456
    ['en', 0, 'USD', '$0.00'],
    ['en', -550, 'USD', '-$5.50'],
    ['de', 123_456, 'EUR', '1.234,56 €'],
    ['es', 123_456, 'EUR', '1234,56 €'],
    ['fr', 123_456, 'TND', '123,456 TND'],
    ['en', 1, 'XQQ', 'XQQ 0.01'],
    ['en', 90_071_992_547_409, 'USD', '$900,719,925,474.09'],
  ])('in %s writes %i of %s as %s', (language, amount, currency, expected) => {
    const { text } = renderMail({
      ...{ to: 'a@example.com', language, template: 'payment-failed' },
      data: { name: 'Ana', amount: { amount, currency } },
    });
    expect(text.replaceAll(/[\u00a0\u202f]/g, ' ').replaceAll('.\n', ' ')).toContain(` ${expected} `);
  });

  test('refuses money that is none', () => {
    for (const amount of [
      { amount: 1.5, currency: 'USD' },
      { amount: 1, currency: 'usd' },
      { amount: 1, currency: 'EURO' },
      { amount: '1', currency: 'USD' },
    ]) {
      expect(() =>
        StoredMail.parse({
          ...{ to: 'a@example.com', language: 'en', template: 'payment-failed' },
          data: { name: 'Ana', amount },
        }),
      ).toThrow();
    }
  });

  test('tells times in the zone of its reader, where it knows one', () => {
    const textIn = (language: string, timezone?: string | null) =>
      renderMail({
        ...{ to: 'a@example.com', language, template: 'missed-call' },
        data: { name: 'Ana', from: '+14155550101', at, ...(timezone === undefined ? {} : { timezone }) },
      }).text;
    expect(textIn('en', 'America/New_York')).toContain('March 1, 2026 at 5:00 AM EST');
    expect(textIn('de', 'Europe/Berlin')).toContain('1. März 2026 um 11:00 MEZ');
    expect(textIn('fr', 'Asia/Kolkata')).toContain('1 mars 2026 à 15:30 UTC+5:30');
    for (const none of [undefined, null, '', 'Mars/Olympus', '../../etc/passwd'])
      expect(textIn('es', none)).toContain('1 de marzo de 2026 a las 10:00 UTC');
    expect(renderMail(storedMail('invoice', 'Ana', 'en')).text).toContain('Due on March 31, 2026');
  });

  test('shows a number as it is, and makes no link of what a caller is called', () => {
    const subjectFrom = (from: string | null) =>
      renderMail({
        ...{ to: 'a@example.com', language: 'en', template: 'missed-call' },
        data: { name: 'Ana', from, at },
      }).subject;
    expect(subjectFrom('+14155550101')).toBe('Missed call from +14155550101');
    expect(subjectFrom('(415) 555-0101')).toBe('Missed call from (415) 555-0101');
    expect(subjectFrom(null)).toBe('Missed call from an unknown number');
    expect(subjectFrom('Bank: call https://evil.example/x')).not.toMatch(/https?:\/\/|evil\.example/);
  });

  test('tells how long a voicemail is', () => {
    const textOf = (seconds: number) =>
      renderMail({
        ...{ to: 'a@example.com', language: 'en', template: 'voicemail' },
        data: { name: 'Ana', from: null, at, seconds },
      }).text;
    expect(textOf(0)).toContain('Length: 0:00');
    expect(textOf(65.9)).toContain('Length: 1:05');
    expect(textOf(3600)).toContain('Length: 60:00');
  });
});
