import type { Config as NetlifyConfig } from '@netlify/functions';
import type { Deployable } from './discover.ts';
import { canReadSdk, queuesWokenBy } from './import-graph.ts';
import { overlap } from './match-order.ts';
import { staticPathsOf } from './static-paths.ts';

type Files = Map<string, string>;

type Path = `/${string}`;
type Method = Extract<NetlifyConfig['method'], string>;

/** Netlify reads `config` from the text of an entry without running it: only literals are safe. */
type Config = Omit<NetlifyConfig, 'method' | 'path' | 'excludedPath'> & {
  path?: Path;
  excludedPath?: Path[];
  /** Netlify routes HEAD, its types leave it out. */
  method?: Method | (Method | 'HEAD')[];
  /** Read by the zipper, and in no type of Netlify's. */
  includedFiles?: string[];
};

const pathOf = (path: string): Path => `/${path.slice(1)}`;

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return String(value);
}

/** Netlify's zipper leaves out what no `config` names. What wakes a queue reads the AWS SDK, so its entry names it too. */
const sdkFor = (file: string): Pick<Config, 'includedFiles'> =>
  canReadSdk(file) ? { includedFiles: ['../aws-sdk/**'] } : {};

function entry(given: {
  from: string;
  exported: string;
  file: string;
  config: Config;
  /** Imported for its effect: how queues are woken from here. */
  waking: string | undefined;
}): string {
  const fields = Object.entries(given.config).map(([name, value]) => `${name}: ${literal(value)}`);
  return [
    `// Generated from ${given.from} by \`npm run generate\`. Do not edit.`,
    ...(given.waking ? [`import '../../functions/_generated/${given.waking}.ts';`] : []),
    `export { ${given.exported} as default } from '../../${given.file}';`,
    `export const config = { ${fields.join(', ')} };`,
    '',
  ].join('\n');
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Only what wakes an inlined worker carries it along. */
function wakingFrom(file: string, { workers }: Deployable): string | undefined {
  const queues = queuesWokenBy(file);
  if (workers.some(({ contract }) => contract.isInlined && queues.has(contract.queue)))
    return 'inline-workers';
  return queues.size > 0 ? 'hand-over' : undefined;
}

/**
 * One entry for each endpoint that is not published as a file, one for each schedule, and the fallbacks: of each
 * method one for all paths that no entry of that method takes, so that exactly one entry fits any request.
 */
export function netlifyEntries(found: Deployable): Files {
  const { endpoints, schedules } = found;
  const files: Files = new Map();
  const served = endpoints.filter(({ contract }) => !contract.isStatic);
  const published = endpoints.filter(({ contract }) => contract.isStatic);

  served.forEach(({ name, file, contract }, i) => {
    const meantFirst = served
      .slice(0, i)
      .filter(
        (other) => other.contract.method === contract.method && overlap(other.contract.path, contract.path),
      )
      .map((other) => pathOf(other.contract.path));
    files.set(
      `netlify/functions/${name}.ts`,
      entry({
        from: file,
        exported: 'serve',
        file,
        waking: wakingFrom(file, found),
        config: {
          path: pathOf(contract.path),
          method: contract.method,
          ...(meantFirst.length > 0 ? { excludedPath: meantFirst } : {}),
          ...sdkFor(file),
        },
      }),
    );
  });

  for (const { name, file, contract } of schedules) {
    const config = { schedule: contract.cron, ...sdkFor(file) };
    files.set(
      `netlify/functions/${name}.ts`,
      entry({ from: file, exported: 'serve', file, config, waking: wakingFrom(file, found) }),
    );
  }

  const fallback = (name: string, method: Config['method'] & {}, excludedPath: string[]) =>
    files.set(
      `netlify/functions/fallback-${name}.ts`,
      entry({
        from: 'every route',
        exported: 'serve',
        file: 'functions/_generated/fallback.ts',
        waking: undefined,
        config: {
          path: '/*',
          method,
          ...(excludedPath.length > 0 ? { excludedPath: excludedPath.map(pathOf) } : {}),
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
