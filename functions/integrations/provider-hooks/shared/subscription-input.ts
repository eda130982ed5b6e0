import * as z from 'zod';
import { DialpadId } from '#providers/dialpad/ids.ts';
import { callStates } from '#providers/dialpad/states.ts';
import { webhookIdInput } from './hook.ts';

/** Source: dialpad_api_spec.json (2026-03-31). There is none for a company: that is meant by leaving it out. */
const targetTypes = [
  'callcenter',
  'callrouter',
  'channel',
  'coachinggroup',
  'coachingteam',
  'department',
  'office',
  'room',
  'staffgroup',
  'user',
] as const;

export const SubscriptionInput = z
  .object({
    app_id: z.uuid().describe('The id of the app.'),
    webhook_id: webhookIdInput.optional().describe('By default the app’s newest webhook.'),
    types: z
      .array(z.enum(['call', 'sms']))
      .min(1)
      .max(2)
      .default(['call', 'sms']),
    // Not a list of those that matter today: Dialpad refuses a whole subscription for one state that the
    // account's plan has not, and what is not asked for is lost for good.
    call_states: z
      .array(z.enum(callStates as [string, ...string[]]))
      .min(1)
      .max(callStates.length)
      .default(['all']),
    direction: z.enum(['all', 'inbound', 'outbound']).default('all').describe('Of messages.'),
    target_type: z.enum(targetTypes).optional(),
    target_id: DialpadId.optional(),
  })
  .refine((given) => (given.target_type === undefined) === (given.target_id === undefined), {
    path: ['target_id'],
    message: 'goes with target_type: give both, or neither for the whole Dialpad company',
  });
