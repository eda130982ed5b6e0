import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as processInbound from '#integrations/inbound/process-inbound.worker.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as receiveRetell from '#integrations/inbound/receive-retell.ts';
import { callKinds, lifecycle as dialpadCall } from '#local/providers/dialpad/lifecycles.ts';
import { smsLifecycle } from '#local/providers/dialpad/sms-lifecycle.ts';
import { lifecycleKinds } from '#local/providers/retell/lifecycle-kinds.ts';
import { lifecycle as retellCall, webhookBody } from '#local/providers/retell/lifecycles.ts';
import { signRetell } from '#providers/retell/signature.ts';
import * as listWebhookEvents from '../list-webhook-events.ts';
import { bodySchemaOf, dataSchemaOf, type EventType, eventTypes, exampleOf } from './catalogue.ts';

const entriesFor = async (
  scopes: Parameters<Awaited<ReturnType<typeof aCompany>>['key']>[0] = ['events:read'],
) => (await (await aCompany()).key(scopes)).request(listWebhookEvents);

describe('GET /api/webhooks/events', () => {
  test('tells everybody of the company, keys with the scope, and the keys of apps', async () => {
    const acme = await aCompany();
    const callers = [await acme.as('viewer'), await acme.as('owner'), await acme.key(), await acme.app()];
    for (const caller of callers) {
      const { status, body } = await caller.request(listWebhookEvents);
      expect(status).toBe(200);
      expect(body.data.map(({ type }: { type: string }) => type)).toEqual(eventTypes);
    }
    expect((await entriesFor(['webhooks:read'])).status).toBe(403);
  });

  test('says of each what is sent, with an example that fits, and what is not sent yet', async () => {
    const { data } = (await entriesFor()).body;
    for (const { type, description, isAvailable, schema, example } of data) {
      expect(schema.required).toEqual(['id', 'type', 'sequence', 'timestamp', 'data']);
      expect(schema.properties.type.const).toBe(type);
      expect(z.fromJSONSchema(schema).safeParse(example)).toMatchObject({ success: true });
      expect([type, description.includes('does not send it yet')]).toEqual([type, !isAvailable]);
      for (const field of Object.keys(example.data)) expect(schema.properties.data.required).toContain(field);
    }
    const sent = data.filter(({ isAvailable }: { isAvailable: boolean }) => isAvailable);
    expect(sent.map(({ type }: { type: string }) => type)).toEqual([
      ...['call.started', 'call.completed', 'call.transferred', 'call.missed', 'call.analyzed'],
      ...['message.received', 'voicemail.received'],
    ]);
  });

  test('has schemas that bear fields which are added later, and refuse what lacks one', async () => {
    const [entry] = (await entriesFor()).body.data;
    const schema = z.fromJSONSchema(entry.schema);
    const { data, ...rest } = entry.example;
    expect(schema.safeParse({ ...rest, data: { ...data, later: 1 }, more: 1 }).success).toBe(true);
    expect(schema.safeParse(rest).success).toBe(false);
    expect(schema.safeParse({ ...rest, data: { ...data, status: 'exploded' } }).success).toBe(false);
  });
});

test.each(eventTypes)('the example of %s has every field and no other', (type) => {
  const example = exampleOf(type);
  expect(bodySchemaOf(type).strict().safeParse(example)).toMatchObject({ success: true });
  expect(dataSchemaOf(type).strict().safeParse(example.data)).toMatchObject({ success: true });
});

describe('what providers’ events put into the outbox', () => {
  beforeEach(() => setInlineRunner(async (_queue, ids) => processInbound.run(ids)));
  const startMs = Date.now() - 3_600_000;

  async function expectInCatalogue(companyId: string): Promise<Set<string>> {
    const rows = await adminSql()<{ type: EventType; data: object }[]>`
      select type, data from outbox where company_id = ${companyId}`;
    for (const { type, data } of rows) {
      const { error } = dataSchemaOf(type).strict().safeParse(data);
      expect([type, error?.issues, data]).toEqual([type, undefined, data]);
    }
    return new Set(rows.map(({ type }) => type));
  }

  test('of Dialpad is what the catalogue says', async () => {
    const acme = await aCompany();
    const organization = `org-${randomUUID()}`;
    await acme.links({ provider: 'dialpad', kind: 'organization', externalId: organization });
    const events = [
      ...callKinds.flatMap((kind) => [1, 2].flatMap((seed) => dialpadCall(kind, seed, startMs))),
      ...smsLifecycle('inbound', 1, startMs),
      ...smsLifecycle('outbound', 2, startMs),
    ];
    for (const event of events)
      await post(receiveDialpad, dialpadBody({ ...event, company_id: organization }));
    expect([...(await expectInCatalogue(acme.id))].sort()).toEqual([
      ...['call.analyzed', 'call.completed', 'call.missed', 'call.started', 'call.transferred'],
      ...['message.received', 'voicemail.received'],
    ]);
  });

  test('of Retell is what the catalogue says', async () => {
    const acme = await aCompany();
    const agentId = `agent_${randomUUID()}`;
    await acme.links({ provider: 'retell', kind: 'agent', externalId: agentId });
    const steps = lifecycleKinds.flatMap((kind) =>
      retellCall(kind, 7, startMs, {
        callId: `call_${randomUUID()}`,
        metadata: { ticket: 'T-1', nested: { a: [1] } },
      }),
    );
    for (const step of steps) {
      const body = webhookBody({ ...step, call: { ...step.call, agent_id: agentId } });
      const headers = {
        'x-retell-signature': signRetell(body, process.env.RETELL_API_KEY ?? '', Date.now()),
      };
      expect((await post(receiveRetell, body, { headers })).status).toBe(200);
    }
    const types = await expectInCatalogue(acme.id);
    for (const type of ['call.started', 'call.completed', 'call.analyzed']) expect(types).toContain(type);
  });
});
