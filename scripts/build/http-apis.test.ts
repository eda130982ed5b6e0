import { describe, expect, test } from 'vitest';
import { awsFile } from '../generate/aws.ts';
import { discover, type EndpointModule } from '../generate/discover.ts';
import { apiNames, apiOf, apis, cut, domainOf, maxIntegrations } from '../generate/stacks.ts';
import { type ApiRoute, functionFor, routeOf, routingFaults } from './http-apis.ts';

const route = (key: string, name: string, api = 'front'): ApiRoute => ({ api, key, to: { name } });
const onward: ApiRoute = { api: 'front', key: '$default', to: { api: 'second' } };

describe('an HTTP API chooses', () => {
  const routes = [
    route('$default', 'default'),
    route('GET /{proxy+}', 'greedy'),
    route('GET /calls/{proxy+}', 'greedier'),
    route('GET /calls/{id}', 'by id'),
    route('GET /calls/active', 'active'),
    route('ANY /voicemails', 'any'),
  ];
  test.each([
    ['GET', '/calls/active', 'active'],
    ['GET', '/calls/7', 'by id'],
    ['GET', '/calls/7/events', 'greedier'],
    ['GET', '/calls', 'greedy'],
    ['POST', '/calls/7', 'default'],
    ['DELETE', '/voicemails', 'any'],
    ['POST', '/', 'default'],
  ])('%s %s: %s', (method, path, expected) => {
    expect(routeOf(routes, 'front', { method, path })?.to).toEqual({ name: expected });
    expect(routeOf(routes, 'second', { method, path })).toBeUndefined();
  });

  test('and hands on what it has no route for, but never in a circle', () => {
    const second = route('GET /orders', 'orders', 'second');
    expect(functionFor([onward, second], { method: 'GET', path: '/orders' }, 'front')).toBe('orders');
    expect(functionFor([onward, second], { method: 'GET', path: '/none' }, 'front')).toBeUndefined();
    const back: ApiRoute = { api: 'second', key: '$default', to: { api: 'front' } };
    expect(functionFor([onward, back], { method: 'GET', path: '/none' }, 'front')).toBeUndefined();
  });
});

const found = await discover();
const fallbacks = apiNames.map((name) => apis[name].fallback);

interface Generated {
  stacks: Record<string, Record<string, { events: { httpApi: '*' | { method: string; path: string } }[] }>>;
}

/** The routes of the stacks that would be generated for these endpoints, with the front door. */
function routesFor(endpoints: readonly EndpointModule[]): ApiRoute[] {
  const text = awsFile({ ...found, endpoints: [...endpoints] }, cut(endpoints));
  const { stacks } = JSON.parse(text) as Generated; // just made
  const routes = Object.entries(stacks).flatMap(([stack, functions]) =>
    Object.entries(functions).flatMap(([name, { events }]) =>
      events.map(({ httpApi }) =>
        route(
          httpApi === '*' ? '$default' : `${httpApi.method} ${httpApi.path}`,
          name,
          apiOf(domainOf(stack)),
        ),
      ),
    ),
  );
  return [...routes, onward];
}

const written = routesFor(found.endpoints);
const faultsOf = (routes: ApiRoute[], endpoints = found.endpoints) =>
  routingFaults(routes, endpoints, 'front', fallbacks);

describe('behind the one address', () => {
  test('each endpoint is reached by exactly one route, and nothing else by any', () => {
    expect(faultsOf(written)).toEqual([]);
  });

  test('both APIs have endpoints, each fewer than it takes', () => {
    for (const api of apiNames) {
      const count = written.filter((one) => one.api === api).length;
      expect(count).toBeGreaterThan(20);
      expect(count).toBeLessThan(maxIntegrations);
    }
  });

  test('preflights cost one hop, and what providers post as well', () => {
    const atFront = (method: string, path: string) => routeOf(written, 'front', { method, path })?.to;
    expect(atFront('OPTIONS', '/api/webhooks')).toEqual({ name: 'fallback' });
    expect(atFront('POST', '/webhooks/retell')).toEqual({ name: 'inbound-receive-retell' });
    expect(atFront('GET', '/api/webhooks')).toEqual({ api: 'second' });
  });

  test('a route that is missing, twice there, or not handed on is told', () => {
    const isAbout = (name: string) => (one: ApiRoute) => 'name' in one.to && one.to.name === name;
    const without = written.filter((one) => !isAbout('events-list-events')(one));
    expect(faultsOf(without)).toEqual([
      'events-list-events has 0 routes.',
      'GET /api/events is answered by fallback-second, not by events-list-events.',
    ]);
    const twice = [...written, ...written.filter(isAbout('calls-list-calls'))];
    expect(faultsOf(twice)).toEqual([
      'The route GET /api/calls of front is there 2 times.',
      'calls-list-calls has 2 routes.',
    ]);
    const stuck = faultsOf(written.filter((one) => one !== onward));
    expect(stuck).toContain('GET /api/events is answered by nobody, not by events-list-events.');
    expect(faultsOf([...written, route('GET /ghost', 'ghost')])).toEqual([
      'A route leads to ghost, which is no endpoint.',
    ]);
  });

  test('an endpoint of the second API that the front would take is told, one that goes before is not', () => {
    const [pattern] = found.endpoints;
    if (!pattern) throw new Error('There is none.');
    const asEndpoint = (domain: string, path: string): EndpointModule => ({
      ...pattern,
      domain,
      name: `${domain}${path.replaceAll(/\W+/g, '-')}`,
      contract: { ...pattern.contract, method: 'GET', path },
    });
    const faultsWith = (...more: EndpointModule[]) => {
      const endpoints = [...found.endpoints, ...more];
      return faultsOf(routesFor(endpoints), endpoints);
    };
    // GET /api/calls/:id is the front's.
    const hidden = asEndpoint('crm', '/api/calls/callers');
    expect(faultsWith(hidden)).toEqual([
      'GET /api/calls/callers is answered by calls-get-call, not by crm-api-calls-callers.',
      'calls-get-call hides crm-api-calls-callers of another API: put them into one.',
    ]);
    const crossing = [asEndpoint('crm', '/api/x/a/:y'), asEndpoint('telephony', '/api/x/:z/b')];
    expect(faultsWith(...crossing)).toEqual([
      'telephony-api-x-z-b hides crm-api-x-a-y of another API: put them into one.',
    ]);
    const before = [asEndpoint('telephony', '/api/y/active'), asEndpoint('crm', '/api/y/:id')];
    expect(faultsWith(...before)).toEqual([]);
  });
});
