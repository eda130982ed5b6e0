import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { detailsOf } from '#core/http/input.ts';
import { plainError } from '#core/http/plain-errors.ts';
import { findApp } from '../apps/public.ts';
import { MappingFields } from './shared/mapping.ts';
import { keepMappings } from './shared/mapping-store.ts';

const RowError = z.object({
  index: z.number().int().describe('Of the row in `mappings`, from 0.'),
  path: z.string(),
  message: z.string(),
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps/:app_id/users/batch-map',
  summary: 'Map up to 1000 Dialpad users at once',
  description: 'Good rows are kept; each bad one is listed with its faults.',
  who: ['internal'],
  maxBodyBytes: 1_048_576,
  maxKeys: 10_000, // a thousand rows, with room for fields to come
  input: z.object({
    app_id: z.uuid(),
    mappings: z
      .array(z.unknown())
      .min(1)
      .max(1000)
      .describe('Each as POST /internal/apps/:app_id/users/map takes it.'),
  }),
  output: z.object({
    created: z.number().int(),
    updated: z.number().int(),
    failed: z.number().int(),
    errors: z.array(RowError),
  }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { good, errors } = sorted(input.mappings);
    const kept = await ctx.dbAs('jobs', 'map users of an app', async (tx) =>
      keepMappings(tx, await findApp(tx, input.app_id), good),
    );
    const created = kept.filter(({ isNew }) => isNew).length;
    const failed = new Set(errors.map(({ index }) => index)).size;
    return { created, updated: kept.length - created, failed, errors };
  },
});

/** Tells the good rows from the bad ones; of rows for one Dialpad user the first is good. */
function sorted(rows: readonly unknown[]): { good: MappingFields[]; errors: z.infer<typeof RowError>[] } {
  const good = new Map<string, { row: MappingFields; index: number }>();
  const errors: z.infer<typeof RowError>[] = [];
  for (const [index, given] of rows.entries()) {
    const parsed = MappingFields.safeParse(given, { error: plainError });
    if (!parsed.success) {
      errors.push(...detailsOf(parsed.error).map((detail) => ({ index, ...detail })));
      continue;
    }
    const first = good.get(parsed.data.dialpad_user_id);
    if (!first) good.set(parsed.data.dialpad_user_id, { row: parsed.data, index });
    else {
      const message = `is in row ${first.index} already`;
      errors.push({ index, path: 'dialpad_user_id', message });
    }
  }
  return { good: [...good.values()].map(({ row }) => row), errors };
}
