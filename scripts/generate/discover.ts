import { readdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { Contract } from '../../functions/_core/endpoint.ts';
import type { ScheduleContract } from '../../functions/_core/schedule.ts';
import type { WorkerContract } from '../../functions/_core/worker.ts';
import { inMatchOrder } from './match-order.ts';

interface Module<C> {
  /** From the repository's root: `functions/telephony/calls/list-calls.ts`. */
  file: string;
  /** `telephony` */
  domain: string;
  /** `calls` */
  feature: string;
  /** `list-calls` */
  stem: string;
  /** `calls-list-calls`: its name on every platform. */
  name: string;
  contract: C;
}

export type EndpointModule = Module<Contract>;
export type WorkerModule = Module<WorkerContract>;
export type ScheduleModule = Module<ScheduleContract>;

/** Everything deployable. Endpoints stand in the order in which they must be matched. */
export interface Deployable {
  endpoints: EndpointModule[];
  workers: WorkerModule[];
  schedules: ScheduleModule[];
}

export const root = new URL('../../', import.meta.url);

const fn = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function');
const EndpointExports = z.object({
  contract: z.custom<Contract>(
    (value) => z.object({ method: z.string(), path: z.string() }).safeParse(value).success,
  ),
  serve: fn,
  handler: fn,
});
const WorkerExports = z.object({
  contract: z.custom<WorkerContract>((value) => z.object({ queue: z.string() }).safeParse(value).success),
  run: fn,
  handler: fn,
});
const ScheduleExports = z.object({
  contract: z.custom<ScheduleContract>((value) => z.object({ cron: z.string() }).safeParse(value).success),
  run: fn,
  serve: fn,
  handler: fn,
});

/** A folder of `functions/` that holds features: not the core, what is generated, or the providers. */
const isDomain = (name: string): boolean => !name.startsWith('_') && name !== 'providers';

/** A domain's own words and rules, for all of its features: nothing of it is deployed. */
const isModel = (name: string): boolean => name === 'model';

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(new URL(`${folder}/`, root), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The files at the top of each feature's folder that are deployed: all but tests and public.ts. */
export async function deployableFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const domain of (await foldersIn('functions')).filter(isDomain)) {
    for (const feature of await foldersIn(`functions/${domain}`)) {
      if (isModel(feature)) continue;
      const folder = `functions/${domain}/${feature}`;
      for (const entry of await readdir(new URL(`${folder}/`, root), { withFileTypes: true })) {
        const isSource = entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts');
        if (isSource && entry.name !== 'public.ts') files.push(`${folder}/${entry.name}`);
      }
    }
  }
  return files.sort();
}

function checked<S extends z.ZodType>(schema: S, module: unknown, file: string, kind: string): z.infer<S> {
  const parsed = schema.safeParse(module);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Error(
    `${file} is not ${kind}: it does not export ${missing} as it should. What is not deployed belongs in shared/ or public.ts.`,
  );
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/**
 * Imports every deployable file and sorts it by its kind.
 * @throws Error that names the file which is none, or two that would be deployed under one name.
 */
export async function discover(): Promise<Deployable> {
  const found: Deployable = { endpoints: [], workers: [], schedules: [] };
  const names = new Map<string, string>();
  for (const file of await deployableFiles()) {
    const [, domain = '', feature = '', base = ''] = file.split('/');
    const stem = base.replace(/(\.worker|\.schedule)?\.ts$/, '');
    const name = `${feature}-${stem}`;
    const other = names.get(name);
    if (other) throw new Error(`${file} and ${other} would both be deployed as ${name}.`);
    names.set(name, file);
    const module: unknown = await import(pathToFileURL(new URL(file, root).pathname).href);
    const place = { file, domain, feature, stem, name };
    if (base.endsWith('.worker.ts')) {
      found.workers.push({ ...place, contract: checked(WorkerExports, module, file, 'a worker').contract });
    } else if (base.endsWith('.schedule.ts')) {
      found.schedules.push({
        ...place,
        contract: checked(ScheduleExports, module, file, 'a schedule').contract,
      });
    } else {
      found.endpoints.push({
        ...place,
        contract: checked(EndpointExports, module, file, 'an endpoint').contract,
      });
    }
  }
  found.endpoints.sort((a, b) => inMatchOrder(a.contract, b.contract));
  found.workers.sort(byName);
  found.schedules.sort(byName);
  return found;
}
