import postgres, { type Sql } from 'postgres';
import { afterAll } from 'vitest';

let client: Sql | undefined;

/** The test database as its superuser: to prepare what no endpoint prepares, and to look behind the policies. */
export function adminSql(): Sql {
  client ??= postgres(process.env.TEST_ADMIN_DATABASE_URL ?? '', { max: 2, onnotice: () => {} });
  return client;
}

afterAll(async () => {
  await client?.end();
  client = undefined;
});
