import * as z from 'zod';
import { env } from '../../env.ts';
import { isPrivateHost } from './addresses.ts';

/** Where we may send what people ask us to send. */
export interface OutgoingRules {
  /** To http:// too. */
  allowsHttp: boolean;
  /** To this machine and private networks too. */
  allowsPrivate: boolean;
}

export const outgoingRules = (): OutgoingRules => ({
  allowsHttp: !env().isProduction,
  allowsPrivate: env().WEBHOOK_ALLOW_PRIVATE ?? !env().isProduction,
});

/** Why nothing can be sent to this address, as the end of a sentence; undefined where it can. */
export function refusalOfUrl(text: string, { allowsHttp, allowsPrivate }: OutgoingRules): string | undefined {
  if (!URL.canParse(text)) return 'must be an address such as https://example.com/hook';
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (protocol !== 'https:' && !(allowsHttp && protocol === 'http:'))
    return allowsHttp ? 'must begin with https:// or http://' : 'must begin with https://';
  if (hostname === '') return 'must name a host';
  if (username !== '' || password !== '') return 'must hold no user or password';
  if (hash !== '') return 'must hold no fragment';
  if (!allowsPrivate && isPrivateHost(hostname)) return 'must not lead to this machine or a private network';
  return undefined;
}

/** An address of somebody else's that we send to. */
export const outgoingUrl = z
  .url({ error: 'must be an address such as https://example.com/hook' })
  .max(2000, 'may have at most 2000 characters')
  .superRefine((text, refuse) => {
    const message = refusalOfUrl(text, outgoingRules());
    if (message) refuse.addIssue({ code: 'custom', message });
  });

/** The host that a URL leads to, without its port, however it is written: what shares its connections. */
export const hostOf = (url: string): string => new URL(url).hostname.replace(/\.$/, '');
