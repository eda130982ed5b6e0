import type { Deployable } from './discover.ts';
import { canWake } from './import-graph.ts';
import { overlap } from './match-order.ts';
import { staticPathsOf } from './static-paths.ts';

type Files = Map<string, string>;

/** Netlify reads `config` from the text of an entry without running it: only literals are safe. */
interface Config {
  path?: string;
  method?: string | string[];
  excludedPath?: string[];
  preferStatic?: boolean;
  schedule?: string;
  includedFiles?: string[];
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return String(value);
}

function entry(given: {
  from: string;
  exported: string;
  file: string;
  config: Config;
  wakes: boolean;
}): string {
  const fields = Object.entries(given.config).map(([name, value]) => `${name}: ${literal(value)}`);
  return [
    `// Generated from ${given.from} by \`npm run generate\`. Do not edit.`,
    ...(given.wakes ? ["import '../../functions/_generated/inline-workers.ts';"] : []),
    `export { ${given.exported} as default } from '../../${given.file}';`,
    `export const config = { ${fields.join(', ')} };`,
    '',
  ].join('\n');
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * One entry for each endpoint that is not published as a file, one for each schedule, and the fallbacks: of each
 * method one for all paths that no entry of that method takes, so that exactly one entry fits any request.
 */
export function netlifyEntries({ endpoints, schedules }: Deployable): Files {
  const files: Files = new Map();
  const served = endpoints.filter(({ contract }) => !contract.isStatic);
  const published = endpoints.filter(({ contract }) => contract.isStatic);

  served.forEach(({ name, file, contract }, i) => {
    const meantFirst = served
      .slice(0, i)
      .filter(
        (other) => other.contract.method === contract.method && overlap(other.contract.path, contract.path),
      )
      .map((other) => other.contract.path);
    files.set(
      `netlify/functions/${name}.ts`,
      entry({
        from: file,
        exported: 'serve',
        file,
        wakes: canWake(file),
        config: {
          path: contract.path,
          method: contract.method,
          ...(meantFirst.length > 0 ? { excludedPath: meantFirst } : {}),
        },
      }),
    );
  });

  for (const { name, file, contract } of schedules) {
    const config = { schedule: contract.cron };
    files.set(
      `netlify/functions/${name}.ts`,
      entry({ from: file, exported: 'serve', file, config, wakes: canWake(file) }),
    );
  }

  const fallback = (name: string, method: string | string[], excludedPath: string[]) =>
    files.set(
      `netlify/functions/fallback-${name}.ts`,
      entry({
        from: 'every route',
        exported: 'serve',
        file: 'functions/_generated/fallback.ts',
        wakes: false,
        config: {
          path: '/*',
          method,
          ...(excludedPath.length > 0 ? { excludedPath } : {}),
          preferStatic: true,
        },
      }),
    );
  for (const method of methods) {
    const taken = [
      ...served.filter(({ contract }) => contract.method === method).map(({ contract }) => contract.path),
      ...published
        .filter(({ contract }) => contract.method === method)
        .flatMap(({ contract }) => staticPathsOf(contract)),
    ];
    fallback(method.toLowerCase(), method, taken);
  }
  fallback('options', ['OPTIONS', 'HEAD'], []);
  return files;
}
