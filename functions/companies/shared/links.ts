import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { phoneInput } from '#core/input.ts';
import { matchWaiting } from '../../inbound/public.ts';

/** A provider's id of something: Dialpad's are numbers, which JSON may carry as such. */
const externalId = z
  .union([z.string().trim(), z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).transform(String)])
  .pipe(z.string().min(1).max(200));

export const LinksInput = z
  .strictObject({
    dialpadOrgId: externalId.nullable().optional(),
    retellAgentIds: z.array(externalId).max(500).optional(),
    twilioNumbers: z.array(phoneInput).max(500).optional(),
  })
  .describe(
    'Each kind that is given replaces the company’s links of that kind. Those of an app stay: they are changed at the app.',
  );

interface Kind {
  field: 'dialpadOrgId' | 'retellAgentIds' | 'twilioNumbers';
  provider: string;
  kind: string;
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
            provider: 'dialpad',
            kind: 'organization',
            wanted: dialpadOrgId === null ? [] : [dialpadOrgId],
          },
        ]),
    ...(retellAgentIds
      ? [
          {
            field: 'retellAgentIds' as const,
            provider: 'retell',
            kind: 'agent',
            wanted: sorted(retellAgentIds),
          },
        ]
      : []),
    ...(twilioNumbers
      ? [
          {
            field: 'twilioNumbers' as const,
            provider: 'twilio',
            kind: 'number',
            wanted: sorted(twilioNumbers),
          },
        ]
      : []),
  ];
}

/**
 * Replaces what at the providers is the company's, and gives it the events that waited for that.
 * @returns the ids of those events: wake the inbound queue with them after the commit.
 * @throws AppError CONFLICT when one of them is another company's; nothing may be kept of the transaction then.
 */
export async function replaceLinks(
  tx: Tx,
  companyId: string,
  given: z.output<typeof LinksInput>,
): Promise<string[]> {
  const waiting: string[] = [];
  for (const { field, provider, kind, wanted } of wantedKinds(given)) {
    const ids = sql`(select w from jsonb_array_elements_text(${JSON.stringify(wanted)}::jsonb) w)`;
    await rowsOf(
      tx,
      sql`delete from provider_links where company_id = ${companyId}::uuid and app_id is null
        and provider = ${provider} and kind = ${kind} and external_id not in ${ids}`,
    );
    const added = await rowsOf(
      tx,
      sql`insert into provider_links (company_id, provider, kind, external_id)
        select ${companyId}::uuid, ${provider}, ${kind}, w from ${ids} n
        on conflict do nothing returning 1`,
    );
    const [elsewhere] = await rowsOf<{ external_id: string }>(
      tx,
      sql`select external_id from provider_links
        where provider = ${provider} and kind = ${kind} and external_id in ${ids} and company_id <> ${companyId}::uuid
        order by external_id limit 1`,
    );
    if (elsewhere) {
      throw new AppError('CONFLICT', {
        message: `${elsewhere.external_id} is linked elsewhere already: that link must be removed first.`,
        details: [
          { path: `providerLinks.${field}`, message: `${elsewhere.external_id} is linked elsewhere` },
        ],
      });
    }
    if (added.length > 0) waiting.push(...(await matchWaiting(tx, provider)));
  }
  return waiting;
}
