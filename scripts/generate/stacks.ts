/**
 * How the AWS deployment is cut. A CloudFormation stack holds 500 resources and an endpoint costs five, so a domain is a
 * stack, or several: `identity`, `identity-2`. An HTTP API takes 300 integrations and no more, so the domains are spread
 * over two, behind one address: `front` hands what it has no route for to `second` (stacks/front-door.yml).
 */

export type ApiName = 'front' | 'second';

interface HttpApi {
  /** The folders of functions/ whose endpoints are its routes. What is asked most is in the front: a request to `second` passes both. */
  domains: readonly string[];
  /** The name of the function that answers what no route of this API does. */
  fallback: string;
  /** The domain whose first stack has that function. */
  fallbackDomain: string;
}

export const apis: Readonly<Record<ApiName, HttpApi>> = {
  front: {
    domains: ['identity', 'messaging', 'integrations', 'telephony', 'platform'],
    fallback: 'fallback',
    fallbackDomain: 'platform',
  },
  second: {
    domains: ['outgoing', 'crm', 'commerce', 'scheduling', 'knowledge', 'data'],
    fallback: 'fallback-second',
    fallbackDomain: 'outgoing',
  },
};

export const apiNames = ['front', 'second'] as const satisfies readonly ApiName[];

/** @throws Error for a domain that no HTTP API has. */
export function apiOf(domain: string): ApiName {
  const found = apiNames.find((name) => apis[name].domains.includes(domain));
  if (!found) throw new Error(`Say which HTTP API has the domain ${domain}: scripts/generate/stacks.ts.`);
  return found;
}

/** CloudFormation refuses 501; this leaves room to deploy a fix. A stack stays below it. */
export const maxResources = 450;
/** AWS refuses 301; an API stays below this. */
export const maxIntegrations = 290;
/** Function, log group, permission, integration, route. */
const resourcesPerEndpoint = 5;
/** Bucket of the packages with its policy, role; a fallback; the front door. */
const resourcesBesides = 12;
export const maxEndpoints = Math.floor((maxResources - 1 - resourcesBesides) / resourcesPerEndpoint);

/** `identity`, `identity-2`, `identity-3` … */
const stackName = (domain: string, part: number) => (part === 1 ? domain : `${domain}-${part}`);

export const domainOf = (stack: string): string => stack.replace(/-\d+$/, '');

interface Endpoint {
  name: string;
  domain: string;
  feature: string;
}

/** By the endpoint's name, the stack that it is in. */
export type Placement = ReadonlyMap<string, string>;

/**
 * Cuts the endpoints into stacks. One that was in a stack of its domain stays there, because moving it takes its route away
 * for the time between two deployed stacks; a new one goes to the stack that has most of its feature, where there is room,
 * else to the first with room, else to a new one. So adding an endpoint moves no other.
 */
export function cut(endpoints: readonly Endpoint[], before: Placement = new Map()): Placement {
  const sorted = endpoints.toSorted((a, b) =>
    a.feature === b.feature ? compare(a.name, b.name) : compare(a.feature, b.feature),
  );
  const placed = new Map<string, string>();
  const inStack = new Map<string, Endpoint[]>();
  const put = (endpoint: Endpoint, stack: string): void => {
    placed.set(endpoint.name, stack);
    inStack.set(stack, [...(inStack.get(stack) ?? []), endpoint]);
  };
  const hasRoom = (stack: string) => (inStack.get(stack)?.length ?? 0) < maxEndpoints;

  for (const endpoint of sorted) {
    const stack = before.get(endpoint.name);
    if (stack !== undefined && domainOf(stack) === endpoint.domain && hasRoom(stack)) put(endpoint, stack);
  }
  for (const endpoint of sorted) {
    if (placed.has(endpoint.name)) continue;
    const ofFeature = (stack: string) =>
      inStack.get(stack)?.filter(({ feature }) => feature === endpoint.feature).length ?? 0;
    let best: string | undefined;
    for (let part = 1; best === undefined || inStack.has(stackName(endpoint.domain, part)); part++) {
      const stack = stackName(endpoint.domain, part);
      if (hasRoom(stack) && (best === undefined || ofFeature(stack) > ofFeature(best))) best = stack;
    }
    put(endpoint, best);
  }
  return placed;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The stacks of a placement, in the order of the table above. */
export function stacksOf(placement: Placement): string[] {
  const domains = apiNames.flatMap((api) => apis[api].domains);
  return [...new Set(placement.values())].toSorted(
    (a, b) => domains.indexOf(domainOf(a)) - domains.indexOf(domainOf(b)) || compare(a, b),
  );
}
