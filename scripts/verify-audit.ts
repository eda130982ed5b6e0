/**
 * Holds the audit log against its anchors in the object store: `npm run verify-audit`. Each entry's digest is computed
 * here, not by the database, whose owner could change its functions. It connects as `npm run migrate` does, and reads
 * the bucket with the S3_* variables; with none of them, it takes the `npm start` that runs on DATA_DIR. It exits with 1
 * and says what differs.
 */
import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { type AuditObjects, auditObjects } from '#core/security/audit-objects.ts';
import { anchoredDays, type Head, readAnchor, readPart } from '../functions/identity/audit/shared/anchors.ts';
import { nothingRuns, runningStack } from '../local/stack/running-stack.ts';
import { isCommand, runCommand } from './command.ts';
import { connectDatabase, requireAllRows, databaseUrl as urlOf } from './database.ts';

export interface Verified {
  days: number;
  newest: { day: string; sha256: string } | undefined;
  companies: number;
  entries: number;
  /** Sentences; none where everything is as it was anchored. */
  findings: string[];
}

/** What one company's log must still say: each anchored number with its digest, in the order of the numbers. */
interface Anchored {
  heads: { number: number; digest: string; day: string }[];
  isDeleted: boolean;
}

const dayMs = 86_400_000;
/** The newest anchor may be this old: the schedule writes one each day. */
const oldestNewestMs = 2 * dayMs;

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Heads that say nothing new are left out, so that a quiet company takes no more room for each day. */
function keep(anchored: Map<string, Anchored>, head: Head, day: string, findings: string[]): void {
  const known = anchored.get(head.company) ?? { heads: [], isDeleted: false };
  anchored.set(head.company, known);
  known.isDeleted = head.isDeleted === true;
  const last = known.heads.at(-1);
  if (last?.number === head.number && last.digest === head.digest) return;
  if (last && head.number <= last.number) {
    findings.push(
      `Company ${head.company}: on ${last.day} its log had ${last.number} entries, on ${day} ${head.number}${head.number === last.number ? ' with another digest' : ''}.`,
    );
    return;
  }
  known.heads.push({ number: head.number, digest: head.digest, day });
}

async function readAnchors(store: AuditObjects, now: Date, findings: string[]) {
  const anchored = new Map<string, Anchored>();
  const digests = new Map<string, string>();
  const days = await anchoredDays(store);
  let newest: { day: string; sha256: string } | undefined;
  for (const day of days) {
    try {
      const found = await readAnchor(store, day);
      if (!found) throw new Error(`The anchor of ${day} is missing.`);
      const { anchor, sha256 } = found;
      digests.set(day, sha256);
      newest = { day, sha256 };
      const { previous } = anchor;
      if (previous && digests.get(previous.day) !== previous.sha256) {
        findings.push(
          `The anchor of ${day} follows one of ${previous.day} that ${digests.has(previous.day) ? 'was changed since' : 'is missing'}.`,
        );
      } else if (!previous && digests.size > 1) {
        findings.push(`The anchor of ${day} follows none, though there are older ones.`);
      }
      for (const part of anchor.parts)
        for (const head of await readPart(store, day, part.sha256)) keep(anchored, head, day, findings);
    } catch (error) {
      findings.push(`The anchor of ${day} cannot be read: ${messageOf(error)}`);
    }
  }
  if (!newest) findings.push('There is no anchor in the object store.');
  else if (now.getTime() - Date.parse(newest.day) > oldestNewestMs)
    findings.push(`The newest anchor is of ${newest.day}: later ones were removed, or never written.`);
  return { anchored, days: days.length, newest };
}

interface Entry {
  company: string;
  number: string;
  previous: Buffer;
  digest: Buffer;
  /** What the digest is over, besides the one before: as private.audit_digest (migration 0012) writes it. */
  said: string;
  headNumber: string | null;
  headDigest: Buffer | null;
}

const entriesInOrder = (tx: TransactionSql) => tx<Entry[]>`
  select a.company_id as company, a.number, a.prev_digest as previous, a.digest,
      jsonb_build_object('id', a.id, 'company_id', a.company_id, 'number', a.number, 'at', extract(epoch from a.at),
        'action', a.action, 'actor_type', a.actor_type, 'actor_id', a.actor_id, 'actor_name', a.actor_name, 'ip', a.ip,
        'user_agent', a.user_agent, 'request_id', a.request_id, 'resource_type', a.resource_type,
        'resource_id', a.resource_id, 'before', a.before, 'after', a.after)::text as said,
      h.number as "headNumber", h.digest as "headDigest"
    from public.audit_logs a left join public.audit_heads h on h.company_id = a.company_id
    order by a.company_id, a.number`;

