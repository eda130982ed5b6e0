import { describe, expect, test } from 'vitest';
import { awsFile, placementIn } from './aws.ts';
import { discover } from './discover.ts';
import { generatedFiles } from './files.ts';
import {
  apiNames,
  apiOf,
  apis,
  cut,
  domainOf,
  maxEndpoints,
  maxIntegrations,
  type Placement,
  stacksOf,
} from './stacks.ts';

const found = await discover();

type Endpoint = Parameters<typeof cut>[0][number];

/** Endpoints that are not written yet: in features of 7, one domain after the other. */
function imagined(count: number): Endpoint[] {
  const domains = apiNames.flatMap((api) => apis[api].domains);
  return Array.from({ length: count }, (_, i) => {
    const domain = domains[i % domains.length] ?? '';
    const feature = `${domain}-feature-${Math.floor(i / domains.length / 7)}`;
    return { name: `${feature}-do-${i}`, domain, feature };
  });
}

const sizes = (placement: Placement) => {
  const counts = new Map<string, number>();
  for (const stack of placement.values()) counts.set(stack, (counts.get(stack) ?? 0) + 1);
  return counts;
};

const moved = (before: Placement, after: Placement) =>
  [...before].filter(([name, stack]) => after.has(name) && after.get(name) !== stack);

describe('the endpoints are cut into stacks', () => {
  test('as domains, while a domain fits into one', () => {
    for (const { name, domain } of found.endpoints) expect(cut(found.endpoints).get(name)).toBe(domain);
  });

  test('of which none is too large, with 450 endpoints and with all of them in one domain', () => {
    const spread = [...found.endpoints, ...imagined(450 - found.endpoints.length)];
    const heaped = imagined(450).map((endpoint) => ({ ...endpoint, domain: 'telephony' }));
    for (const endpoints of [spread, heaped]) {
      const placement = cut(endpoints);
      expect(placement.size).toBe(450);
      for (const { name, domain } of endpoints) expect(domainOf(placement.get(name) ?? '')).toBe(domain);
      expect(Math.max(...sizes(placement).values())).toBeLessThanOrEqual(maxEndpoints);
    }
    for (const api of apiNames) {
      const own = spread.filter(({ domain }) => apiOf(domain) === api);
      expect(own.length).toBeLessThan(maxIntegrations - 2); // a fallback and the front door
    }
    expect(stacksOf(cut(heaped))).toEqual(
      ['', '-2', '-3', '-4', '-5', '-6'].map((part) => `telephony${part}`),
    );
  });

  test('and none moves while there come to be 450, one at a time, whatever their names', () => {
    let placement = cut(found.endpoints);
    const endpoints: Endpoint[] = [...found.endpoints];
    for (const [i, endpoint] of imagined(450 - found.endpoints.length).entries()) {
      endpoints.push({ ...endpoint, name: `${String.fromCharCode(97 + (i % 26))}-${endpoint.name}` });
      const next = cut(endpoints, placement);
      expect(moved(placement, next)).toEqual([]);
      placement = next;
    }
    expect(placement.size).toBe(450);
    expect(Math.max(...sizes(placement).values())).toBeLessThanOrEqual(maxEndpoints);
  });

  test('and when a full stack loses one, the others stay, and the next one has its place', () => {
    const endpoints = imagined(2000)
      .filter(({ domain }) => domain === 'identity')
      .slice(0, maxEndpoints + 5);
    const before = cut(endpoints);
    const [gone, ...rest] = endpoints;
    if (!gone) throw new Error('There is none.');
    const without = cut(rest, before);
    expect(moved(before, without)).toEqual([]);
    const fresh = { ...gone, name: `${gone.feature}-fresh` };
    const after = cut([...rest, fresh], without);
    expect(after.get(fresh.name)).toBe(before.get(gone.name));
    expect(moved(without, after)).toEqual([]);
  });

  test('the same in any order, and a feature together where there is room', () => {
    const endpoints = imagined(450);
    expect(cut(endpoints.toReversed())).toEqual(cut(endpoints));
    const [first] = endpoints;
    if (!first) throw new Error('There is none.');
    const before = new Map([[first.name, `${first.domain}-2`]]);
    const sibling = { ...first, name: `${first.name}-too` };
    expect(cut([first, sibling], before).get(sibling.name)).toBe(`${first.domain}-2`);
  });

  test('and one that changes its domain changes its stack', () => {
    const [first] = imagined(1);
    if (!first) throw new Error('There is none.');
    expect(cut([{ ...first, domain: 'crm' }], cut([first])).get(first.name)).toBe('crm');
  });

  test('every domain has an HTTP API, and one alone', () => {
    const domains = apiNames.flatMap((api) => apis[api].domains);
    expect(new Set(domains).size).toBe(domains.length);
    expect(() => apiOf('astrology')).toThrow('stacks.ts');
  });
});

describe('what is generated for the stacks', () => {
  test('says where each function is, so that it is found again', () => {
    const placement = cut(found.endpoints);
    const again = placementIn(awsFile(found, placement));
    for (const [name, stack] of placement) expect(again.get(name)).toBe(stack);
    expect(() => placementIn('<<<<<<< ours')).toThrow('npm run generate');
  });

  test('is a folder for each, composed behind the core', async () => {
    const files = await generatedFiles(found);
    const compose = files.get('stacks/serverless-compose.yml');
    const placement = placementIn(files.get('functions/_generated/aws.json') ?? '');
    expect([...placement.keys()]).toEqual(expect.arrayContaining(found.endpoints.map(({ name }) => name)));
    for (const stack of stacksOf(placement)) {
      const service = files.get(`stacks/${stack}/serverless.yml`);
      expect(service).toContain(`service: trunkline-${stack}\n`);
      expect(service).toContain(`aws.json):stacks.${stack}}\n`);
      expect(compose).toContain(`  ${stack}:\n    path: ${stack}\n    dependsOn: core\n`);
    }
  });
});
