import { describe, expect, test } from 'vitest';
import { EnvironmentError, parseEnv } from '../env.ts';
import { countryOfPhone, phoneCountries } from './phone-countries.ts';

describe('the country of a number', () => {
  test.each([
    ['+14155550101', 'US'],
    ['+16045550101', 'CA'],
    ['+18765550101', 'JM'],
    ['+18095550101', 'DO'],
    ['+18005550101', undefined],
    ['+19005550101', undefined],
    ['+447400123456', 'GB'],
    ['+447797123456', 'JE'],
    ['+447911123456', 'GG'],
    ['+447012345678', undefined],
    ['+79161234567', 'RU'],
    ['+77011234567', 'KZ'],
    ['+390669812345', 'VA'],
    ['+393331234567', 'IT'],
    ['+491701234567', 'DE'],
    ['+2638612345678', 'ZW'],
    ['+881612345678', undefined],
    ['+88216123456', undefined],
    ['+999123', undefined],
    ['', undefined],
  ])('%s is of %s', (number, country) => {
    expect(countryOfPhone(number)).toBe(country);
  });

  test('is of 230 countries and more, each known by its two letters', () => {
    expect(phoneCountries.length).toBeGreaterThan(225);
    const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
    expect(phoneCountries.filter((code) => names.of(code) === undefined)).toEqual([]);
  });
});

test('SMS_COUNTRIES names what is no country', () => {
  const given = (SMS_COUNTRIES: string) =>
    parseEnv({ DATABASE_URL: 'postgres://localhost/x', SMS_COUNTRIES }).SMS_COUNTRIES;
  expect(given('*')).toBe('*');
  expect(given('us, De')).toEqual(new Set(['US', 'DE']));
  expect(given('')).toEqual(new Set());
  expect(() => given('US,UK')).toThrow(EnvironmentError);
  expect(() => given('US,UK')).toThrow(/SMS_COUNTRIES.*UK is none/);
});