/** The triggers that the migrations make; Postgres' own, of foreign keys, are not counted. */
const knownTriggers = [
  'companies.touch',
  'companies.delete_inbound_events',
  'companies.normalize_ip_allowlist',
];

/**
 * Whether what is read are the tables themselves. A view, or a table with children, rules or triggers, can show entries as
 * they were while others are written and read elsewhere.
 */
async function lookAtTables(tx: TransactionSql, findings: string[]): Promise<void> {
  const names = ['audit_logs', 'audit_heads', 'companies'];
  const rows = await tx<
    { name: string; kind: string; owner: string; isOdd: boolean; triggers: string[] | null }[]
  >`
    select c.relname as name, c.relkind as kind, pg_get_userbyid(c.relowner) as owner,
        exists (select from pg_inherits i where c.oid in (i.inhparent, i.inhrelid))
          or exists (select from pg_rewrite w where w.ev_class = c.oid) as "isOdd",
        (select array_agg(c.relname || '.' || t.tgname order by t.tgname) from pg_trigger t
          where t.tgrelid = c.oid and not t.tgisinternal) as triggers
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any(${names})`;
  for (const name of names) {
    const found = rows.find((row) => row.name === name);
    if (found?.kind !== 'r') findings.push(`public.${name} is no plain table.`);
    else if (found.isOdd) findings.push(`public.${name} has a rule, or takes part in inheritance.`);
  }
  for (const trigger of rows.flatMap(({ triggers }) => triggers ?? []))
    if (!knownTriggers.includes(trigger))
      findings.push(`There is a trigger that no migration made: ${trigger}.`);
  if (new Set(rows.map(({ owner }) => owner)).size > 1)
    findings.push('The tables that the audit log is read from belong to different owners.');
}

/** Follows one company's chain, entry by entry; its first fault is the one that is told. */
class Chain {
  readonly company: string;
  readonly #heads: Anchored['heads'];
  #number = 0;
  #digest: Buffer = Buffer.alloc(0);
  #head: { number: string | null; digest: Buffer | null } | undefined;
  fault: string | undefined;
  constructor(company: string, heads: Anchored['heads']) {
    this.company = company;
    this.#heads = [...heads];
  }

