import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { enteredPassword, requirePassword, wrongPassword } from '#core/security/passwords.ts';
import { callingPerson } from '../auth/public.ts';
import { announceChange } from './shared/announce.ts';
import { codeInput, codeRefused, notOn } from './shared/answers.ts';
import { lockSecondFactor, takeCode } from './shared/second-factor.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/2fa/disable',
  summary: 'Turn two-factor authentication off',
  description: 'The secret and the backup codes are forgotten.',
  who: ['user'],
  limit: 'strict',
  input: z.object({
    password: enteredPassword,
    code: codeInput.describe('Of the authenticator, or a backup code.'),
  }),
  output: z.object({ isEnabled: z.literal(false) }).meta({ id: 'DisabledTwoFactor' }),
  errors: ['WRONG_PASSWORD', 'CONFLICT', 'ACCOUNT_LOCKED'],
  async handle({ ctx, input }) {
    const { userId } = callingPerson(ctx);
    // Before any code is looked at, so that a mistyped password spends none. No transaction is open meanwhile: hashing
    // takes longer than all else, and connections are few.
    const passwordHash = await ctx.dbAs('auth', 'look up the caller’s password', (tx) =>
      passwordHashOf(tx, userId),
    );
    await requirePassword(passwordHash, input.password);
    const disabled = await ctx.dbAs('auth', 'second factors are written by the service alone', async (tx) => {
      const factor = await lockSecondFactor(tx, userId);
      if (!factor?.isOn) return 'off';
      // Changed since it was verified.
      if ((await passwordHashOf(tx, userId)) !== passwordHash) return 'other password';
      const outcome = await takeCode(tx, ctx, factor, input.code);
      if (outcome !== 'right') return outcome;
      await rowsOf(tx, sql`delete from two_factors where user_id = ${userId}::uuid`); // its backup codes go with it
      await announceChange(tx, ctx, { isOn: false });
      return 'done';
    });
    if (disabled === 'off') throw notOn();
    if (disabled === 'other password') throw wrongPassword();
    if (disabled !== 'done') throw codeRefused(disabled);
    return { isEnabled: false as const };
  },
});

async function passwordHashOf(tx: Tx, userId: string): Promise<string | null> {
  const [person] = await rowsOf<{ password_hash: string | null }>(
    tx,
    sql`select password_hash from users where id = ${userId}::uuid`,
  );
  return person?.password_hash ?? null;
}
