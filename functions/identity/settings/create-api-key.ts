import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { makeApiKey } from '#core/callers/api-key.ts';
import { scopes } from '#core/callers/caller.ts';
import { newId } from '#core/database/ids.ts';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { timeInput } from '#core/http/input.ts';
import { audit } from '#core/security/audit.ts';
import { apiKeys } from '#db/schema/apps.ts';
import { callingPerson } from '../auth/public.ts';
import {
  ApiKey,
  apiKeyShape,
  countLiveKeys,
  expiryOf,
  maxKeysOfAPerson,
  requireScopes,
  scopesOf,
} from './shared/api-keys.ts';
import { lockSettings } from './shared/company-settings.ts';
import { rightsOf } from './shared/rights.ts';
import { requireRoom } from './shared/usage.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/api-keys',
  summary: 'Create an API key of your own',
  description: `It acts as you, in this company: it sees what you see, and does what both its scopes and your role of then allow. A person has at most ${maxKeysOfAPerson} that work.`,
  who: ['user'],
  permission: 'keys:write',
  input: z.object({
    name: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(100, 'may have at most 100 characters')
      .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters'),
    scopes: z
      .array(z.enum(scopes, { error: `must be one of ${scopes.join(', ')}` }))
      .min(1, 'must name a scope')
      .max(scopes.length)
      .optional()
      .describe('Default: all that your role allows now.'),
    expiresAt: timeInput.optional().describe('Default: never.'),
    expiresInDays: z.number().int().min(1).max(3650).optional().describe('Instead of expiresAt.'),
  }),
  output: ApiKey.extend({
    key: z.string().describe('Shown this once: keep it. Send it as x-api-key, or Authorization: Bearer.'),
  }).meta({ id: 'NewApiKey' }),
  status: 201,
  errors: ['CONFLICT'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const expiresAt = expiryOf(input, ctx.now());
    const made = makeApiKey();
    return await ctx.db(async (tx) => {
      await lockSettings(tx, companyId);
      const { role } = await rightsOf(tx, ctx);
      const granted = [...new Set(input.scopes ?? scopesOf(role))];
      requireScopes(granted, role);
      await requireRoom(tx, companyId, 'apiKeys');
      if ((await countLiveKeys(tx, companyId, userId)) >= maxKeysOfAPerson) {
        throw new AppError('CONFLICT', {
          message: `You have ${maxKeysOfAPerson} keys that work, which is the most: revoke one first.`,
        });
      }
      const id = newId();
      await rowsOf(
        tx,
        sql`select private.issue_key(${id}::uuid, ${input.name}, ${made.prefix}, ${made.hash}::bytea, ${textArray(granted)},
          ${expiresAt}::timestamptz, ${ctx.ip || null})`,
      );
      const shown = await itemOf(
        tx,
        ApiKey,
        sql`select ${asJson(apiKeyShape)} as item from ${apiKeys} where ${apiKeys.id} = ${id}::uuid`,
      );
      audit(tx, ctx, {
        companyId,
        action: 'key.created',
        resource: { type: 'api_key', id: shown.id },
        after: { name: shown.name, prefix: shown.prefix, scopes: shown.scopes, expiresAt: shown.expiresAt },
      });
      return { ...shown, key: made.key };
    });
  },
});
