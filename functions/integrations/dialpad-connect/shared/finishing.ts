import { timingSafeEqual } from 'node:crypto';
import { ProviderError } from '#core/clients/http-client.ts';
import { exchangeCode, type OAuthTokens } from '#core/clients/oauth.ts';
import type { Context } from '#core/context.ts';
import { dialpadApiUrl } from '#core/env.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { askedScopes, keepConnection, oauthApp, redirectUri } from '#identity/provider-accounts/public.ts';
import { deauthorize } from '#providers/dialpad/oauth.ts';
import { browserCookieOf, hashOfCookie } from './browser-cookie.ts';
import { type Begun, takeState } from './state-store.ts';

/** What to do is said to a person in a browser, who knows none of our addresses. */
const beginAgain = 'Go back to where you began, and connect again.';

const invalid = (path: string, message: string, cause?: unknown) =>
  invalidField(path, 'is not acceptable', message, cause);

export const codeRefused = (cause?: unknown) =>
  invalid('code', `Dialpad’s code is missing or was not accepted. ${beginAgain}`, cause);

export const stateRefused = () =>
  invalid('state', `This address was used already or is too old. ${beginAgain}`);

/**
 * The authorization that ends here. Its state counts as used from here on, also where the rest fails.
 * @throws AppError VALIDATION_FAILED for a state that is none, FORBIDDEN for a browser other than the one that agreed: an
 * admin who was sent straight to Dialpad has not been told which company asks.
 */
export async function begunWith(ctx: Context, state: string | undefined): Promise<Begun> {
  const begun = state
    ? await ctx.dbAs('pipeline', 'find the authorization that a state belongs to', (tx) =>
        takeState(tx, state),
      )
    : undefined;
  if (!begun || state === undefined) throw stateRefused();
  const cookie = browserCookieOf(ctx.headers, state);
  const isSameBrowser =
    cookie !== undefined &&
    begun.browserHash !== undefined &&
    timingSafeEqual(hashOfCookie(cookie), begun.browserHash);
  if (isSameBrowser) return begun;
  throw new AppError('FORBIDDEN', {
    message: `This was not begun in this browser, on the page that names the company and the app. ${beginAgain}`,
  });
}

/** Dialpad's reason in our own words: the author of a made-up address puts no text of theirs on our page. */
export function refusal(reason: string): AppError {
  if (reason === 'access_denied')
    return new AppError('FORBIDDEN', { message: 'Access was refused at Dialpad.' });
  const known = /^[a-z_]{1,40}$/.test(reason) ? ` (${reason})` : '';
  return new AppError('PROVIDER_FAILED', {
    message: `Dialpad could not give access${known}. ${beginAgain}`,
  });
}

export async function exchanged({ verifier }: Begun, code: string): Promise<OAuthTokens> {
  try {
    return await exchangeCode(oauthApp(), { code, verifier, redirectUri: redirectUri() });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.status === 400) {
      throw codeRefused(error);
    }
    const message = `Dialpad did not answer as expected. ${beginAgain}`;
    throw new AppError('PROVIDER_FAILED', { message, cause: error });
  }
}

/** Stores the tokens; those that cannot be stored are given back, so that no access is left that nobody knows of. */
export async function kept(ctx: Context, begun: Begun, tokens: OAuthTokens): Promise<void> {
  try {
    await ctx.dbAs('pipeline', 'keep the Dialpad connection of an app', async (tx) => {
      await keepConnection(tx, begun, tokens, askedScopes.join(' '), ctx.now().getTime());
      audit(tx, ctx, {
        companyId: begun.companyId,
        action: 'integration.connected',
        resource: { type: 'integration', id: 'dialpad' },
        after: { appId: begun.appId, scopes: [...askedScopes] },
      });
    });
  } catch (error) {
    await deauthorize(dialpadApiUrl(), tokens.accessToken).catch((cause: unknown) =>
      ctx.log.error(
        { appId: begun.appId, err: cause },
        'tokens that were not stored could not be given back',
      ),
    );
    throw error;
  }
}
