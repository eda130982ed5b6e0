import type { Child } from '../../faults/shared/child-process.ts';
import type { LoadOutcome } from './closed-loop.ts';
import { Latencies, median } from './latencies.ts';

/** One server under one kind of request; `run` puts load on it once. */
export interface Contender {
  name: string;
  server: Child;
  run(round: number): Promise<LoadOutcome>;
}

export interface Standing {
  name: string;
  perSecond: number;
  least: number;
  most: number;
  /** To the first contender, in each round; their median. */
  ratio: number;
  ratios: number[];
  p50Ms: number;
  p99Ms: number;
  cpuMicrosecondsEach: number;
  bodyBytesEach: number;
}

/** Runs the contenders in turn, round after round, so that what else the machine does meets all of them alike. */
export async function interleaved(contenders: readonly Contender[], rounds: number): Promise<Standing[]> {
  const runs = contenders.map(() => [] as (LoadOutcome & { cpuMs: number })[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { server, run }] of contenders.entries()) {
      const before = server.cpuMs();
      const outcome = await run(round);
      runs[index]?.push({ ...outcome, cpuMs: server.cpuMs() - before });
    }
  }
  const rates = runs.map((list) => list.map(({ latenciesMs, seconds }) => latenciesMs.length / seconds));
  return contenders.map(({ name }, index) => {
    const own = runs[index] ?? [];
    const rate = rates[index] ?? [];
    const ratios = rate.map((value, round) => value / (rates[0]?.[round] ?? Number.NaN));
    const latencies = own.map(({ latenciesMs }) => new Latencies(latenciesMs));
    const requests = own.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0);
    return {
      name,
      perSecond: median(rate),
      least: Math.min(...rate),
      most: Math.max(...rate),
      ratio: median(ratios),
      ratios,
      p50Ms: median(latencies.map((each) => each.at(0.5))),
      p99Ms: median(latencies.map((each) => each.at(0.99))),
      cpuMicrosecondsEach: (own.reduce((sum, { cpuMs }) => sum + cpuMs, 0) * 1000) / requests,
      bodyBytesEach: own.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) / requests,
    };
  });
}

export const standingColumns = [
  '',
  'req/s (least–most)',
  'ratio',
  'p50 ms',
  'p99 ms',
  'server CPU µs',
  'bytes',
];

export const standingRow = (s: Standing): string[] => [
  s.name,
  `${Math.round(s.perSecond)} (${Math.round(s.least)}–${Math.round(s.most)})`,
  s.ratio.toFixed(2),
  s.p50Ms.toFixed(2),
  s.p99Ms.toFixed(2),
  s.cpuMicrosecondsEach.toFixed(0),
  s.bodyBytesEach.toFixed(0),
];