  add(entry: Entry): void {
    if (this.fault) return;
    const place = this.#number + 1;
    const digest = createHash('sha256').update(entry.previous).update(entry.said).digest();
    if (Number(entry.number) !== place) this.fault = `entry ${place} is missing`;
    else if (!entry.previous.equals(this.#digest))
      this.fault = `entry ${place} does not follow the one before`;
    else if (!entry.digest.equals(digest)) this.fault = `entry ${place} was altered`;
    this.#number = place;
    this.#digest = digest;
    this.#head = { number: entry.headNumber, digest: entry.headDigest };
    const expected = this.#heads[0];
    if (!this.fault && expected?.number === place) {
      this.#heads.shift();
      if (expected.digest !== digest.toString('hex'))
        this.fault = `entry ${place} has another digest than was anchored on ${expected.day}: it or one before was rewritten`;
    }
  }

  end(): string | undefined {
    const left = this.#heads.at(-1);
    if (!this.fault && left)
      this.fault = `entries up to ${left.number} were anchored on ${left.day}, ${this.#number} are there`;
    const isHead =
      Number(this.#head?.number) === this.#number && this.#head?.digest?.equals(this.#digest) === true;
    if (!this.fault && !isHead) this.fault = 'its last entry is not the one that its head names';
    return this.fault && `Company ${this.company}: ${this.fault}.`;
  }
}

/**
 * Compares the database with the anchors. Memory grows with the number of companies, not of entries.
 * @throws Error with one sentence when the role sees only a part of the rows; S3Error when the store does not answer.
 */
export async function verifyAudit(
  databaseUrl: string,
  store: AuditObjects = auditObjects(),
  now = new Date(),
): Promise<Verified> {
  const findings: string[] = [];
  const { anchored, days, newest } = await readAnchors(store, now, findings);
  const sql = await connectDatabase(databaseUrl);
  try {
    await requireAllRows(sql);
    let entries = 0;
    let companies = 0;
    // One snapshot, taken after the anchors were read: what is written meanwhile is in neither.
    await sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx`select set_config('search_path', 'pg_catalog', true)`;
      await lookAtTables(tx, findings);
      let chain: Chain | undefined;
      const endChain = () => {
        if (!chain) return;
        companies += 1;
        anchored.delete(chain.company);
        const fault = chain.end();
        if (fault) findings.push(fault);
      };
      for await (const rows of entriesInOrder(tx).cursor(1_000)) {
        for (const entry of rows) {
          if (entry.company !== chain?.company) {
            endChain();
            chain = new Chain(entry.company, anchored.get(entry.company)?.heads ?? []);
          }
          chain.add(entry);
          entries += 1;
        }
      }
      endChain();
      // What is left was anchored, and has no entry any more.
      const ids = [...anchored.keys()];
      for (let from = 0; from < ids.length; from += 10_000) {
        const some = ids.slice(from, from + 10_000);
        const found = await tx<
          { id: string }[]
        >`select id from public.companies where id = any(${some}::uuid[])`;
        const there = new Set(found.map(({ id }) => id));
        for (const id of some) {
          const { heads, isDeleted } = anchored.get(id) ?? { heads: [], isDeleted: false };
          const last = heads.at(-1);
          if (there.has(id))
            findings.push(
              `Company ${id}: entries up to ${last?.number} were anchored on ${last?.day}, none are there.`,
            );
          else if (!isDeleted)
            findings.push(
              `Company ${id} is gone, and was not marked as deleted when it was anchored last (${last?.day}).`,
            );
        }
      }
      const headless = await tx<{ id: string }[]>`
        select h.company_id as id from public.audit_heads h where h.number > 0
          and not exists (select from public.audit_logs a where a.company_id = h.company_id) limit 1000`;
      for (const { id } of headless)
        if (!anchored.has(id)) findings.push(`Company ${id}: its head names an entry, and there are none.`);
    });
    return { days, newest, companies, entries, findings };
  } finally {
    await sql.end();
  }
}

/** Findings that are printed one by one. */
const maxFindings = 200;

/** What the operator reads. */
export function reportOf({ days, newest, companies, entries, findings }: Verified): string[] {
  const lines = findings.slice(0, maxFindings);
  if (findings.length > maxFindings) lines.push(`… and ${findings.length - maxFindings} more.`);
  const counted = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
  lines.push(
    `${counted(entries, 'entry', 'entries')} of ${counted(companies, 'company', 'companies')}, held against ${counted(days, 'daily anchor', 'daily anchors')}.`,
  );
  if (newest) lines.push(`The newest anchor, of ${newest.day}, has the SHA-256 ${newest.sha256}.`);
  lines.push(
    findings.length === 0
      ? 'Nothing differs.'
      : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}.`,
  );
  return lines;
}

type Variables = Record<string, string | undefined>;

/** What the comparison needs: of each line, one alternative whole. */
const needed: readonly { of: readonly (readonly string[])[]; why: string }[] = [
  {
    of: [['MIGRATION_DATABASE_URL'], ['DATABASE_URL']],
    why: 'the database, as a role that bypasses row level security',
  },
  { of: [['S3_AUDIT_BUCKET'], ['S3_BUCKET']], why: 'the bucket that has the anchors' },
  {
    of: [
      ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
      ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
      ['AWS_PROFILE'],
    ],
    why: 'credentials that may read it',
  },
];

/** A line for each thing that the variables do not say. */
export const missingFor = (given: Variables): string[] =>
  needed
    .filter(({ of }) => !of.some((names) => names.every((name) => given[name])))
    .map(({ of, why }) => `  ${of.map((names) => names.join(' and ')).join(', or ')}: ${why}`);

/** Takes what the local stack says of itself where nothing is given. @throws Error that names all that is missing. */
async function findSettings(): Promise<void> {
  const missing = missingFor(process.env);
  if (missing.length === 0) return;
  const local = missing.length === needed.length ? await runningStack() : undefined;
  if (!local?.database || !local.objects) {
    throw new Error(
      [
        'These variables are missing:',
        ...missing,
        'S3_REGION and S3_ENDPOINT besides, where the bucket is not at Amazon in us-east-1.',
        `With none of them, the local stack is looked for. ${await nothingRuns('npm run verify-audit')}`,
      ].join('\n'),
    );
  }
  console.log(`Of the local stack at ${local.url}:`);
  Object.assign(process.env, { MIGRATION_DATABASE_URL: local.database.adminUrl, ...local.objects });
}

if (isCommand(import.meta.url)) {
  await runCommand(async () => {
    await findSettings();
    process.env.ENVIRONMENT_IS_PARTIAL ||= 'true'; // of the deployment's settings, those of the bucket are read
    const result = await verifyAudit(urlOf());
    for (const line of reportOf(result)) console.log(line);
    if (result.findings.length > 0) process.exitCode = 1;
  });
}
