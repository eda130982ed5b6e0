import { randomUUID } from 'node:crypto';
import { adminSql } from './admin-sql.ts';

export interface LoginOfPeople {
  role: string;
  /** The address of the test's database with another login, whose password is `a-password`. */
  addressOf(username: string): string;
  drop(): Promise<void>;
}

/**
 * Makes a login that plays `trunkline_api` after the revoke of docs/security.md: it can become `trunkline_member` alone. Roles
 * are the cluster's, which other files use at once, so that `trunkline_api` itself stays as it is.
 */
export async function makeLoginOfPeople(): Promise<LoginOfPeople> {
  const role = `api_${randomUUID().replaceAll('-', '')}`;
  const url = process.env.DATABASE_URL ?? '';
  await adminSql().unsafe(`create role ${role} login noinherit password 'a-password';
    grant trunkline_api to ${role} with inherit true, set false;
    grant trunkline_member to ${role} with inherit false, set true;`);
  return {
    role,
    addressOf: (username) => Object.assign(new URL(url), { username, password: 'a-password' }).href,
    drop: async () => void (await adminSql().unsafe(`drop owned by ${role}; drop role ${role}`)),
  };
}
