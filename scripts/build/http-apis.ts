import { inMatchOrder, overlap } from '../generate/match-order.ts';

/** A route of an HTTP API: to a function, by its name, or to another API. */
export interface ApiRoute {
  api: string;
  /** As AWS writes it: `GET /api/calls/{id}`, `$default`. */
  key: string;
  to: { name: string } | { api: string };
}

interface Request {
  method: string;
  path: string;
}

const patternOf = (key: string): Request => {
  const [method = '', path = ''] = key.split(' ');
  return { method, path };
};
const isGreedy = (key: string) => /\{\w+\+\}$/.test(key);
const isParameter = (segment: string) => segment.startsWith('{');
const segmentsOf = (path: string) => path.split('/').slice(1);

function fits(key: string, { method, path }: Request): boolean {
  const pattern = patternOf(key);
  if (pattern.method !== 'ANY' && pattern.method !== method) return false;
  const wanted = segmentsOf(pattern.path);
  const given = segmentsOf(path);
  const fixed = isGreedy(key) ? wanted.slice(0, -1) : wanted;
  if (isGreedy(key) ? given.length < wanted.length : given.length !== wanted.length) return false;
  return fixed.every((segment, i) => isParameter(segment) || segment === given[i]);
}

const asContract = (key: string): Request => {
  const { method, path } = patternOf(key);
  return { method, path: path.replaceAll(/\{(\w+)\+?\}/g, ':$1') };
};

/**
 * The route that an HTTP API chooses: one that fits the whole path and the method, a fixed segment before a parameter; else
 * one with a greedy parameter, the longest first; else `$default`.
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html)
 */
export function routeOf(routes: readonly ApiRoute[], api: string, request: Request): ApiRoute | undefined {
  const own = routes.filter((route) => route.api === api);
  const fitting = own.filter(({ key }) => key !== '$default' && fits(key, request));
  const byMeaning = (a: ApiRoute, b: ApiRoute) => inMatchOrder(asContract(a.key), asContract(b.key));
  const whole = fitting.filter(({ key }) => !isGreedy(key)).sort(byMeaning);
  const greedy = fitting.filter(({ key }) => isGreedy(key)).sort((a, b) => b.key.length - a.key.length);
  return whole[0] ?? greedy[0] ?? own.find(({ key }) => key === '$default');
}

/** The function that answers a request to `api`, over all APIs that it is handed on to; undefined where none does. */
export function functionFor(
  routes: readonly ApiRoute[],
  request: Request,
  api: string,
  passed: readonly string[] = [],
): string | undefined {
  const to = routeOf(routes, api, request)?.to;
  if (!to || passed.includes(api)) return undefined;
  return 'name' in to ? to.name : functionFor(routes, request, to.api, [...passed, api]);
}

interface Contracted {
  name: string;
  contract: Request;
}

/** A segment that is no fixed one of any path. */
const anyValue = '01890a5d-ac96-774b-bcce-b302099a8057';

/** What is wrong with the routes, in sentences: empty when each endpoint is reached at the front, by one route. */
export function routingFaults(
  routes: readonly ApiRoute[],
  endpoints: readonly Contracted[],
  front: string,
  fallbacks: readonly string[],
): string[] {
  const faults: string[] = [];
  const keys = new Map<string, number>();
  const routesTo = new Map<string, number>();
  for (const { api, key, to } of routes) {
    const name = `${key} of ${api}`;
    keys.set(name, (keys.get(name) ?? 0) + 1);
    if ('name' in to) routesTo.set(to.name, (routesTo.get(to.name) ?? 0) + 1);
  }
  for (const [key, times] of keys) if (times > 1) faults.push(`The route ${key} is there ${times} times.`);
  const names = new Set([...endpoints.map(({ name }) => name), ...fallbacks]);
  for (const name of routesTo.keys())
    if (!names.has(name)) faults.push(`A route leads to ${name}, which is no endpoint.`);
  for (const { name, contract } of endpoints) {
    const count = routesTo.get(name) ?? 0;
    if (count !== 1) faults.push(`${name} has ${count} routes.`);
    const path = contract.path.replaceAll(/:\w+/g, anyValue);
    const found = functionFor(routes, { method: contract.method, path }, front);
    if (found !== name)
      faults.push(`${contract.method} ${contract.path} is answered by ${found ?? 'nobody'}, not by ${name}.`);
  }
  const apiOfName = new Map(
    routes.flatMap(({ api, to }): [string, string][] => ('name' in to ? [[to.name, api]] : [])),
  );
  const isAtFront = ({ name }: Contracted) => apiOfName.get(name) === front;
  for (const first of endpoints.filter(isAtFront)) {
    // A request that fits a route of the front gets no further.
    const hidden = endpoints.find(
      (other) =>
        !isAtFront(other) &&
        other.contract.method === first.contract.method &&
        overlap(other.contract.path, first.contract.path) &&
        inMatchOrder(other.contract, first.contract) < 0,
    );
    if (hidden) faults.push(`${first.name} hides ${hidden.name} of another API: put them into one.`);
  }
  const paths = [
    ...endpoints.map(({ contract }) => contract.path.replaceAll(/:\w+/g, anyValue)),
    '/none/of/them',
  ];
  for (const path of paths) {
    // PROPFIND stands for each method that no endpoint takes.
    for (const method of ['OPTIONS', 'PROPFIND']) {
      const found = functionFor(routes, { method, path }, front);
      if (found === undefined || !fallbacks.includes(found))
        faults.push(`${method} ${path} is answered by ${found ?? 'nobody'}, not by a fallback.`);
    }
  }
  return faults;
}
