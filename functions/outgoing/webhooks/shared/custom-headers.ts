import * as z from 'zod';
import { decryptSecret, placeOf, type SecretPlace } from '#core/security/secrets.ts';

const most = 20;

/** Of HTTP itself, of ours, or of proxies in between. */
const reserved =
  /^(host|connection|content-.*|transfer-encoding|upgrade|te|trailer|keep-alive|expect|user-agent|accept|accept-encoding|proxy-.*|webhook-.*|x-webhook-.*|x-forwarded-.*|forwarded|via)$/;

const Name = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'must be the name of a header, as x-api-token')
  .refine((name) => !reserved.test(name), 'is a header that cannot be set');
const Value = z
  .string()
  .max(2000, 'may have at most 2000 characters')
  .regex(/^[\t\x20-\x7e]*$/, 'may hold no line breaks, and no characters but those of ASCII');

/** Headers of the receiver's own, that go along with each delivery. */
export const headersInput = z
  .record(Name, Value)
  .refine((headers) => Object.keys(headers).length <= most, `may be at most ${most}`);

const Stored = z.record(z.string(), z.string());

/** The webhook that headers are of. They open for the origin alone that they were set for. */
export interface HeadersOwner {
  id: string;
  companyId: string;
  url: string;
}

export const headersPlace = ({ id, companyId, url }: HeadersOwner): SecretPlace =>
  placeOf('webhook_endpoints.headers', { id, company_id: companyId, url });

/** @param stored Encrypted JSON, as webhook_endpoints.headers has it for this webhook. */
export const headersOf = (owner: HeadersOwner, stored: string | null): Record<string, string> =>
  stored === null ? {} : Stored.parse(JSON.parse(decryptSecret(stored, headersPlace(owner))));
