import type { BenchDatabase } from '../database/bench-database.ts';
import type { LoadGenerator } from '../load/load-generator.ts';

export interface Bench {
  database: BenchDatabase;
  load: LoadGenerator;
  /** Fewer rounds, fewer events: to see that it works, not to quote. */
  isQuick: boolean;
  /** Where the processes of this workload write their logs. */
  logFile: string;
  say(line: string): void;
}

/** A target and what was measured of it. */
export interface Verdict {
  target: string;
  measured: string;
  isMet: boolean;
}

export interface Table {
  columns: string[];
  rows: string[][];
}

export interface Findings {
  table: Table;
  verdicts: Verdict[];
  /** How it was done, and what else there is to say. */
  notes: string[];
}

export interface Workload {
  name: string;
  title: string;
  /** Those that only look at files need no database. */
  run(bench: Bench): Promise<Findings>;
}

export const perSecond = (value: number) => Math.round(value).toLocaleString('en');
export const fixed = (value: number, digits = 2) => value.toFixed(digits);
