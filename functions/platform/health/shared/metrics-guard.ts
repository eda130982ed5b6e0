import type { Context } from '#core/context.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { sameSecret } from '#core/security/same-secret.ts';

/** Lets only METRICS_TOKEN in, where one is set; production always has one. @throws AppError UNAUTHENTICATED. */
export function requireMetricsToken(ctx: Context): void {
  const { METRICS_TOKEN } = env();
  if (METRICS_TOKEN === undefined) return;
  const given = /^Bearer +(\S+) *$/i.exec(ctx.headers.get('authorization') ?? '')?.[1];
  if (given === undefined || !sameSecret(given, METRICS_TOKEN)) {
    throw new AppError('UNAUTHENTICATED', { message: 'Send Authorization: Bearer <METRICS_TOKEN>.' });
  }
}
