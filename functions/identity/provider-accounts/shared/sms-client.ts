import { env } from '#core/env.ts';
import { type TwilioClient, twilioClient } from '#providers/twilio/client.ts';

export type SmsClient = Pick<TwilioClient, 'sendMessage' | 'listMessages' | 'complaintOf'>;

/**
 * What sends SMS by a Twilio account. The caller says which account: a function that reads the deployment's settings here
 * would put its token into every function that asks for a company's accounts.
 */
export function smsClient(
  account: { accountSid: string; authToken: string },
  options: Parameters<typeof twilioClient>[1],
): SmsClient {
  return twilioClient({ ...account, baseUrl: env().TWILIO_API_URL }, options);
}
