import { afterAll, beforeAll } from 'vitest';
import { setSettings } from '#core/testing/settings.ts';
import { startDialpadStandIn } from '#local/providers/dialpad/stand-in.ts';
import { startRetellStandIn } from '#local/providers/retell/stand-in.ts';
import { startTwilioStandIn } from '#local/providers/twilio/stand-in.ts';

/** For this file's tests: providers at which companies have accounts with these keys, and nobody any other. */
export function accountsAtProviders(keys: {
  retell: readonly string[];
  dialpad: readonly string[];
  twilio: readonly { accountSid: string; authToken: string }[];
}): void {
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const retell = await startRetellStandIn({ apiKey: 'key_of_nobody_else_0123456789', calls: 0 });
    const dialpad = await startDialpadStandIn({ apiKey: 'dialpad-key-of-nobody-else' });
    const twilio = await startTwilioStandIn({
      accountSid: `AC${'e'.repeat(32)}`,
      authToken: 'of-nobody-else',
    });
    for (const apiKey of keys.retell) retell.addAccount({ apiKey, calls: 0 });
    for (const [index, apiKey] of keys.dialpad.entries()) dialpad.addAccount({ apiKey, number: index + 1 });
    for (const account of keys.twilio) twilio.addAccount({ ...account, numbers: [] });
    closing.push(...[retell, dialpad, twilio].map((server) => () => server.close()));
    setSettings({ RETELL_API_URL: retell.url, DIALPAD_API_URL: dialpad.url, TWILIO_API_URL: twilio.url });
  });
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });
}
