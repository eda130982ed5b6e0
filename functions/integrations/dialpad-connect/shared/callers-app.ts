import type { Caller } from '#core/callers/caller.ts';
import type { Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { type App, findApp } from '../../apps/public.ts';

/**
 * The app that a caller means: an app's key its own, a company's key any of the company, the internal caller any.
 * @throws AppError NOT_FOUND for one that is not the caller's, VALIDATION_FAILED when none is named.
 */
export async function callersApp(tx: Tx, caller: Caller, asked: string | undefined): Promise<App> {
  const own = caller.kind === 'key' ? caller.appId : null;
  const appId = asked ?? own;
  if (appId === null) {
    throw invalidField('app_id', 'is needed, but for the key of an app', 'Say which app: app_id is missing.');
  }
  const app = await findApp(tx, appId);
  const isTheirs =
    caller.kind === 'internal' ||
    ('companyId' in caller && caller.companyId === app.companyId && (own === null || own === app.id));
  if (!isTheirs) throw new AppError('NOT_FOUND', { message: 'No app has this app_id.' });
  return app;
}
