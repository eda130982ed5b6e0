import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { encryptSecret } from '#core/security/secrets.ts';
import { addresseeOf, callingPerson, requireLiveSession, requireProvedAddress } from '../auth/public.ts';
import { lockSecondFactor, secretPlace } from './shared/second-factor.ts';
import { makeSecret, otpauthUrl } from './shared/totp.ts';

const SetUp = z
  .object({
    secret: z.string().describe('Base32, to be typed where the QR code cannot be scanned.'),
    otpauthUrl: z.string().describe('What the QR code says.'),
    qrCode: z.string().describe('A PNG as a data URL.'),
  })
  .meta({ id: 'TwoFactorSetup' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/2fa/setup',
  summary: 'Set up two-factor authentication',
  description:
    'Changes nothing about logging in until POST /api/auth/2fa/verify has seen a code of it. A secret made before and not verified is replaced.',
  who: ['user'],
  limit: 'strict',
  output: SetUp,
  errors: ['EMAIL_NOT_VERIFIED', 'CONFLICT'],
  async handle({ ctx }) {
    const caller = callingPerson(ctx);
    const { userId, companyId } = caller;
    const secret = await makeSecret();
    const person = await ctx.dbAs('auth', 'second factors are written by the service alone', async (tx) => {
      await lockSecondFactor(tx, userId); // before the person, as logging in locks them
      await requireLiveSession(tx, caller);
      await requireProvedAddress(tx, ctx);
      const stored = await rowsOf(
        tx,
        sql`insert into two_factors (user_id, secret) values (${userId}::uuid, ${encryptSecret(secret, secretPlace(userId))})
          on conflict (user_id) do update set secret = excluded.secret, last_step = null, created_at = now()
            where two_factors.enabled_at is null
          returning 1`,
      );
      if (stored.length === 0) {
        throw new AppError('CONFLICT', {
          message: 'Two-factor authentication is on: turn it off before you set it up anew.',
        });
      }
      return await addresseeOf(tx, userId, companyId);
    });
    if (!person?.companyName)
      throw new Error('A caller whom the database confirmed has no account or company.');
    const url = await otpauthUrl(secret, person.companyName, person.to);
    const { toDataURL } = await import('qrcode');
    return { secret, otpauthUrl: url, qrCode: await toDataURL(url) };
  },
});
