import { readdir } from 'node:fs/promises';
import { type Deployable, type EndpointModule, root } from './discover.ts';

type Files = Map<string, string>;

const header = (from: string) => `// Generated from ${from} by \`npm run generate\`. Do not edit.`;
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const relative = (file: string) => file.replace(/^functions\//, '../');

/** For the server that runs everything in one process. */
function modulesFile({ endpoints, workers, schedules }: Deployable): string {
  return [
    header('every endpoint, worker and schedule'),
    '',
    '/** In the order in which they must be matched: of those that fit a request, the first is meant. */',
    'export const endpoints = [',
    ...endpoints.map(
      ({ file, contract }) =>
        `  { file: '${file}', method: '${contract.method}', path: '${contract.path}', load: () => import('${relative(file)}') },`,
    ),
    '] as const;',
    '',
    'export const workers = [',
    ...workers.map(
      ({ file, contract }) =>
        `  { file: '${file}', queue: '${contract.queue}', load: () => import('${relative(file)}') },`,
    ),
    '] as const;',
    '',
    'export const schedules = [',
    ...schedules.map(
      ({ file, contract }) =>
        `  { file: '${file}', cron: '${contract.cron}', load: () => import('${relative(file)}') },`,
    ),
    '] as const;',
    '',
  ].join('\n');
}

/** For platforms without SQS: imported for its effect by the entries that can wake a queue. */
function inlineWorkersFile({ workers }: Deployable): string {
  return [
    header('every worker'),
    "import { handOver } from '#core/work/hand-over.ts';",
    "import { type QueueName, setInlineRunner } from '#core/work/queue.ts';",
    '',
    'type Load = () => Promise<{ run: (ids: string[]) => Promise<void> }>;',
    '',
    'const workers: Partial<Record<QueueName, Load>> = {',
    ...workers
      .filter(({ contract }) => contract.isInlined)
      .map(({ file, contract }) => `  ${contract.queue}: () => import('${relative(file)}'),`),
    '};',
    '',
    '// Runs only where QUEUE_DRIVER=inline: a queue then wakes its worker in this process, or asks the function that has it.',
    'setInlineRunner(async (queue, ids) => {',
    '  const worker = await workers[queue]?.();',
    '  await (worker ? worker.run(ids) : handOver(queue, ids));',
    '});',
    '',
  ].join('\n');
}

function handOverFile(): string {
  return [
    header('nothing that could change'),
    "import { handEverythingOver } from '#core/work/hand-over.ts';",
    '',
    'handEverythingOver();',
    '',
  ].join('\n');
}

function fallbackFile({ endpoints }: Deployable): string {
  return [
    header('every route'),
    "import { makeFallback } from '#core/http/fallback.ts';",
    '',
    '/** Answers what no endpoint does: preflights, 405 with Allow, 404. */',
    'export const { respond, serve, handler } = makeFallback([',
    ...endpoints.map(({ contract }) => `  { method: '${contract.method}', path: '${contract.path}' },`),
    ']);',
    '',
  ].join('\n');
}

const routeOf = ({ contract, file, feature }: EndpointModule) => ({
  method: contract.method,
  path: contract.path,
  summary: contract.summary,
  who: contract.who,
  role: contract.role ?? null,
  scope: contract.scope ?? null,
  file,
  feature,
});

/** @throws Error when two workers take from one queue. */
export async function registries(found: Deployable): Promise<Files> {
  const queues = new Map<string, string>();
  for (const { file, contract } of found.workers) {
    const other = queues.get(contract.queue);
    if (other) throw new Error(`${file} and ${other} both work on the queue ${contract.queue}.`);
    queues.set(contract.queue, file);
  }
  const migrations = await readdir(new URL('db/migrations/', root));
  return new Map([
    ['functions/_generated/modules.ts', modulesFile(found)],
    ['functions/_generated/inline-workers.ts', inlineWorkersFile(found)],
    ['functions/_generated/hand-over.ts', handOverFile()],
    ['functions/_generated/fallback.ts', fallbackFile(found)],
    ['functions/_generated/routes.json', json(found.endpoints.map(routeOf))],
    ['functions/_generated/migrations.json', json(migrations.filter((name) => name.endsWith('.sql')).sort())],
  ]);
}
