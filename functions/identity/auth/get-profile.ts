import { sql } from 'drizzle-orm/sql';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { users } from '#db/schema/people.ts';
import { Profile, profileShape } from './shared/profile.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/auth/profile',
  summary: 'Get your own profile',
  description: 'Name, e-mail address, phone, language and time zone.',
  who: ['user'],
  output: Profile,
  query: () =>
    oneOf(
      sql`select ${asJson(profileShape)} as item from ${users} where ${users.id} = (select private.caller_id())`,
    ),
});
