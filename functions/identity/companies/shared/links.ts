import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { phoneInput } from '#core/http/input.ts';
import { DialpadId } from '#providers/dialpad/ids.ts';
import { RetellAgentId } from '#providers/retell/ids.ts';
import {
  type Claim,
  Contested,
  type Held,
  linkByOperator,
  linkByProof,
  notProved,
  provedIds,
  type Thing,
} from '../../provider-accounts/public.ts';

export const LinksInput = z
  .strictObject({
    dialpadOrgId: DialpadId.nullable().optional(),
    retellAgentIds: z.array(RetellAgentId).max(500).optional(),
    twilioNumbers: z.array(phoneInput).max(500).optional(),
  })
  .meta({
    id: 'ProviderLinksPatch',
    description:
      'Each kind that is given replaces the company’s links of that kind. Those of an app stay: they are changed at the app. What is new must be listed by the company’s own account: the agent by its Retell key, the organization by its Dialpad key or an app’s connection, the number by its Twilio account. A platform admin links without that.',
  });

interface Kind {
  field: 'dialpadOrgId' | 'retellAgentIds' | 'twilioNumbers';
  thing: Thing;
  wanted: string[];
}

function wantedKinds(given: z.output<typeof LinksInput>): Kind[] {
  const { dialpadOrgId, retellAgentIds, twilioNumbers } = given;
  const sorted = (ids: readonly string[]) => [...new Set(ids)].sort();
  return [
    ...(dialpadOrgId === undefined
      ? []
      : [
          {
            field: 'dialpadOrgId' as const,
            thing: { provider: 'dialpad', kind: 'organization' } as const,
            wanted: dialpadOrgId === null ? [] : [dialpadOrgId],
          },
        ]),
    ...(retellAgentIds
      ? [
          {
            field: 'retellAgentIds' as const,
            thing: { provider: 'retell', kind: 'agent' } as const,
            wanted: sorted(retellAgentIds),
          },
        ]
      : []),
    ...(twilioNumbers
      ? [
          {
            field: 'twilioNumbers' as const,
            thing: { provider: 'twilio', kind: 'number' } as const,
            wanted: sorted(twilioNumbers),
          },
        ]
      : []),
  ];
}

const pathOf = (field: Kind['field']) => `providerLinks.${field}`;

/** Of these ids, those that are proved to be the company’s already, its apps’ too. */
async function provedAlready(tx: Tx, companyId: string, { thing, wanted }: Kind): Promise<Set<string>> {
  const rows = await rowsOf<{ external_id: string }>(
    tx,
    sql`select external_id from provider_links where company_id = ${companyId}::uuid and proof is not null
      and provider = ${thing.provider} and kind = ${thing.kind} and external_id = any(${textArray(wanted)})`,
  );
  return new Set(rows.map(({ external_id }) => external_id));
}

/** What the company's own accounts have shown to be its, by field. */
export type Proofs = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Asks the company's own accounts for what is new among the given links. Before the transaction that links.
 * @throws AppError OWNERSHIP_NOT_PROVED when they do not list all of it, ProviderError when they do not answer.
 */
export async function proofsOf(
  ctx: Context,
  companyId: string,
  given: z.output<typeof LinksInput>,
): Promise<Proofs> {
  const proofs = new Map<string, ReadonlySet<string>>();
  for (const kind of wantedKinds(given)) {
    const have = await ctx.dbAs('auth', 'see what is a company’s already', (tx) =>
      provedAlready(tx, companyId, kind),
    );
    const ids = kind.wanted.filter((id) => !have.has(id));
    if (ids.length === 0) continue;
    const proved = await provedIds(ctx, { ...kind.thing, companyId, appId: null, ids });
    if (proved.size < ids.length) throw notProved(pathOf(kind.field));
    proofs.set(kind.field, proved);
  }
  return proofs;
}

/** How links are made: by an operator's word, or by proof with what holders' accounts were asked and list no longer. */
export type Linking = { by: 'operator' } | { by: 'proof'; proofs: Proofs; lost: readonly Held[] };

/**
 * Replaces what at the providers is the company's, and gives it the events that waited for that.
 * @throws AppError CONFLICT for an operator when one of them is another company's, OWNERSHIP_NOT_PROVED by proof;
 * Contested when others hold what is proved. Nothing may be kept of the transaction then.
 */
export async function replaceLinks(
  tx: Tx,
  ctx: Context,
  companyId: string,
  given: z.output<typeof LinksInput>,
  how: Linking,
): Promise<void> {
  for (const kind of wantedKinds(given)) {
    const { thing, wanted, field } = kind;
    await rowsOf(
      tx,
      sql`delete from provider_links where company_id = ${companyId}::uuid and app_id is null
        and provider = ${thing.provider} and kind = ${thing.kind} and not (external_id = any(${textArray(wanted)}))`,
    );
    const claim = { ...thing, companyId, appId: null, ids: wanted };
    if (how.by === 'operator') await linkAsOperator(tx, ctx, claim, field);
    else await linkAsProved(tx, ctx, claim, kind, how);
  }
}

async function linkAsOperator(tx: Tx, ctx: Context, claim: Claim, field: Kind['field']): Promise<void> {
  const { refused } = await linkByOperator(tx, ctx, claim);
  const [elsewhere] = refused;
  if (elsewhere === undefined) return;
  throw new AppError('CONFLICT', {
    message: `${elsewhere} is linked elsewhere already: that link must be removed first.`,
    details: [{ path: pathOf(field), message: `${elsewhere} is linked elsewhere` }],
  });
}

async function linkAsProved(
  tx: Tx,
  ctx: Context,
  claim: Claim,
  kind: Kind,
  { proofs, lost }: { proofs: Proofs; lost: readonly Held[] },
): Promise<void> {
  const have = await provedAlready(tx, claim.companyId, kind);
  const ids = kind.wanted.filter((id) => !have.has(id));
  // What was the company's when its accounts were asked, and is no longer, was not asked for.
  if (!ids.every((id) => proofs.get(kind.field)?.has(id))) throw notProved(pathOf(kind.field));
  if (ids.length === 0) return;
  const linked = await linkByProof(tx, ctx, { ...claim, ids }, lost);
  if (linked.refused.length > 0) throw notProved(pathOf(kind.field));
  if (linked.contested.length > 0) throw new Contested(kind.thing, linked.contested, pathOf(kind.field));
}
