import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { countWrongSignature, noteRightSignature } from '#core/callers/signers.ts';
import type { Context } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { callFunction } from '#core/database/read-together.ts';
import { textArray } from '#core/database/statement.ts';
import { storableText } from '#core/database/storable.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import type { HeaderFields } from '#core/http/incoming.ts';
import { countInvalidSignature } from '#core/metrics.ts';
import { BoundedMap } from '#core/work/bounded-map.ts';
import { wake } from '#core/work/queue.ts';
import type { EventIdentity, Provider, VerifiedBody } from '#providers/provider.ts';
import { type HookSecret, hookSecrets } from './hook-secrets.ts';
import { giveIntakeBack, intakeOfAddress, intakeOfCompany, requireIntake, takeIntake } from './intake.ts';
import { printOf, seenBefore, storeFirst } from './seen-events.ts';

export interface Received {
  id: string;
  status: 'received' | 'repeated' | 'unmatched' | 'unrecognised';
}

/** Which secrets may have signed this hook, and whose it is when the URL says so. */
export interface Expectation {
  /** The deployment's own secret, where the provider has one: it says nothing of the owner. */
  shared: string | undefined;
  /** Of the companies' own secrets, those that count for this URL. */
  accepts: (secret: HookSecret) => boolean;
  /** The owner that the URL names, as far as it is known. Asked once the signature is right. */
  owner?: () => Promise<{ companyId: string; appId: string | null } | undefined>;
  /** Whether what nobody has linked belongs to the deployment's default company. */
  mayDefault: boolean;
}

interface Verified {
  body: VerifiedBody;
  /** Whose secret signed; none for the deployment's own. */
  signer: HookSecret | undefined;
}

/** Secrets that are tried with one body: each costs a hash over all of it, and nobody has proved anything yet. */
export const maxCandidates = 4;

/** A secret that may have signed; `own` where it is a company's. */
interface Candidate {
  secret: string;
  own: HookSecret | undefined;
}

async function verify(provider: Provider, ctx: Context, expectation: Expectation): Promise<Verified> {
  const nowMs = ctx.now().getTime();
  const url = `${new URL(env().PUBLIC_URL).origin}${ctx.target}`;
  const tried = new Set<string>();
  const check = (candidates: readonly Candidate[]): Verified | undefined => {
    const untried = candidates
      .filter(({ secret }) => secret !== '' && !tried.has(secret))
      .slice(0, maxCandidates - tried.size);
    const secrets = untried.map(({ secret }) => secret);
    for (const secret of secrets) tried.add(secret);
    if (secrets.length === 0) return undefined;
    const body = provider.verify({ url, body: ctx.rawBody, headers: ctx.headers, secrets, nowMs });
    return body && { body, signer: untried[body.secretIndex]?.own };
  };
  const candidates = async (newerThan?: number): Promise<Candidate[]> => {
    const own = (await hookSecrets(provider.name, nowMs, newerThan)).filter(expectation.accepts);
    const shared = expectation.shared ? [{ secret: expectation.shared, own: undefined }] : [];
    const chosen = await chosenOf(own, maxCandidates - shared.length, provider, ctx.rawBody);
    return [...shared, ...chosen.map((secret) => ({ secret: secret.secret, own: secret }))];
  };
  // A hook may have just been made: a list that is a second old is asked for anew, by all that come meanwhile together.
  const verified = check(await candidates()) ?? check(await candidates(nowMs - 1_000));
  if (verified) {
    // A key that a company has set is known to that company: what it signs says nothing of the address.
    if (verified.signer?.kind !== 'key') ctx.waitUntil(noteRightSignature(ctx.ip, nowMs));
    return verified;
  }
  countInvalidSignature(provider.name);
  ctx.log.warn(
    { provider: provider.name, ip: ctx.ip, bytes: ctx.rawBody.length },
    'a webhook was not signed as it must be',
  );
  await countWrongSignature(ctx.ip, nowMs);
  throw new AppError('INVALID_SIGNATURE');
}

/**
 * Of secrets that may have signed, as many as may be tried: all of them where they are few, else those of the ids that the
 * body seems to name, else those of the companies to which these ids are linked.
 */
async function chosenOf(
  own: readonly HookSecret[],
  most: number,
  provider: Provider,
  body: Buffer,
): Promise<readonly HookSecret[]> {
  if (own.length <= most) return own;
  const hints = provider.hintsOf?.(body) ?? [];
  if (hints.length === 0) return [];
  const named = own.filter(({ externalId }) => hints.includes(externalId));
  if (named.length >= most) return named.slice(0, most);
  const companies = await companiesLinked(provider.name, hints);
  const linked = own.filter((secret) => companies.includes(secret.companyId) && !named.includes(secret));
  return [...named, ...linked].slice(0, most);
}

/** The companies of such ids, for a minute: most hooks of a provider name the same few agents. */
const linkedCompanies = new BoundedMap<string, { ids: readonly string[]; until: number }>(1_000);

