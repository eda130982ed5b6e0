import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { validate } from '#core/http/input.ts';
import type { AuditEntry } from '#core/security/audit.ts';
import { callingPerson, languageInput, timezoneInput } from '../../auth/public.ts';
import { defaults } from './defaults.ts';
import { changesOf, overlaid, patched, StoredTree, type Tree } from './merge.ts';
import { Display, Notifications, NotificationsPatch, patchOf, SoundNotifications } from './sections.ts';

/** What a person has chosen, and the company's or the usual where they have not. */
export const Preferences = z
  .strictObject({
    ...Display.shape,
    language: z.string().describe('The profile’s.'),
    timezone: z.string().describe('The profile’s.'),
    notifications: Notifications,
    updatedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Preferences' });
export type Preferences = z.output<typeof Preferences>;

const DisplayPatch = patchOf(Display) as unknown as z.ZodObject;
export const preferenceFields = {
  ...(DisplayPatch.shape as Record<keyof z.output<typeof Display>, z.ZodOptional<z.ZodType<string | null>>>),
  language: languageInput.optional(),
  timezone: timezoneInput.optional(),
  notifications: NotificationsPatch.optional(),
};
type PreferencesPatch = z.output<z.ZodObject<typeof preferenceFields>>;

const StoredPreferences = z.object({
  language: z.string(),
  timezone: z.string(),
  display: StoredTree,
  notifications: StoredTree,
  updatedAt: z.string().nullable(),
  company: z.object({ general: StoredTree, notifications: StoredTree }),
});
type StoredPreferences = z.infer<typeof StoredPreferences>;

/** Selects what is stored of a person in a company, one row with `item`. */
export const storedPreferences = (userId: SQL, companyId: SQL): SQL => sql`
  select json_build_object('language', u.language, 'timezone', u.timezone,
    'display', coalesce(p.display, '{}'), 'notifications', coalesce(p.notifications, '{}'),
    'updatedAt', ${isoTime(sql`p.updated_at`)},
    'company', json_build_object('general', coalesce(s.general, '{}'),
      'notifications', coalesce(s.notifications, '{}')))::text as item
  from users u
  left join user_preferences p on p.user_id = u.id
  left join company_settings s on s.company_id = ${companyId}
  where u.id = ${userId}`;

function parsed(row: { item?: unknown } | undefined): StoredPreferences {
  if (typeof row?.item !== 'string') throw new AppError('NOT_FOUND');
  return StoredPreferences.parse(JSON.parse(row.item));
}

/** Of the row that storedPreferences selects. */
export const preferencesOf = (row: { item?: unknown } | undefined): Preferences => shown(parsed(row));

function shown({ company, ...own }: StoredPreferences): Preferences {
  const { dateFormat, timeFormat } = overlaid(defaults.general, company.general);
  const companyWide = overlaid(defaults.notifications, company.notifications);
  return Preferences.parse({
    ...overlaid(
      { ...defaults.display, dateFormat: dateFormat ?? null, timeFormat: timeFormat ?? null },
      own.display,
    ),
    language: own.language,
    timezone: own.timezone,
    notifications: overlaid(companyWide, own.notifications),
    updatedAt: own.updatedAt,
  });
}

/**
 * Merges the given fields into the calling person's preferences; null goes back to what the company has. Runs in a
 * transaction of theirs (`ctx.db`).
 * @returns the preferences, and what the audit log is to be told last, where something changed.
 */
export async function changePreferences(
  tx: Tx,
  ctx: Context,
  patch: PreferencesPatch,
): Promise<{ preferences: Preferences; entry: AuditEntry | undefined }> {
  const { userId } = callingPerson(ctx);
  const { language, timezone, notifications, ...display } = patch;
  // Another change of the same person's waits here.
  await rowsOf(tx, sql`select 1 from users where id = ${userId}::uuid for no key update`);
  const read = async () => {
    const [row] = await rowsOf<{ item: string }>(
      tx,
      storedPreferences(sql`${userId}::uuid`, sql`${ctx.companyId}::uuid`),
    );
    return parsed(row);
  };
  const stored = await read();
  const next: StoredPreferences = {
    ...stored,
    language: language ?? stored.language,
    timezone: timezone ?? stored.timezone,
    display: patched(stored.display, display),
    notifications: patched(stored.notifications, notifications ?? {}),
  };
  // What was sound when it was set may not be so any more over what the company has since: that is no reason to refuse
  // somebody another theme.
  if (notifications) {
    const companyWide = overlaid(defaults.notifications, stored.company.notifications);
    const whole = overlaid(companyWide, next.notifications);
    validate(z.object({ notifications: SoundNotifications }), { notifications: whole });
  }
  const ownOf = (of: StoredPreferences): Tree => ({
    ...of.display,
    language: of.language,
    timezone: of.timezone,
    notifications: of.notifications,
  });
  const changes = changesOf(ownOf(stored), ownOf(next));
  if (!changes) return { preferences: shown(stored), entry: undefined };
  await rowsOf(
    tx,
    sql`insert into user_preferences (user_id, display, notifications, updated_at)
      values (${userId}::uuid, ${JSON.stringify(next.display)}::jsonb, ${JSON.stringify(next.notifications)}::jsonb,
        clock_timestamp())
      on conflict (user_id) do update set display = excluded.display, notifications = excluded.notifications,
        updated_at = excluded.updated_at`,
  );
  if (next.language !== stored.language || next.timezone !== stored.timezone) {
    await rowsOf(
      tx,
      sql`update users set language = ${next.language}, timezone = ${next.timezone} where id = ${userId}::uuid`,
    );
  }
  return {
    preferences: shown(await read()),
    entry: {
      companyId: ctx.companyId,
      action: 'preferences.updated',
      resource: { type: 'user', id: userId },
      ...changes,
    },
  };
}
