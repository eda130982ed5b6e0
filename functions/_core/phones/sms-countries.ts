import { env } from '../env.ts';
import { countryOfPhone } from './phone-countries.ts';

/**
 * Whether SMS may go to a number: to the country of the number that sends, and to those of SMS_COUNTRIES. Fraudsters have
 * codes sent to expensive numbers abroad, and get a share of what that costs.
 */
export function isSmsCountry(to: string, from: string): boolean {
  const { SMS_COUNTRIES } = env();
  if (SMS_COUNTRIES === '*') return true;
  const country = countryOfPhone(to);
  return country !== undefined && (SMS_COUNTRIES.has(country) || country === countryOfPhone(from));
}