async function companiesLinked(provider: string, externalIds: readonly string[]): Promise<readonly string[]> {
  const key = `${provider}:${externalIds.join(' ')}`;
  const known = linkedCompanies.get(key);
  if (known && known.until > Date.now()) return known.ids;
  const rows = await callFunction(
    sql`select companies_linked as id from private.companies_linked(${provider}, ${textArray(externalIds)})`,
  );
  const ids = rows.map(({ id }) => String(id));
  linkedCompanies.set(key, { ids, until: Date.now() + 60_000 });
  return ids;
}

/** For tests. */
export function forgetLinkedCompanies(): void {
  linkedCompanies.clear();
}

const keptHeaders = ['content-type', 'user-agent', 'webhook-id', 'x-webhook-id', 'x-request-id'];

function headersToKeep(headers: HeaderFields): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers.get(name);
    if (value !== null) kept[name] = storableText(value, 300);
  }
  return kept;
}

/** What the body is, as far as it can be told; signed nonsense is kept as JSON text of a string. */
function understand(
  provider: Provider,
  json: string,
): { payload: string; identity: EventIdentity | undefined } {
  try {
    const event = (provider.parse ?? JSON.parse)(json);
    return { payload: json, identity: provider.identify(event, json) };
  } catch {
    return { payload: JSON.stringify(json), identity: undefined };
  }
}

/**
 * Whose an event is by its signature: the owner of the secret that signed, not the company that the event names. A secret of
 * a whole company leaves it to the address which of the company's apps is meant.
 */
async function ownerOf(
  signer: HookSecret | undefined,
  expectation: Expectation,
): Promise<{ companyId: string; appId: string | null } | undefined> {
  const named = signer && signer.appId !== null ? undefined : await expectation.owner?.();
  if (!signer) return named;
  const { companyId, appId } = signer;
  return named?.companyId === companyId ? named : { companyId, appId };
}

/** Ready made: built anew by Drizzle for each event, it would cost a twentieth of taking one in. */
const storing = `select private.receive_event($1::uuid, $2, $3, $4, $5::timestamptz, $6::json, $7::jsonb, $8::jsonb,
  $9::uuid, $10::uuid, $11::uuid, $12::boolean) as status`;

/**
 * Takes in a provider's webhook: checks the signature over the raw bytes, stores one row, wakes the worker. The answer
 * never waits for processing. Any trouble of ours surfaces as 5xx, which providers repeat; never as 4xx, which they don't.
 * @throws AppError INVALID_SIGNATURE (no row is left), or UNAVAILABLE.
 */
export async function receiveEvent(
  provider: Provider,
  ctx: Context,
  expectation: Expectation,
): Promise<Received> {
  const { body, signer } = await verify(provider, ctx, expectation);
  const nowMs = ctx.now().getTime();
  const bytes = ctx.rawBody.length;
  const ofCompany = signer && intakeOfCompany(signer.companyId);
  if (ofCompany) requireIntake(ofCompany, bytes, nowMs);
  const { payload, identity } = understand(provider, body.json);
  const owner = await ownerOf(signer, expectation);
  const scope = owner ? `${owner.appId ?? owner.companyId}:` : '';
  const key = identity?.dedupeKey ?? `unrecognised:${createHash('sha256').update(body.json).digest('hex')}`;
  const id = newId();
  const dedupeKey = scope + storableText(key, 500);
  const print = printOf(provider.name, dedupeKey);
  for (let before = seenBefore(print, nowMs); before; before = seenBefore(print, nowMs)) {
    // Where the platform tells no address, all would share one.
    if (ctx.ip !== '') await takeIntake(intakeOfAddress(ctx.ip), bytes, nowMs);
    if (await before) return { id, status: 'repeated' };
  }
  const occurredAt = identity?.occurredAt;
  const status = await storeFirst(print, nowMs, async () => {
    if (ofCompany) await takeIntake(ofCompany, bytes, nowMs);
    const [row] = await callFunction(storing, [
      id,
      provider.name,
      dedupeKey,
      storableText(identity?.type ?? 'unrecognised', 100),
      isPlausible(occurredAt) ? new Date(occurredAt).toISOString() : null,
      payload,
      JSON.stringify(headersToKeep(ctx.headers)),
      JSON.stringify(ownersOf(identity)),
      owner?.companyId ?? null,
      owner?.appId ?? null,
      expectation.mayDefault ? (env().DEFAULT_COMPANY_ID ?? null) : null,
      identity !== undefined,
    ]);
    return String(row?.status) as Received['status'];
  });
  // Another instance, or a time that is not remembered, had it before.
  if (ofCompany && status === 'repeated') giveIntakeBack(ofCompany, bytes, nowMs);
  if (status === 'received') ctx.waitUntil(wake('inbound', [id]));
  return { id, status };
}

export const ownersOf = (identity: EventIdentity | undefined) =>
  (identity?.owners ?? [])
    .slice(0, 10)
    .map(({ kind, externalId }) => ({ kind, externalId: storableText(externalId, 200) }));

/** A provider's clock may be wrong by anything; what no calendar holds is left out. */
const isPlausible = (epochMs: number | null | undefined): epochMs is number =>
  typeof epochMs === 'number' && epochMs > 0 && epochMs < 7_258_118_400_000;
