import { writeFileSync } from 'node:fs';
import type { Findings, Table, Workload } from './workload.ts';

export interface Report {
  workload: Workload;
  findings?: Findings;
  failure?: string;
  seconds?: number;
}

const word = (isMet: boolean) => (isMet ? 'met' : 'MISSED');

export function printFindings({ table, verdicts, notes }: Findings): void {
  const widths = table.columns.map((title, column) =>
    Math.max(title.length, ...table.rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [table.columns, ...table.rows]) {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    console.log(`  ${cells.join('  ')}`);
  }
  for (const { target, measured, isMet } of verdicts)
    console.log(`  ${word(isMet)}: ${target} → ${measured}`);
  for (const note of notes) console.log(`  ${note}`);
}

const markdown = ({ columns, rows }: Table): string =>
  [columns, columns.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** Writes the last full run as it was, misses and all. */
export function writeResults(file: URL, machine: readonly string[], reports: readonly Report[]): void {
  const verdicts = reports.flatMap(({ findings }) => findings?.verdicts ?? []);
  const missed = verdicts.filter(({ isMet }) => !isMet);
  const failed = reports.filter(({ failure }) => failure !== undefined);
  const sections = reports.map(({ workload, findings, failure, seconds }) =>
    [
      `## ${workload.title}`,
      ...(findings
        ? [markdown(findings.table), ...findings.notes, `Took ${(seconds ?? 0).toFixed(0)} s.`]
        : [`Could not be measured: ${failure}`]),
    ].join('\n\n'),
  );
  const shortfalls = [
    ...missed.map(({ target, measured }) => `- ${target}: ${measured}`),
    ...failed.map(({ workload, failure }) => `- ${workload.title} could not be measured: ${failure}`),
  ];
  const text = [
    '# What the embedded stack does on one machine',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}. Compare ratios, not requests per second: another machine has other ones.`,
    machine.map((line) => `- ${line}`).join('\n'),
    'Method: servers and load generator are processes of their own, all on the loopback; contenders run in turn, round after round, and the ratio is the median of the ratios of the rounds. Our server runs as in production (no check of its own answers), at LOG_LEVEL=info into a file. The bare limit is node:http with postgres.js and nothing between them.',
    '## Targets',
    markdown({
      columns: ['target', 'measured', ''],
      rows: verdicts.map(({ target, measured, isMet }) => [target, measured, word(isMet)]),
    }),
    '## What falls short',
    shortfalls.length === 0 ? 'Nothing in this run.' : shortfalls.join('\n'),
    'What stands behind the figures: [notes.md](notes.md).',
    ...sections,
  ].join('\n\n');
  writeFileSync(file, `${text}\n`);
}
