import { listFunctions } from '@netlify/zip-it-and-ship-it';
import { beforeAll, describe, expect, test } from 'vitest';
import { discover, root } from '../generate/discover.ts';
import { staticPathsOf } from '../generate/static-paths.ts';

const found = await discover();
const served = found.endpoints.filter(({ contract }) => !contract.isStatic);
const published = found.endpoints.filter(({ contract }) => contract.isStatic);

type Listed = Awaited<ReturnType<typeof listFunctions>>[number];
type Route = NonNullable<Listed['routes']>[number];
let listed: Map<string, Listed>;
beforeAll(async () => {
  const functions = await listFunctions(new URL('netlify/functions', root).pathname, { parseISC: true });
  listed = new Map(functions.map((entry) => [entry.name, entry]));
});

const fits = (route: Pick<Route, 'pattern'> & Partial<Route>, path: string): boolean =>
  'literal' in route && route.literal !== undefined
    ? route.literal === path
    : 'expression' in route && new RegExp(route.expression ?? '$^').test(path);

/** The functions that Netlify would run for a request, by what its own parser reads from the entries. */
const answering = (method: string, path: string): string[] =>
  [...listed.values()]
    .filter(
      ({ routes = [], excludedRoutes = [] }) =>
        routes.some((route) => (route.methods ?? []).includes(method) && fits(route, path)) &&
        !excludedRoutes.some((route) => fits(route, path)),
    )
    .map(({ name }) => name);

/** A path that the route takes and, as far as can be, no other one. */
const sample = (path: string) => path.replaceAll(/:\w+/g, '01890a5d-ac96-774b-bcce-b302099a8057');

describe('Netlify reads from the entries', () => {
  test('exactly the routes of the contracts', () => {
    const routes = [...listed.values()]
      .filter(({ name }) => !name.startsWith('fallback-'))
      .flatMap(({ name, routes: own = [] }) =>
        own.map(({ pattern, methods }) => `${name} ${(methods ?? []).join()} ${pattern}`),
      );
    expect(routes.sort()).toEqual(
      served.map(({ name, contract }) => `${name} ${contract.method} ${contract.path}`).sort(),
    );
  });

  test('exactly the schedules of the contracts', () => {
    const schedules = [...listed.values()].flatMap(({ name, schedule }) =>
      schedule ? [`${name} ${schedule}`] : [],
    );
    expect(schedules.sort()).toEqual(
      found.schedules.map(({ name, contract }) => `${name} ${contract.cron}`).sort(),
    );
  });
});

describe('exactly one function answers', () => {
  test.each(served)('$contract.method $contract.path', ({ name, contract }) => {
    expect(answering(contract.method, sample(contract.path))).toEqual([name]);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])('%s on every path', (method) => {
    for (const { contract } of served) expect(answering(method, sample(contract.path))).toHaveLength(1);
    expect(answering(method, '/no/such/path')).toHaveLength(1);
    expect(answering(method, '/')).toHaveLength(1);
  });

  test('and none for a file that is published', () => {
    for (const path of published.flatMap(({ contract }) => staticPathsOf(contract))) {
      expect(answering('GET', path)).toEqual([]);
      expect(answering('POST', path)).toEqual(['fallback-post']);
    }
  });
});
