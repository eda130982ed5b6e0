import { type SQL, sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import type { Channel } from './channel.ts';
import type { Message } from './mail.ts';

/** Mails that the local mailbox keeps: the newest. */
const maxKept = 500;
const maxShown = 100;

export interface KeptMail extends Message {
  id: string;
  at: string;
}

/** Keeps mails in the database, for development: nothing leaves the machine. */
export const mailboxChannel = (ctx: Context): Channel => ({
  name: 'mailbox',
  async send(id, { to, subject, text, html }) {
    await ctx.dbAs('jobs', 'keep a mail in the local mailbox', async (tx) => {
      await rowsOf(
        tx,
        sql`insert into dev_mailbox (id, to_address, subject, text, html)
          values (${id}::uuid, ${to}, ${subject}, ${text}, ${html}) on conflict (id) do nothing`,
      );
      await rowsOf(
        tx,
        sql`delete from dev_mailbox where id in (
          select id from dev_mailbox order by at desc, id desc offset ${maxKept}::int for update skip locked)`,
      );
    });
    return id;
  },
});

/** @throws AppError NOT_FOUND in production, where there is no such mailbox. */
export function requireMailbox(): void {
  if (env().isProduction) throw new AppError('NOT_FOUND');
}

/** The newest mails, newest first; those to one address, where `to` is given. */
export async function keptMails(ctx: Context, to: string | undefined): Promise<KeptMail[]> {
  const ofReader: SQL = to === undefined ? sql`` : sql`where lower(to_address) = lower(${to})`;
  return await ctx.dbAs('jobs', 'show the local mailbox', (tx) =>
    rowsOf<KeptMail>(
      tx,
      sql`select id, to_address as "to", subject, text, html,
          to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
        from dev_mailbox ${ofReader} order by dev_mailbox.at desc, id desc limit ${maxShown}::int`,
    ),
  );
}
