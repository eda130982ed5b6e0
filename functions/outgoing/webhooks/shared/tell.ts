import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import { notify } from '../../notifications/public.ts';
import type { Standing } from './record.ts';

/** Tells the owners of companies of webhooks that fail, or were switched off. */
export async function tellOfTroubles(tx: Tx, ctx: Context, standings: readonly Standing[]): Promise<void> {
  const troubles = standings.flatMap(({ kind, ...rest }) => (kind === null ? [] : [{ ...rest, kind }]));
  if (troubles.length === 0) return;
  const at = ctx.now().toISOString();
  await notify(
    tx,
    ctx,
    troubles.map(({ companyId, endpointId, url, kind, reason }) => ({
      companyId,
      to: { leastRole: 'owner' as const },
      kind: `webhook.${kind}` as const,
      dedupeKey: `webhook.${kind}:${endpointId}:${at}`,
      data: { endpointId, url: withoutQuery(url), reason },
    })),
  );
}

/** Many receivers have a token in the query. */
const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '');
