import { codeLimits } from '#core/callers/limits.ts';
import { takeLimits } from '#core/database/read-together.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { isSmsCountry } from '#core/phones/sms-countries.ts';
import { Done, done } from './shared/account.ts';
import { callingPerson } from './shared/person.ts';
import { maxPhoneCodeTries, phoneCodeMinutes, queuePhoneCode, readOwnPhone } from './shared/phone-proof.ts';
import { requireProvedAddress } from './shared/proved-address.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/phone/send-code',
  summary: 'Send a code that verifies your telephone number',
  description: `To the number of your profile. The code has 6 digits, is good for ${phoneCodeMinutes} minutes and has ${maxPhoneCodeTries} tries. Before a number is proved, no other SMS goes there; another number must be proved again. SMS go to the country of the number that sends them, and to those that the deployment names.`,
  who: ['user'],
  limit: 'strict',
  output: Done,
  envelope: 'none',
  errors: ['EMAIL_NOT_VERIFIED', 'CONFLICT'],
  async handle({ ctx }) {
    const person = callingPerson(ctx);
    const { phone, isProved } = await ctx.dbAs('auth', 'look up the caller’s number', async (tx) => {
      await requireProvedAddress(tx, ctx);
      return await readOwnPhone(tx, person.userId);
    });
    if (phone === null) {
      throw new AppError('CONFLICT', {
        message: 'Your profile has no telephone number: set one with PUT /api/auth/profile first.',
      });
    }
    if (isProved) return done('The number is proved already.');
    requireSms(phone);
    await takeLimits(codeLimits({ userId: person.userId, phone, ip: ctx.ip }));
    await ctx.dbAs('auth', 'queue a code that proves the caller’s number', (tx) =>
      queuePhoneCode(tx, person, phone),
    );
    return done('If SMS can reach your number, a code is on its way.');
  },
});

/** @throws AppError CONFLICT where this deployment sends no SMS, or none to the country of the number. */
function requireSms(phone: string): void {
  const { SMS_ENABLED, TWILIO_PHONE_NUMBER } = env();
  if (!SMS_ENABLED) {
    throw new AppError('CONFLICT', {
      message:
        'This deployment sends no SMS: its operator turns them on with SMS_ENABLED=true, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER.',
    });
  }
  // Without a number of the deployment, the company's own decides when the code is sent.
  if (TWILIO_PHONE_NUMBER !== undefined && !isSmsCountry(phone, TWILIO_PHONE_NUMBER)) {
    throw new AppError('CONFLICT', {
      message:
        'This deployment sends no SMS to the country of your number: its operator adds the country to SMS_COUNTRIES.',
    });
  }
}
