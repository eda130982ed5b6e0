import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetEnv } from '#core/env.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { type DialpadStandIn, startDialpadStandIn } from '#local/providers/dialpad/stand-in.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as listVoicemails from '#telephony/voicemails/list-voicemails.ts';
import * as processInbound from '../inbound/process-inbound.worker.ts';
import * as receiveDialpad from '../inbound/receive-dialpad.ts';
import * as refill from './refill.schedule.ts';
import { forgetAccounts } from './testing/forget-accounts.ts';

let dialpad: DialpadStandIn;

beforeAll(async () => {
  await forgetAccounts();
  dialpad = await startDialpadStandIn({ apiKey: 'refill-key', seed: Math.floor(Math.random() * 1e6) });
  process.env.DIALPAD_API_URL = dialpad.url;
  process.env.DIALPAD_API_KEY = 'refill-key';
  delete process.env.RETELL_API_KEY;
  setInlineRunner(async (_queue, ids) => processInbound.run(ids));
});
afterAll(() => dialpad.close());

describe('the refill from Dialpad’s own list', () => {
  test('fills in calls and voicemails whose webhooks were lost, once, and leaves the others as they are', async () => {
    const acme = await aCompany();
    process.env.DEFAULT_COMPANY_ID = acme.id;
    forgetEnv();
    const key = await acme.key();
    const heard = await dialpad.runCall('answered');
    for (const event of heard) await post(receiveDialpad, dialpadBody(event));
    const before = (await key.request(listCalls)).body.data[0];
    for (const kind of ['answered', 'missed', 'voicemail', 'outbound'] as const)
      await dialpad.runCall(kind, { lose: true });

    await refill.run();
    const { data } = (await key.request(listCalls)).body;
    expect(data).toHaveLength(5);
    expect(data.map((call: { status: string }) => call.status).sort()).toEqual([
      'completed',
      'completed',
      'completed',
      'missed',
      'voicemail',
    ]);
    expect((await key.request(listVoicemails)).body.data).toHaveLength(1);
    expect(data.find((call: { id: string }) => call.id === before.id)).toEqual(before);

    const checks =
      () => adminSql()`select listed, missing, unfinished, filled, failed from completeness_checks
      where company_id = ${acme.id} order by id`;
    expect((await checks())[0]).toEqual({ listed: 5, missing: 4, unfinished: 0, filled: 4, failed: 0 });
    await refill.run();
    expect((await checks())[1]).toEqual({ listed: 5, missing: 0, unfinished: 0, filled: 0, failed: 0 });
    expect((await key.request(listCalls)).body.data).toHaveLength(5);
  });

  test('keeps why a list could not be had', async () => {
    const acme = await aCompany();
    process.env.DEFAULT_COMPANY_ID = acme.id;
    process.env.DIALPAD_API_KEY = `wrong-${randomUUID()}`;
    forgetEnv();
    await refill.run();
    const [check] =
      await adminSql()`select error, listed from completeness_checks where company_id = ${acme.id}`;
    expect(check).toEqual({ error: expect.stringContaining('401'), listed: 0 });
    process.env.DIALPAD_API_KEY = 'refill-key';
    forgetEnv();
  });
});
