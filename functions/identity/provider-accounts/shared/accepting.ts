import { ProviderError } from '#core/clients/http-client.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import { firstPageOf, organizationsOf } from './listing.ts';

/** What a company sets of an account at a provider. */
export type Credentials =
  | { provider: 'retell' | 'dialpad'; token: string }
  | { provider: 'twilio'; accountSid: string; authToken: string };

async function ask(credentials: Credentials): Promise<unknown> {
  if (credentials.provider === 'twilio') {
    const { accountSid, authToken } = credentials;
    return await firstPageOf({ accountSid, authToken, baseUrl: env().TWILIO_API_URL });
  }
  const { provider, token } = credentials;
  return provider === 'retell'
    ? await firstPageOf({ token, baseUrl: env().RETELL_API_URL })
    : await organizationsOf({ token, baseUrl: dialpadApiUrl() });
}

/**
 * Whether the provider knows these credentials. 403 is a yes: a key that may do less than its company's admin.
 * @throws ProviderError when the provider does not answer.
 */
export async function isAccepted(credentials: Credentials): Promise<boolean> {
  try {
    await ask(credentials);
    return true;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.status === 401) return false;
    if (error.status === 403) return true;
    throw error;
  }
}
