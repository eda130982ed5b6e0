import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { queueMail, type Template } from '#messaging/mail/public.ts';
import type { SecurityNotice } from './security-notice.ts';

/** A person as a mail addresses them, with the company that it comes from. */
export interface Addressee {
  userId: string;
  to: string;
  name: string;
  language: string;
  companyId: string | null;
  companyName: string | null;
}

/**
 * The person, and the company that they used last, else joined first.
 * @param companyId The company instead, where it is known.
 */
export async function addresseeOf(
  tx: Tx,
  userId: string,
  companyId?: string | undefined,
): Promise<Addressee | undefined> {
  const [found] = await rowsOf<Addressee>(
    tx,
    sql`select u.id as "userId", u.email as to, u.name, u.language, c.id as "companyId", c.name as "companyName"
      from users u left join lateral (
        select c.id, c.name from memberships m join companies c on c.id = m.company_id
         where m.user_id = u.id and m.is_active and c.deleted_at is null
           and (${companyId ?? null}::uuid is null or c.id = ${companyId ?? null}::uuid)
         order by (select max(s.last_seen_at) from sessions s where s.user_id = u.id and s.company_id = c.id)
                    desc nulls last, m.created_at, m.id
         limit 1) c on true
      where u.id = ${userId}::uuid`,
  );
  return found;
}

/** Queues a mail to a person. @returns the id of its job. */
export const mailTo = (tx: Tx, { name, ...addressee }: Addressee, mail: Template): Promise<string> =>
  queueMail(tx, { ...addressee, ...mail });

/**
 * Queues what is told beside the mail, in-app and by SMS, in the company where there is one. A job of its own, so that
 * what tells it is carried along by no endpoint of this feature.
 */
export async function securityNotice(
  tx: Tx,
  { userId, companyId }: Pick<Addressee, 'userId' | 'companyId'>,
  payload: SecurityNotice,
): Promise<void> {
  if (companyId !== null) await enqueueJob(tx, { kind: 'security-notice', companyId, userId, payload });
}

/** A page of the frontend, with what it is given. */
export function pageLink(path: string, query: Record<string, string>): string {
  const base = (env().FRONTEND_URL ?? env().PUBLIC_URL).replace(/\/+$/, '');
  const search = String(new URLSearchParams(query));
  return `${base}${path}${search && '?'}${search}`;
}
