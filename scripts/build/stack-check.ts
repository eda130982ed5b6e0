import { readFile } from 'node:fs/promises';
import { placementIn } from '../generate/aws.ts';
import { discover, root } from '../generate/discover.ts';
import { apiNames, apis, maxIntegrations, maxResources, stacksOf } from '../generate/stacks.ts';
import { routingFaults } from './http-apis.ts';
import { frontFaults, httpApisIn, orderFaults, Template, type Templates } from './templates.ts';

/** A Lambda function's name has 64 characters at most, and the stage is part of it: one of ten characters must fit. */
const longestName = 64 - 'trunkline-production-'.length;
/** Our name of a deployed function: `trunkline-<stage>-<name>`. */
const ownName = (deployed: string) => deployed.replace(/^trunkline-[^-]+-/, '');
/** In serverless.yml: the API that has the deployment's address. */
const frontApi = 'HttpApi';

async function packagedTemplates(): Promise<Templates> {
  const generated = await readFile(new URL('functions/_generated/aws.json', root), 'utf8');
  const templates = new Map<string, Template>();
  for (const stack of ['core', ...stacksOf(placementIn(generated))]) {
    const folder = stack === 'core' ? '' : `stacks/${stack}/`;
    const file = new URL(`${folder}.serverless/cloudformation-template-update-stack.json`, root);
    templates.set(stack, Template.parse(JSON.parse(await readFile(file, 'utf8'))));
  }
  return templates;
}

/** By stack, those that serverless-compose.yml deploys before it. */
async function composedOrder(): Promise<Map<string, string[]>> {
  const text = await readFile(new URL('stacks/serverless-compose.yml', root), 'utf8');
  const services = text.matchAll(/^ {2}([\w-]+):\n {4}path: .*\n(?: {4}dependsOn: ([\w-]+)\n)?/gm);
  return new Map([...services].map(([, stack = '', first]) => [stack, first === undefined ? [] : [first]]));
}

export interface PackagedFacts {
  resources: Record<string, number>;
  integrations: Record<string, number>;
  routes: number;
}

/**
 * Holds the packaged stacks against what AWS takes, and against the contracts: each endpoint is reached at the front's
 * address by exactly one route.
 * @throws Error with a sentence for each fault.
 */
export async function checkStacks(): Promise<PackagedFacts> {
  const templates = await packagedTemplates();
  const { endpoints } = await discover();
  const faults: string[] = [];
  const resources: Record<string, number> = {};
  for (const [stack, { Resources }] of templates) {
    const count = Object.keys(Resources).length;
    resources[stack] = count;
    if (count >= maxResources)
      faults.push(
        `${stack} has ${count} resources, and stays below ${maxResources}: see scripts/generate/stacks.ts.`,
      );
    for (const { Properties } of Object.values(Resources)) {
      const name = Properties.FunctionName;
      if (typeof name === 'string' && ownName(name).length > longestName)
        faults.push(`${ownName(name)} is longer than ${longestName}.`);
    }
  }
  const { routes, integrations } = httpApisIn(templates, ownName);
  for (const [api, count] of integrations) {
    const own = routes.filter((route) => route.api === api).length;
    if (Math.max(count, own) >= maxIntegrations)
      faults.push(
        `${api} has ${count} integrations and ${own} routes, and stays below ${maxIntegrations}: move a domain (scripts/generate/stacks.ts).`,
      );
  }
  const fallbacks = apiNames.map((name) => apis[name].fallback);
  faults.push(...routingFaults(routes, endpoints, frontApi, fallbacks));
  const behind = routes.flatMap(({ api, to }) => (api !== frontApi && 'name' in to ? [to.name] : []));
  faults.push(...frontFaults(templates, ownName, new Set(behind)));
  faults.push(...orderFaults(templates, await composedOrder()));
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return { resources, integrations: Object.fromEntries(integrations), routes: routes.length };
}
