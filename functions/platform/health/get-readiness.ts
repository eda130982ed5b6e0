import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { checkDatabase } from './shared/database-check.ts';
import { pendingMigrations } from './shared/pending-migrations.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/health/ready',
  summary: 'Check that this instance can take requests',
  description:
    '503 while the database does not answer, or lacks a migration that this version was built with.',
  who: ['public'],
  output: z.object({ status: z.literal('ready') }).meta({ id: 'Readiness' }),
  errors: ['UNAVAILABLE'],
  async handle({ ctx }) {
    await checkDatabase(ctx);
    const pending = await pendingMigrations(ctx);
    if (pending.length > 0) {
      throw new AppError('UNAVAILABLE', {
        message: `The database lacks ${pending.length} migrations: run npm run migrate.`,
        details: pending.map((name) => ({ path: 'migrations', message: `${name} has not run` })),
        headers: { 'retry-after': '10' },
      });
    }
    return { status: 'ready' as const };
  },
});
