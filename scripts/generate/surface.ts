import type { Deployable } from './discover.ts';

/** Columns of text, two spaces apart; the last one is not padded. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

/**
 * The surface of the deployment for a reviewer, one line an endpoint: method, path, who may call it, with which
 * permission, from which role of a person on (`any`: every person, about what is their own; `+self`: everybody about
 * themselves), which rate limit counts, and the file. A change of access shows as a changed line.
 */
export function surfaceFile({ endpoints }: Deployable): string {
  const rows = endpoints
    .map(({ contract, file }) => [
      contract.method,
      contract.path,
      contract.who.join('+'),
      contract.permission ?? '-',
      contract.who.includes('user') ? `${contract.role ?? 'any'}${contract.self ? '+self' : ''}` : '-',
      contract.limit,
      file.replace(/^functions\//, ''),
    ])
    .toSorted(([methodA = '', pathA = ''], [methodB = '', pathB = '']) =>
      pathA < pathB ? -1 : pathA > pathB ? 1 : methodA < methodB ? -1 : 1,
    );
  const header = ['method', 'path', 'who', 'permission', 'role', 'limit', 'file'];
  return `# Generated from every endpoint by \`npm run generate\`. Do not edit.\n${table([header, ...rows])}\n`;
}
