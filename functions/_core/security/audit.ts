import { sql } from 'drizzle-orm/sql';
import type { Context } from '../context.ts';
import { atCommit, type Tx } from '../database/transaction.ts';

/** What happened, for the company's audit log. */
export interface AuditEntry {
  companyId: string;
  /** `<thing>.<what was done>`: 'member.role_changed'. */
  action: string;
  resource: { type: string; id?: string | undefined };
  /** What changed, as it was and as it is; secrets are left out by their names. */
  before?: Record<string, unknown> | undefined;
  after?: Record<string, unknown> | undefined;
  /**
   * The person who did it, where that is not the caller: a person who logs in is nobody yet. Of another company nothing is
   * written: not who, not from where.
   */
  actor?: { userId: string } | 'system' | 'another company' | undefined;
}

const secretNames =
  /password|secret|token|hash|authorization|cookie|credentials?$|private_?key|signing_?key|access_?key|api_?key$|^key$|^code$|codes$|^otp$|^pin$/i;

/** Whether a value stands under a name that says that it is one. Numbers count things, but for a code. */
const isSecret = (name: string, value: unknown): boolean =>
  secretNames.test(name) &&
  value !== null &&
  typeof value !== 'boolean' &&
  (typeof value !== 'number' || /^(code|otp|pin)$/i.test(name));

/** The value without secrets: a field whose name says that it is one tells only whether it was set. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name, inner) ? '[redacted]' : withoutSecrets(inner),
    ]),
  );
}

function actorOf(ctx: Context, entry: AuditEntry): { type: string; id: string | null } {
  if (entry.actor === 'system' || entry.actor === 'another company') return { type: 'system', id: null };
  if (entry.actor) return { type: 'user', id: entry.actor.userId };
  const { caller } = ctx;
  switch (caller.kind) {
    case 'user':
      return { type: 'user', id: caller.userId };
    case 'key':
      return { type: 'key', id: caller.keyId };
    case 'service-key':
      return { type: 'key', id: null };
    default:
      return { type: 'internal', id: null };
  }
}

/**
 * Writes an entry of the audit log, in the transaction of what it tells, with its commit: the company's entries are chained
 * by their hashes, so that writers of one company take turns at the end. In a transaction of a person or key
 * (`ctx.db`), the database takes the actor and the company from the caller: the entry's company must be theirs, or the one that
 * they act in.
 */
export function audit(tx: Tx, ctx: Context, entry: AuditEntry): void {
  const json = (value: Record<string, unknown> | undefined) =>
    value === undefined ? null : JSON.stringify(withoutSecrets(value));
  const [before, after] = [json(entry.before), json(entry.after)];
  const { type, id = null } = entry.resource;
  const isOfAnother = entry.actor === 'another company';
  const ip = isOfAnother ? null : ctx.ip || null;
  const userAgent = isOfAnother ? null : (ctx.headers.get('user-agent')?.slice(0, 400) ?? null);
  const requestId = isOfAnother ? null : ctx.requestId;
  if (tx.isMember) {
    if (entry.companyId !== (tx.actsIn ?? ctx.companyId))
      throw new Error('A caller writes to the audit log of the company that they act in.');
    if (entry.actor) throw new Error('A caller writes to the audit log in their own name.');
    atCommit(
      tx,
      sql`select private.audit_as_caller(${entry.action}, ${type}, ${id}, ${before}::jsonb, ${after}::jsonb, ${ip},
        ${userAgent}, ${requestId})`,
    );
    return;
  }
  const actor = actorOf(ctx, entry);
  atCommit(
    tx,
    sql`select private.write_audit(${entry.companyId}::uuid, ${entry.action}, ${actor.type}, ${actor.id}::uuid,
      null, ${ip}, ${userAgent}, ${requestId}, ${type}, ${id}, ${before}::jsonb, ${after}::jsonb)`,
  );
}
