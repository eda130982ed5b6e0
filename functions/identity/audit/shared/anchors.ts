import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { type AuditObjects, auditPrefix } from '#core/security/audit-objects.ts';

/** The newest digest of one company, as a line of an anchor's part. */
const Head = z.object({
  company: z.uuid(),
  number: z.int().min(1),
  digest: z.string().regex(/^[\da-f]{64}$/),
  /** The company was deleted and will be erased: its log goes with it. */
  isDeleted: z.literal(true).optional(),
});
export type Head = z.infer<typeof Head>;

const Digest = z.string().regex(/^[\da-f]{64}$/);

/** One day's anchor: it names its parts and the anchor before by their SHA-256, so that none can be changed alone. */
const Anchor = z.object({
  day: z.iso.date(),
  at: z.iso.datetime(),
  previous: z.object({ day: z.iso.date(), sha256: Digest }).nullable(),
  heads: z.int(),
  parts: z.array(z.object({ sha256: Digest, heads: z.int() })),
});
export type Anchor = z.infer<typeof Anchor>;

const daysPrefix = `${auditPrefix}days/`;
const dayKey = (day: string) => `${daysPrefix}${day}.json`;
/** A part is named after its content: one that a run left behind before it ended harms nothing. */
const partKey = (day: string, sha256: string) => `${auditPrefix}heads/${day}/${sha256}.ndjson`;

const sha256Of = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** Heads in one part: a megabyte. */
const maxHeads = 10_000;

const headsAfter = (ctx: Context, companyId: string, most: number) =>
  ctx.readAs<{ company: string; number: number; digest: string; isDeleted: boolean }>(
    'jobs',
    'the newest digest of each audit log leaves the database',
    sql`select h.company_id as company, h.number::float8 as number, encode(h.digest, 'hex') as digest,
        c.deleted_at is not null as "isDeleted"
      from audit_heads h join companies c on c.id = h.company_id
      where h.company_id > ${companyId}::uuid order by h.company_id limit ${most}::int`,
  );

/** The days that have an anchor, in their order. */
export async function anchoredDays(store: AuditObjects): Promise<string[]> {
  const keys = await store.keys(daysPrefix);
  return keys.flatMap((key) => /(\d{4}-\d\d-\d\d)\.json$/.exec(key)?.[1] ?? []);
}

/** @returns undefined where there is none. @throws Error where the object is no anchor of that day. */
export async function readAnchor(
  store: AuditObjects,
  day: string,
): Promise<{ anchor: Anchor; sha256: string } | undefined> {
  const bytes = await store.get(dayKey(day));
  if (!bytes) return undefined;
  const anchor = Anchor.parse(JSON.parse(Buffer.from(bytes).toString()));
  if (anchor.day !== day) throw new Error(`The anchor of ${day} says that it is of ${anchor.day}.`);
  return { anchor, sha256: sha256Of(bytes) };
}

/** @throws Error where the part is missing, or is not the one that its anchor names. */
export async function readPart(store: AuditObjects, day: string, sha256: string): Promise<Head[]> {
  const bytes = await store.get(partKey(day, sha256));
  if (!bytes) throw new Error(`A part of the anchor of ${day} is missing: ${partKey(day, sha256)}.`);
  if (sha256Of(bytes) !== sha256)
    throw new Error(`A part of the anchor of ${day} was changed: ${partKey(day, sha256)}.`);
  const lines = Buffer.from(bytes).toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => Head.parse(JSON.parse(line)));
}

/**
 * Writes the anchor of this day (UTC), unless there is one.
 * @returns how many companies it has; undefined where the day has its anchor already.
 */
export async function anchorDay(
  ctx: Context,
  store: AuditObjects,
  headsInPart = maxHeads,
): Promise<{ day: string; sha256: string; heads: number } | undefined> {
  const at = ctx.now().toISOString();
  const day = at.slice(0, 10);
  const days = await anchoredDays(store);
  if (days.includes(day)) return undefined;
  const parts: Anchor['parts'] = [];
  for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
    const heads = await headsAfter(ctx, last, headsInPart);
    last = heads.at(-1)?.company ?? last;
    const lines = heads.map(({ isDeleted, ...head }) =>
      JSON.stringify(isDeleted ? { ...head, isDeleted } : head),
    );
    const content = lines.map((line) => `${line}\n`).join('');
    if (heads.length > 0) {
      const sha256 = sha256Of(content);
      await store.putNew(partKey(day, sha256), content);
      parts.push({ sha256, heads: heads.length });
    }
    if (heads.length < headsInPart) break;
  }
  const before = days.filter((other) => other < day).at(-1);
  const previous = before === undefined ? undefined : await readAnchor(store, before);
  const anchor: Anchor = {
    day,
    at,
    previous: before !== undefined && previous ? { day: before, sha256: previous.sha256 } : null,
    heads: parts.reduce((sum, part) => sum + part.heads, 0),
    parts,
  };
  const text = `${JSON.stringify(anchor)}\n`;
  const isOurs = await store.putNew(dayKey(day), text);
  return isOurs ? { day, sha256: sha256Of(text), heads: anchor.heads } : undefined;
}
