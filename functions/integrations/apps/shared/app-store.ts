import { type SQL, sql } from 'drizzle-orm/sql';
import type { Read } from '#core/database/page.ts';
import { oneRow } from '#core/database/rows.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';

export interface App {
  id: string;
  companyId: string;
  name: string;
}

const noSuchApp = 'No app has this app_id.';
const noSuchCompany = 'No company has this company_id.';

/** One row where there is such an app and its company was not deleted. */
export const appExists = (appId: string): SQL =>
  sql`select 1 from apps a join companies c on c.id = a.company_id where a.id = ${appId}::uuid and c.deleted_at is null`;

export const companyExists = (companyId: string): SQL =>
  sql`select 1 from companies where id = ${companyId}::uuid and deleted_at is null`;

function guarded(read: Read, exists: SQL, message: string): Read {
  return {
    statements: [...read.statements, exists],
    reply(results) {
      if (results.at(-1)?.length !== 1) throw new AppError('NOT_FOUND', { message });
      return read.reply(results.slice(0, -1));
    },
  };
}

/** What is read of an app, or 404 where there is no such app; unchanged where no app is asked for. */
export const ofApp = (appId: string | undefined, read: Read): Read =>
  appId === undefined ? read : guarded(read, appExists(appId), noSuchApp);

/** The same for a company. */
export const ofCompany = (companyId: string | undefined, read: Read): Read =>
  companyId === undefined ? read : guarded(read, companyExists(companyId), noSuchCompany);

/**
 * The app; with 'lock', for this transaction alone: of two that change its keys or links one waits for the other.
 * @throws AppError NOT_FOUND
 */
export async function findApp(tx: Tx, appId: string, how: 'read' | 'lock' = 'read'): Promise<App> {
  const app = await oneRow<{ id: string; company_id: string; name: string }>(
    tx,
    sql`select a.id, a.company_id, a.name from apps a join companies c on c.id = a.company_id
      where a.id = ${appId}::uuid and c.deleted_at is null ${how === 'lock' ? sql`for update of a` : sql``}`,
    noSuchApp,
  );
  return { id: app.id, companyId: app.company_id, name: app.name };
}

/** @throws AppError NOT_FOUND */
export async function requireCompany(tx: Tx, companyId: string): Promise<void> {
  const found = await rowsOf(tx, companyExists(companyId));
  if (found.length === 0) throw new AppError('NOT_FOUND', { message: noSuchCompany });
}
