import { describe, expect, test } from 'vitest';
import { smsText } from './sms-text.ts';
import { plain, shortened } from './text.ts';

describe('a text', () => {
  test('holds nothing that is not seen, and keeps its lines', () => {
    expect(plain(' a\0b\u001b[31m\r\nc\u2028d\te\u202e\u200b \n\n\n\n f\ud800 ')).toBe(
      'ab[31m\nc\nd e\n\nf\ufffd',
    );
    expect(plain('👩‍🚀 नमस्ते می‌خواهم')).toBe('👩‍🚀 नमस्ते می‌خواهم');
    expect(plain('\r\n\0 ')).toBe('');
  });

  test('is cut between characters, as they are seen', () => {
    expect(shortened('abc', 3)).toBe('abc');
    expect(shortened('abcd', 3)).toBe('ab…');
    expect(shortened('ab cd', 4)).toBe('ab…');
    expect(shortened('👩‍🚀👩‍🚀👩‍🚀', 11)).toBe('👩‍🚀👩‍🚀…');
    expect(shortened('👩‍🚀👩‍🚀👩‍🚀', 10)).toBe('👩‍🚀…');
    expect(shortened(`e${'\u0301'.repeat(500)}`, 320)).toBe('…');
    expect(shortened('&&&', 11, { written: (text) => text.replaceAll('&', '&amp;') })).toBe('&&…');
  });
});

describe('an SMS', () => {
  test('is written in the alphabet of the network where it has the same characters', () => {
    expect(smsText('“Missed call” – that’s 1\u00a0minute…')).toBe(`"Missed call" - that's 1 minute...`);
    expect(smsText('Grüße, año, ça, 日本')).toBe('Grüße, año, ça, 日本');
    expect(smsText('cafe\u0301')).toBe('café');
  });

  test('has at most 320 characters, all of them whole', () => {
    expect(smsText('a'.repeat(320))).toBe('a'.repeat(320));
    expect(smsText('a'.repeat(321))).toBe(`${'a'.repeat(317)}...`);
    for (const hostile of ['👩‍🚀', '😀', 'e\u0301\u0302', '\ud83d', '日']) {
      const text = smsText(hostile.repeat(500));
      expect(text.length).toBeLessThanOrEqual(320);
      expect(text.isWellFormed()).toBe(true);
      expect(text.replace(/\.\.\.$/, '').replaceAll(hostile.toWellFormed().normalize(), '')).toBe('');
    }
    // Longer only when it is written in the alphabet of the network.
    expect(smsText('…'.repeat(200))).toHaveLength(320);
  });

  test('keeps the link at its end, unless that is the whole of it', () => {
    const link = '\nhttps://app.example.com/calls/0198a7c2-0000-7000-8000-000000000000';
    const text = smsText(`${'long '.repeat(100)}${link}`);
    expect(text).toHaveLength(319); // no space before the dots
    expect(text.endsWith(`...${link}`)).toBe(true);
    expect(smsText(`Hello\nhttps://x.example/${'a'.repeat(400)}`)).toHaveLength(320);
  });
});
