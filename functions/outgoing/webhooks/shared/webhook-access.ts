import type { SQL } from 'drizzle-orm/sql';
import type { Caller } from '#core/callers/caller.ts';
import type { Read } from '#core/database/page.ts';
import { AppError } from '#core/errors.ts';

export const noWebhook = 'The company has no webhook with this id.';
export const noSuchWebhook = () => new AppError('NOT_FOUND', { message: noWebhook });

/** A webhook hears of the whole company; an app's key is for what is the app's. @throws AppError FORBIDDEN */
export function requireWholeCompany(caller: Caller): void {
  if (caller.kind !== 'key' || caller.appId === null) return;
  throw new AppError('FORBIDDEN', {
    message: 'Webhooks are the whole company’s: the key of an app cannot manage them.',
  });
}

/** The same for what is read: told once the database has let the key in. */
export const ofWholeCompany = (caller: Caller, read: Read): Read => ({
  statements: read.statements,
  reply(results) {
    requireWholeCompany(caller);
    return read.reply(results);
  },
});

/** A webhook, or what is of one: a statement that selects `item`, or 404 as `absent` says it. */
export const oneWebhook = (caller: Caller, statement: SQL, absent = noSuchWebhook): Read =>
  ofWholeCompany(caller, {
    statements: [statement],
    reply([found = []]) {
      const [row] = found;
      if (!row) throw absent();
      return { body: `{"success":true,"data":${row.item}}` };
    },
  });
