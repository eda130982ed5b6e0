import type { Caller, Role, Scope } from '../callers/caller.ts';
import type { Login } from './pool.ts';
import type { LastStatement } from './statement.ts';

/**
 * What runs past the policies, each with rights on the tables that it needs (db/migrations/0049): 'auth' signs people in and
 * manages people, passwords, keys and links; 'pipeline' takes in what comes from providers, and sends webhooks and
 * notifications; 'jobs' does schedules, jobs and /internal.
 */
export type ServiceRole = 'auth' | 'pipeline' | 'jobs';

/** As whom a transaction runs: checked by the database in the same round trip (db/migrations: entering). */
export type RunAs =
  | { as: 'user'; claims: object; role?: string | undefined; ip?: string | undefined }
  | {
      as: 'key';
      hash: Buffer;
      scope?: string | undefined;
      role?: string | undefined;
      ip?: string | undefined;
    }
  | { as: 'service-key'; claims: object; ip?: string | undefined }
  | { as: 'service'; role: ServiceRole }
  | { as: 'nobody' };

/**
 * How a transaction takes on this caller, for an endpoint that needs this role (people, and the makers of keys) or scope
 * (keys), from this address.
 */
export function runAsOf(
  caller: Caller,
  needs: { role?: Role | undefined; scope?: Scope | undefined },
  ip?: string | undefined,
): RunAs {
  switch (caller.kind) {
    case 'user':
      return { as: 'user', claims: caller.claims, role: needs.role, ip };
    case 'key':
      return { as: 'key', hash: caller.hash, scope: needs.scope, role: needs.role, ip };
    case 'service-key':
      return {
        as: 'service-key',
        ip,
        claims: {
          role: 'authenticated',
          aud: 'authenticated',
          app_metadata: { company_id: caller.companyId, role: 'service' },
        },
      };
    case 'internal':
      return { as: 'service', role: 'jobs' };
    case 'nobody':
      return { as: 'nobody' };
  }
}

/** Whose connections a transaction takes. */
export const loginOf = ({ as }: RunAs): Login => (as === 'service' ? 'service' : 'api');

/** The statement that takes on the caller, with its parameters. */
export function entering(runAs: RunAs): { text: string; params: (string | Buffer | null)[] } | undefined {
  switch (runAs.as) {
    case 'user':
      return {
        text: 'select private.enter_user($1::jsonb, $2::text, $3::text) as claims',
        params: [JSON.stringify(runAs.claims), runAs.role ?? null, runAs.ip ?? null],
      };
    case 'key':
      return {
        text: 'select private.enter_key($1::bytea, $2::text, $3::text, $4::text) as claims',
        params: [runAs.hash, runAs.scope ?? null, runAs.role ?? null, runAs.ip ?? null],
      };
    case 'service-key':
      return {
        text: 'select private.enter_service_key($1::jsonb, $2::text) as claims',
        params: [JSON.stringify(runAs.claims), runAs.ip ?? null],
      };
    case 'service':
      return {
        text: 'select private.enter_service($1::text) as claims',
        params: [`trunkline_${runAs.role}`],
      };
    case 'nobody':
      return undefined;
  }
}

/**
 * The statement that asks, with the commit of a transaction that has written, whether this caller may still write. Rows that
 * it locks are those that a removal or the end of a session changes: of the two, one waits for the other.
 */
export function confirming(runAs: RunAs): LastStatement | undefined {
  const text = 'select private.confirm_caller($1::jsonb, $2::bytea, $3::text)';
  if (runAs.as === 'key') return { text, params: [null, runAs.hash, runAs.role ?? null] };
  if (runAs.as === 'user') return { text, params: [JSON.stringify(runAs.claims), null, runAs.role ?? null] };
  return undefined;
}

/** A transaction, as far as its commit asks for the caller. */
interface Confirmed {
  confirmation: LastStatement | undefined;
}

/** For a transaction that demands more of its caller than the contract: the commit asks for this role. */
export function confirmRole(tx: Confirmed, role: string): void {
  const { confirmation } = tx;
  if (confirmation) tx.confirmation = { ...confirmation, params: [...confirmation.params.slice(0, 2), role] };
}

/**
 * For a transaction in which callers put themselves out: they leave the company, or delete it. It must have made sure, under
 * a lock, that they may.
 */
export function skipConfirmation(tx: Confirmed): void {
  tx.confirmation = undefined;
}
