/**
 * What the embedded stack starts with: a demo company, its owner, a key and an app. `npm run seed` writes it to the
 * database at MIGRATION_DATABASE_URL or DATABASE_URL (as its owner, for it goes past the policies). Running it again changes
 * nothing. The demo key is public: a database on another machine is seeded only with --yes or NODE_ENV=development.
 */
import { parseArgs } from 'node:util';
import { hashApiKey } from '#core/callers/api-key.ts';
import { databaseAddress, isLoopback } from '#core/database/database-address.ts';
import { env, saysDevelopment } from '#core/env.ts';
import { hashPassword } from '#core/security/passwords.ts';
import { isCommand, runCommand } from '../scripts/command.ts';
import { connectDatabase, databaseUrl } from '../scripts/database.ts';

/** Known to everyone who reads this file: seeded outside production, and nowhere else. */
export const demo = {
  companyId: '01930000-0000-7000-8000-000000000001',
  userId: '01930000-0000-7000-8000-000000000002',
  appId: '01930000-0000-7000-8000-000000000003',
  keyId: '01930000-0000-7000-8000-000000000004',
  email: 'demo@trunkline.test',
  password: 'correct horse battery staple',
  apiKey: 'raw_0000000de000_trunkline-demo-key-for-local-use-only-00000',
} as const;

/** @throws in production: the demo key is public. */
export async function seed(adminUrl: string): Promise<void> {
  if (env().isProduction) throw new Error('The demo data is never written in production: its key is public.');
  const sql = await connectDatabase(adminUrl);
  try {
    await sql.begin(async (tx) => {
      await tx`insert into companies (id, name) values (${demo.companyId}, 'Demo company') on conflict do nothing`;
      const [user] = await tx`select 1 from users where id = ${demo.userId} or email_normal = ${demo.email}`;
      if (!user) {
        await tx`insert into users (id, email, email_normal, name, password_hash, email_verified_at, is_platform_admin)
          values (${demo.userId}, ${demo.email}, ${demo.email}, 'Demo Owner', ${await hashPassword(demo.password)}, now(), true)`;
        await tx`insert into memberships (company_id, user_id, role) values (${demo.companyId}, ${demo.userId}, 'owner')`;
      }
      await tx`insert into api_keys (id, company_id, name, prefix, key_hash, scopes)
        values (${demo.keyId}, ${demo.companyId}, 'Demo key', ${demo.apiKey.slice(0, 16)}, ${hashApiKey(demo.apiKey)}, '{*}')
        on conflict (id) do update set key_hash = excluded.key_hash, revoked_at = null, expires_at = null`;
    });
  } finally {
    await sql.end();
  }
}

/**
 * Refuses a database on another machine, where everybody who reads this file could log in as the platform admin.
 * @param isSaid Whether the operator has said that the database is one for development.
 * @throws Error with one sentence
 */
export function requireSeedable(adminUrl: string, isSaid: boolean): void {
  const { host } = databaseAddress(adminUrl);
  if (isSaid || isLoopback(host)) return;
  throw new Error(
    `Nothing was written: ${host} is another machine, and the demo user and the demo key are known to everybody. If its database is for development only, say so: npm run seed -- --yes, or NODE_ENV=development npm run seed.`,
  );
}

if (isCommand(import.meta.url)) {
  await runCommand(async () => {
    const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } });
    const url = databaseUrl();
    requireSeedable(url, values.yes || saysDevelopment());
    process.env.DATABASE_URL ||= url; // one of the two is enough
    await seed(url);
    console.log(`Seeded. User ${demo.email}, password "${demo.password}", key ${demo.apiKey}`);
  });
}
