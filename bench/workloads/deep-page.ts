import * as z from 'zod';
import { Latencies, median } from '../load/latencies.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const limit = 20;
const Page = z.object({
  data: z.array(z.object({ id: z.string() })),
  pagination: z.object({ nextCursor: z.string().nullable() }),
});

async function run({ database, isQuick, logFile }: Bench): Promise<Findings> {
  const page = isQuick ? 900 : 10_000;
  const largest = database.tenants[0];
  const ours = await startOurServer(database, logFile);
  try {
    const get = async (query: string) => {
      const sentAt = performance.now();
      const response = await fetch(`${ours.url}/api/calls?limit=${limit}${query}`, {
        headers: { 'x-api-key': largest?.apiKey ?? '' },
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return { ms: performance.now() - sentAt, text };
    };
    // The cursor that page 9 999 hands out, had by its offset once.
    const before = Page.parse(JSON.parse((await get(`&offset=${(page - 2) * limit}`)).text));
    const cursor = before.pagination.nextCursor;
    if (cursor === null) throw new Error(`The largest company has fewer than ${page} pages.`);
    const byOffset = await get(`&offset=${(page - 1) * limit}`);
    const byCursor = await get(`&cursor=${cursor}`);
    const ids = ({ text }: { text: string }) =>
      Page.parse(JSON.parse(text))
        .data.map(({ id }) => id)
        .join();
    if (ids(byOffset) !== ids(byCursor)) throw new Error('The cursor leads to other rows than the offset.');

    const times = { first: [] as number[], deep: [] as number[], offset: [] as number[] };
    for (let i = 0; i < (isQuick ? 50 : 300); i++) {
      times.first.push((await get('')).ms);
      times.deep.push((await get(`&cursor=${cursor}`)).ms);
      if (i % 100 === 0) times.offset.push((await get(`&offset=${(page - 1) * limit}`)).ms);
    }
    const ratio = median(times.deep) / median(times.first);
    const row = (name: string, list: number[]) => {
      const latencies = new Latencies(list);
      return [name, latencies.at(0.5).toFixed(2), latencies.at(0.95).toFixed(2)];
    };
    return {
      table: {
        columns: ['', 'median ms', 'p95 ms'],
        rows: [
          row('first page', times.first),
          row(`page ${page} by cursor`, times.deep),
          row(`page ${page} by offset`, times.offset),
        ],
      },
      verdicts: [
        {
          target: `Page ${page} by cursor: at most 1.5 × the first page`,
          measured: `${ratio.toFixed(2)} ×`,
          isMet: ratio <= 1.5,
        },
      ],
      notes: [
        `One request at a time, in turn, of the largest company; the same rows as by offset. Every hundredth turn asks by offset as well (samples: ${times.offset.length}), so its p95 is the slowest of them.`,
      ],
    };
  } finally {
    await ours.stop();
  }
}

export const deepPage: Workload = { name: 'deep-page', title: 'Pages deep in a list', run };
