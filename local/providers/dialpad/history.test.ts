import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialpadHistory } from '#providers/dialpad/history.ts';
import { dialpad } from '#providers/dialpad/index.ts';
import type { ListedCall } from '#providers/history.ts';
import type { CallUpdate } from '#telephony/model/updates.ts';
import { type CallKind, callKinds } from './lifecycles.ts';
import { mergedRow } from './merged-row.ts';
import { organization } from './organization.ts';
import { type DialpadStandIn, startDialpadStandIn } from './stand-in.ts';

const start = 1_763_600_000_000;
let standIn: DialpadStandIn;
beforeAll(async () => {
  standIn = await startDialpadStandIn({ apiKey: 'key', requestsPerSecond: false });
});
afterAll(() => standIn.close());

async function listed(from: number, to: number, agentIds?: string[]): Promise<ListedCall[]> {
  const account = { token: 'key', baseUrl: standIn.url };
  const calls: ListedCall[] = [];
  const period = { from: new Date(from), to: new Date(to) };
  for await (const page of dialpadHistory.listCalls(account, period, agentIds ? { agentIds } : undefined)) {
    calls.push(...page);
  }
  return calls;
}

const webhookUpdates = (events: readonly object[]) =>
  events
    .flatMap((event) => dialpad.translate(event))
    .filter((update): update is CallUpdate => update.kind === 'call');

describe('a call in Dialpad’s own list', () => {
  test.each(callKinds)('of kind %s changes nothing that webhooks have told', async (kind) => {
    const at = start + callKinds.indexOf(kind) * 10_000_000;
    const events = await standIn.runCall(kind, { startMs: at });
    const rows = await listed(at, at + 9_000_000);
    const told = webhookUpdates(events);
    const both = [...told, ...rows.map(({ update }) => update)];
    const row = mergedRow(told);
    expect(mergedRow(both).fields).toEqual(row.fields);
    expect(mergedRow(both.toReversed()).fields).toEqual(row.fields);
    expect(mergedRow(both).announced).toEqual(row.announced);
  });

  test.each(['answered', 'missed', 'voicemail', 'outbound', 'outbound_unanswered', 'transfer'] as CallKind[])(
    'of kind %s brings back a call of which every event was lost',
    async (kind) => {
      const at = start + 1_000_000_000 + callKinds.indexOf(kind) * 10_000_000;
      const events = await standIn.runCall(kind, { startMs: at, lose: true });
      const rows = await listed(at, at + 9_000_000);
      expect(new Set(rows.map(({ providerCallId }) => providerCallId))).toEqual(
        new Set([String(events[0]?.call_id)]),
      );
      expect(rows.every(({ isPartial }) => !isPartial)).toBe(true);
      const { summary: _, ...expected } = mergedRow(webhookUpdates(events)).fields;
      expect(mergedRow(rows.map(({ update }) => update)).fields).toEqual(expected);
    },
  );

  test('has the owners of its events', async () => {
    const at = start + 2_000_000_000;
    const of = organization(4);
    await standIn.runCall('answered', { startMs: at, organization: of });
    for (const row of await listed(at, at + 9_000_000)) {
      expect(row.owners).toContainEqual({ kind: 'organization', externalId: String(of.officeId) });
    }
  });

  test('is asked for by its beginning, from inclusive, to exclusive', async () => {
    const at = start + 3_000_000_000;
    await standIn.runCall('outbound', { startMs: at });
    expect(await listed(at, at + 1)).toHaveLength(1);
    expect(await listed(at + 1, at + 2)).toHaveLength(0);
    expect(await listed(at - 1, at)).toHaveLength(0);
  });

  test('is asked for by agent', async () => {
    const at = start + 4_000_000_000;
    const [first, second] = organization().users;
    await standIn.runCall('outbound', { startMs: at, userIndex: 0 });
    expect(await listed(at, at + 1, [String(second.id)])).toHaveLength(0);
    expect(await listed(at, at + 1, [String(second.id), String(first.id)])).toHaveLength(1);
  });
});
