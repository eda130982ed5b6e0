import { type SQL, sql } from 'drizzle-orm/sql';
import { categories, defaults } from '#identity/settings/public.ts';

export { categories };
export type Category = (typeof categories)[number];

/**
 * A field of the preferences as text: the person's own, else the company's, else the usual. Selected of columns
 * `own` and `company`, what is stored of both.
 */
export const chosen = (path: SQL): SQL =>
  sql`coalesce(own #>> ${path}, company #>> ${path}, ${JSON.stringify(defaults.notifications)}::jsonb #>> ${path})`;

/** Whether this category is wanted in this channel. */
export const isWanted = (category: SQL, channel: SQL): SQL =>
  sql`${chosen(sql`array['categories', ${category}, ${channel}]`)} = 'true'`;

/** The hours in which nobody is to be disturbed. */
export interface QuietHours {
  isEnabled: boolean;
  /** HH:MM, as the clock on the wall shows it. */
  from: string;
  to: string;
}

/** They as a JSON value. */
export const quietHours = sql`json_build_object(
  'isEnabled', ${chosen(sql`array['quietHours', 'isEnabled']`)} = 'true',
  'from', ${chosen(sql`array['quietHours', 'from']`)}, 'to', ${chosen(sql`array['quietHours', 'to']`)})`;
