import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { oneRow } from '#core/database/rows.ts';
import { asJson, shapeOf } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { phoneInput } from '#core/http/input.ts';
import { audit } from '#core/security/audit.ts';
import { users } from '#db/schema/people.ts';
import { nameInput } from './account.ts';
import { callingPerson } from './person.ts';

/** What a person can read Trunkline in, or have it note that they would like to: BCP 47. Mails come in as many as are written. */
export const languages = [
  'en',
  'de',
  'es',
  'fr',
  'hi',
  'it',
  'ja',
  'nl',
  'pl',
  'pt',
  'sv',
  'tr',
  'uk',
  'zh',
] as const;

function isTimezone(name: string): boolean {
  // An offset, as +05:30, has no summer: it is none.
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A time zone of the IANA database, given by a caller. */
export const timezoneInput = z
  .string()
  .max(64, 'is too long')
  .refine(isTimezone, 'must be a time zone such as Europe/Berlin');

export const languageInput = z.enum(languages).meta({ id: 'LanguageCode' });

export const Profile = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    phone: z.string().nullable(),
    phoneVerifiedAt: z.iso
      .datetime()
      .nullable()
      .describe('When a code proved the number. Before that, no SMS but the code goes there.'),
    timezone: z.string(),
    language: z.string(),
    emailVerifiedAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Profile' });

export const profileShape = shapeOf(Profile, {
  id: users.id,
  email: users.email,
  name: users.name,
  phone: users.phone,
  phoneVerifiedAt: users.phoneVerifiedAt,
  timezone: users.timezone,
  language: users.language,
  emailVerifiedAt: users.emailVerifiedAt,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
});

/** What a person may change of their profile. What is absent stays as it is. */
export const profileInput = z.object({
  name: nameInput.optional(),
  phone: phoneInput.nullable().optional(),
  timezone: timezoneInput.optional(),
  language: languageInput.optional(),
});

type Changeable = Pick<z.infer<typeof Profile>, 'name' | 'phone' | 'timezone' | 'language'>;

/** Changes the caller's own profile. @returns it as it is then. */
export async function updateProfile(
  ctx: Context,
  input: z.output<typeof profileInput>,
): Promise<z.infer<typeof Profile>> {
  const { userId, companyId } = callingPerson(ctx);
  return await ctx.db(async (tx) => {
    const before = await oneRow<Changeable>(
      tx,
      sql`select name, phone, timezone, language from users where id = ${userId}::uuid for update`,
    );
    const { name = before.name, phone = before.phone } = input;
    const { timezone = before.timezone, language = before.language } = input;
    const after = { name, phone, timezone, language };
    const changed = (['name', 'phone', 'timezone', 'language'] as const).filter(
      (field) => after[field] !== before[field],
    );
    if (changed.length > 0) {
      await rowsOf(
        tx,
        sql`update users set name = ${name}, phone = ${phone}, timezone = ${timezone}, language = ${language}
          where id = ${userId}::uuid`,
      );
    }
    const [row] = await rowsOf<{ item: string }>(
      tx,
      sql`select ${asJson(profileShape)} as item from ${users} where ${users.id} = ${userId}::uuid`,
    );
    if (changed.length > 0) {
      const only = (all: Changeable) => Object.fromEntries(changed.map((field) => [field, all[field]]));
      audit(tx, ctx, {
        companyId,
        action: 'profile.updated',
        resource: { type: 'user', id: userId },
        before: only(before),
        after: only(after),
      });
    }
    return Profile.parse(JSON.parse(row?.item ?? 'null'));
  });
}
