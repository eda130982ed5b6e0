import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { decryptSecret, encryptSecret, placeOf } from '#core/security/secrets.ts';

const provider = 'dialpad';

export const stateMinutes = 10;

const hashOf = (state: string) => createHash('sha256').update(state).digest();

const verifierPlace = (state: string, owner: { company_id: string; app_id: string }) =>
  placeOf('oauth_states.code_verifier', {
    ...{ state_hash: hashOf(state), company_id: owner.company_id, app_id: owner.app_id },
  });

/**
 * Begins an authorization: the state goes with the admin, the verifier of its proof key stays here.
 * @param keyId Of the caller: its maker is kept as the person who connects.
 */
export async function keepState(
  tx: Tx,
  owner: { companyId: string; appId: string },
  verifier: string,
  keyId: string | undefined,
): Promise<{ state: string; expiresAt: string }> {
  const state = randomBytes(32).toString('base64url');
  await rowsOf(tx, sql`delete from oauth_states where expires_at <= now()`);
  const [row] = await rowsOf<{ expires_at: string }>(
    tx,
    sql`insert into oauth_states (state_hash, company_id, app_id, provider, code_verifier, begun_by, expires_at)
      values (${hashOf(state)}::bytea, ${owner.companyId}::uuid, ${owner.appId}::uuid, ${provider},
        ${encryptSecret(verifier, verifierPlace(state, { company_id: owner.companyId, app_id: owner.appId }))},
        (select k.user_id from api_keys k where k.id = ${keyId ?? null}::uuid), now() + make_interval(mins => ${stateMinutes}::int))
      returning to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as expires_at`,
  );
  return { state, expiresAt: row?.expires_at ?? '' };
}

/** What the admin is asked to agree to. */
export interface Asked {
  companyName: string;
  appName: string;
}

/** Whose authorization a state is; undefined where it has expired, was used, or never was. Changes nothing. */
export async function readState(tx: Tx, state: string): Promise<Asked | undefined> {
  const [row] = await rowsOf<{ company_name: string; app_name: string }>(
    tx,
    sql`select c.name as company_name, a.name as app_name
      from oauth_states s join apps a on a.id = s.app_id join companies c on c.id = s.company_id
      where s.state_hash = ${hashOf(state)}::bytea and s.provider = ${provider} and s.expires_at > now()
        and c.deleted_at is null`,
  );
  return row && { companyName: row.company_name, appName: row.app_name };
}

/**
 * Binds an authorization to the browser whose user has agreed on our page.
 * @returns the verifier of its proof key; undefined where it has expired or another browser was first.
 */
export async function bindState(tx: Tx, state: string, browserHash: Buffer): Promise<string | undefined> {
  const [row] = await rowsOf<{ code_verifier: string; company_id: string; app_id: string }>(
    tx,
    sql`update oauth_states set browser_hash = ${browserHash}::bytea
      where state_hash = ${hashOf(state)}::bytea and provider = ${provider} and expires_at > now()
        and browser_hash is null
      returning code_verifier, company_id, app_id`,
  );
  return row && decryptSecret(row.code_verifier, verifierPlace(state, row));
}

export interface Begun {
  companyId: string;
  appId: string;
  appName: string;
  verifier: string;
  /** The maker of the key that began it; null: a server's key, or one without a person. */
  begunBy: string | null;
  /** SHA-256 of the cookie of the browser that agreed; undefined: none has. */
  browserHash: Buffer | undefined;
}

/** Ends an authorization: the first request with the state gets what belongs to it, every other one nothing. */
export async function takeState(tx: Tx, state: string): Promise<Begun | undefined> {
  const [row] = await rowsOf<{
    company_id: string;
    app_id: string;
    name: string;
    code_verifier: string;
    begun_by: string | null;
    browser_hash: Buffer | null;
  }>(
    tx,
    sql`delete from oauth_states s using apps a
      where s.state_hash = ${hashOf(state)}::bytea and s.provider = ${provider} and s.expires_at > now() and a.id = s.app_id
      returning s.company_id, s.app_id, a.name, s.code_verifier, s.begun_by, s.browser_hash`,
  );
  if (!row) return undefined;
  return {
    companyId: row.company_id,
    appId: row.app_id,
    appName: row.name,
    verifier: decryptSecret(row.code_verifier, verifierPlace(state, row)),
    begunBy: row.begun_by,
    browserHash: row.browser_hash ?? undefined,
  };
}
