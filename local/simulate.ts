/**
 * `npm run simulate`: a day of a call center in a minute. Asks the stand-ins of a running `npm start` to have calls,
 * messages and voicemails happen; they send their signed webhooks as the providers would. Then says what the API has.
 *   npm run simulate                 60 seconds, about 6 calls a second at the busiest
 *   npm run simulate -- --seconds=20 shorter
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { progressOn } from '../scripts/progress.ts';
import { nothingRuns, runningStack, type StackFacts } from './stack/running-stack.ts';

const Summary = z.object({
  data: z.object({ total: z.number(), byStatus: z.record(z.string(), z.number()) }),
});

/** How busy each hour of the day is, calls a second at a day a minute: quiet at night, peaks at ten and three. */
const callsASecond = [0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 6, 5, 3, 3, 5, 6, 5, 4, 2, 1, 1, 0, 0, 0] as const;

/** What a hundred calls are like. */
const mix: readonly { provider: 'dialpad' | 'retell'; kind: string; share: number }[] = [
  { provider: 'dialpad', kind: 'answered', share: 28 },
  { provider: 'dialpad', kind: 'outbound', share: 12 },
  { provider: 'dialpad', kind: 'missed', share: 8 },
  { provider: 'dialpad', kind: 'voicemail', share: 6 },
  { provider: 'dialpad', kind: 'transfer', share: 4 },
  { provider: 'dialpad', kind: 'outbound_unanswered', share: 4 },
  { provider: 'retell', kind: 'inbound', share: 20 },
  { provider: 'retell', kind: 'outbound', share: 10 },
  { provider: 'retell', kind: 'web', share: 4 },
  { provider: 'retell', kind: 'cold_transfer', share: 4 },
];

function pick(): (typeof mix)[number] {
  let left = Math.random() * mix.reduce((sum, { share }) => sum + share, 0);
  for (const kind of mix) {
    left -= kind.share;
    if (left <= 0) return kind;
  }
  return mix[0] as (typeof mix)[number]; // the list is not empty
}

async function tell(address: string, path: string, body: object): Promise<void> {
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The stand-in answered ${response.status}: ${await response.text()}`);
}

async function summaryOf({ url, apiKey }: StackFacts): Promise<z.infer<typeof Summary>['data']> {
  const response = await fetch(`${url}/api/calls/stats/summary`, { headers: { 'x-api-key': apiKey } });
  if (!response.ok) throw new Error(`The API answered ${response.status}: ${await response.text()}`);
  return Summary.parse(await response.json()).data;
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const seconds = Number(values.seconds);
if (!(seconds >= 1 && seconds <= 3600)) {
  console.error('--seconds takes a number from 1 to 3600.');
  process.exit(1);
}

const stack = await runningStack();
if (!stack) {
  console.error(await nothingRuns('npm run simulate'));
  process.exit(1);
}
const before = await summaryOf(stack).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

const progress = progressOn(process.stdout);
let calls = 0;
let messages = 0;
const pending = new Set<Promise<void>>();
const started = Date.now();
let owed = 0;
let counted = started;
while (Date.now() - started < seconds * 1000) {
  const hour = Math.min(23, Math.floor(((Date.now() - started) / (seconds * 1000)) * 24));
  const since = Date.now();
  owed += ((callsASecond[hour] ?? 0) * (since - counted)) / 1000; // an SMS or a busy machine may take long
  counted = since;
  for (; owed >= 1; owed--) {
    const { provider, kind } = pick();
    // Each call takes a few seconds of the minute, so that some are to be seen at GET /api/calls/active.
    const work = tell(stack[provider], '/_standin/calls', { kind, speed: 60 });
    calls++;
    pending.add(work);
    void work.catch(() => {}).finally(() => pending.delete(work));
    if (Math.random() < 0.25) {
      await tell(stack.dialpad, '/_standin/sms', {
        direction: Math.random() < 0.6 ? 'inbound' : 'outbound',
      });
      messages++;
    }
  }
  const clock = `${String(hour).padStart(2, '0')}:00`;
  progress.show(clock, `${calls} calls, ${messages} messages sent`);
  await sleep(200);
}
progress.show('24:00', `${calls} calls, ${messages} messages sent`);
await Promise.all(pending);

progress.end();
console.log('The day is over; waiting for the last calls to end …');
let after = before;
for (let waited = 0; waited < 60; waited++) {
  after = await summaryOf(stack);
  const open = ['queued', 'ringing', 'in_progress', 'on_hold'].reduce(
    (n, status) => n + (after.byStatus[status] ?? 0),
    0,
  );
  if (open === 0 && after.total - before.total >= calls) break;
  await sleep(500);
}
console.log(`The API has ${after.total - before.total} new calls of ${calls}:`);
for (const [status, count] of Object.entries(after.byStatus)) {
  const more = count - (before.byStatus[status] ?? 0);
  if (more > 0) console.log(`  ${String(more).padStart(5)} ${status}`);
}
console.log(`See them: curl -s '${stack.url}/api/calls?limit=5' -H 'x-api-key: ${stack.apiKey}'`);
