import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { audit } from '#core/security/audit.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { requireCompany } from './shared/app-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/companies/:company_id/incoming-secret',
  summary: 'Create a secret for the incoming webhook of a company',
  description:
    'For POST /api/webhooks/incoming/:companyId. An older secret stops working within a minute of the answer.',
  who: ['internal'],
  input: z.object({ company_id: z.uuid() }),
  output: z
    .object({
      company_id: z.uuid(),
      hook_url: z.string().describe('Where the company’s own system sends its events.'),
      secret: z.string().describe('Shown this once: it signs those events (HMAC-SHA256 of the body).'),
      replaced: z.boolean().describe('Whether there was one before.'),
    })
    .meta({ id: 'IncomingSecret' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const secret = randomBytes(32).toString('base64url');
    const { company_id } = input;
    const place = placeOf('provider_links.secret', {
      ...{ company_id, provider: 'incoming', kind: 'company', external_id: company_id },
    });
    const replaced = await ctx.dbAs('jobs', 'make the secret of a company’s incoming webhook', async (tx) => {
      await requireCompany(tx, input.company_id);
      const [row] = await rowsOf<{ replaced: boolean }>(
        tx,
        sql`select private.keep_incoming_secret(${input.company_id}::uuid, ${encryptSecret(secret, place)}) as replaced`,
      );
      audit(tx, ctx, {
        companyId: input.company_id,
        action: 'integration.secret_made',
        resource: { type: 'integration', id: 'incoming' },
        after: { replaced: row?.replaced === true },
      });
      return row?.replaced === true;
    });
    const address = new URL(`/api/webhooks/incoming/${input.company_id}`, env().PUBLIC_URL);
    return { company_id: input.company_id, hook_url: address.href, secret, replaced };
  },
});
