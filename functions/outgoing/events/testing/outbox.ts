import { randomUUID } from 'node:crypto';
import { newId } from '#core/database/ids.ts';
import { adminSql } from '#core/testing/admin-sql.ts';

/** Stores an event as a feature does in the transaction of what happened. @returns its id. */
export async function anEvent(
  companyId: string,
  event: { type?: string; subjectId?: string; data?: object; appId?: string | null; at?: string } = {},
): Promise<string> {
  const { type = 'call.started', subjectId = randomUUID(), data = {}, appId = null } = event;
  const id = newId();
  await adminSql()`insert into outbox (id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at)
    values (${id}, ${companyId}, ${appId}, ${type}, ${subjectId}, ${`${type}:${id}`}, ${JSON.stringify(data)}::text::json,
      ${event.at ?? new Date().toISOString()})`;
  return id;
}

/** What of a company is in its log, in order. */
export const logOf = (companyId: string) =>
  adminSql()<{ id: string; sequence: string; type: string }[]>`
    select id, sequence::text, type from outbox where company_id = ${companyId} and sequence is not null order by outbox.sequence`;
