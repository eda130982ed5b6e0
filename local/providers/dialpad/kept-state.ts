import * as z from 'zod';
import type { Account, CallSubscription, SmsSubscription } from './account.ts';
import type { Hook } from './delivery.ts';

const entries = <T>() => z.array(z.tuple([z.number(), z.custom<T>((value) => typeof value === 'object')]));
const SetUp = z.object({
  lastId: z.number(),
  webhooks: entries<Hook>(),
  callSubscriptions: entries<CallSubscription>(),
  smsSubscriptions: entries<SmsSubscription>(),
});
type SetUp = z.infer<typeof SetUp>;

const Consented = z.object({ scope: z.string(), consenter: z.string() });
export const KeptTokens = z.object({
  access: z.array(
    z.tuple([
      z.string(),
      z.object({ expiresAt: z.number(), consenter: z.string(), refresh: z.string().optional() }),
    ]),
  ),
  refreshes: z.array(z.tuple([z.string(), Consented])),
});
export type KeptTokens = z.infer<typeof KeptTokens>;

/** What outlives a stand-in, as JSON. The calls and messages of its accounts do not. */
export const KeptState = z.object({ oauth: KeptTokens, accounts: z.array(z.tuple([z.string(), SetUp])) });

export const setUpIn = (account: Account): SetUp => ({
  lastId: account.lastId(),
  webhooks: [...account.webhooks],
  callSubscriptions: [...account.callSubscriptions],
  smsSubscriptions: [...account.smsSubscriptions],
});

export function setUpAgain(account: Account, setUp: SetUp): void {
  account.goOnAfter(setUp.lastId);
  for (const [id, hook] of setUp.webhooks) account.webhooks.set(id, hook);
  for (const [id, wanted] of setUp.callSubscriptions) account.callSubscriptions.set(id, wanted);
  for (const [id, wanted] of setUp.smsSubscriptions) account.smsSubscriptions.set(id, wanted);
}
