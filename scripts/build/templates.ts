import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { callerHeader, frontHeader } from '../../stacks/behind-front.ts';
import type { ApiRoute } from './http-apis.ts';

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});

/** What is read of a CloudFormation template. */
export const Template = z.object({
  Resources: z.record(z.string(), Resource),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() }))
    .default({}),
});
export type Template = z.infer<typeof Template>;

/** The packaged stacks by name. */
export type Templates = ReadonlyMap<string, Template>;

const Ref = z.object({ Ref: z.string() });
const GetAtt = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) });
const Import = z.object({ 'Fn::ImportValue': z.string() });
const Target = z.object({
  'Fn::Join': z.tuple([z.literal('/'), z.tuple([z.literal('integrations'), Ref])]),
});

/** The names that a stack imports, wherever in it. */
function importsIn(value: unknown): string[] {
  const imported = Import.safeParse(value);
  if (imported.success) return [imported.data['Fn::ImportValue']];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(importsIn);
}

function exportsOf(templates: Templates): Map<string, { stack: string; value: unknown }> {
  const found = new Map<string, { stack: string; value: unknown }>();
  for (const [stack, { Outputs }] of templates) {
    for (const { Value, Export } of Object.values(Outputs))
      if (Export) found.set(Export.Name, { stack, value: Value });
  }
  return found;
}

/** The logical id of the API that a value names, by reference, by its address or by import. */
function apiIn(value: unknown, exported: ReturnType<typeof exportsOf>): string {
  const imported = Import.safeParse(value);
  const named = imported.success ? exported.get(imported.data['Fn::ImportValue'])?.value : value;
  const id = Ref.safeParse(named).data?.Ref ?? GetAtt.safeParse(named).data?.['Fn::GetAtt'][0];
  if (id === undefined) throw new Error(`${JSON.stringify(value)} names no HTTP API.`);
  return id;
}

/**
 * Every route and the number of integrations of each HTTP API, over all stacks.
 * @param nameOf Our name of a deployed function.
 * @throws Error for what it cannot follow to a function or an API.
 */
export function httpApisIn(
  templates: Templates,
  nameOf: (functionName: string) => string,
): { routes: ApiRoute[]; integrations: Map<string, number> } {
  const exported = exportsOf(templates);
  const routes: ApiRoute[] = [];
  const integrations = new Map<string, number>();
  for (const { Resources } of templates.values()) {
    const targetOf = (id: string): ApiRoute['to'] => {
      const { IntegrationType, IntegrationUri } = Resources[id]?.Properties ?? {};
      if (IntegrationType === 'HTTP_PROXY') return { api: apiIn(IntegrationUri, exported) };
      const [logical = ''] = GetAtt.parse(IntegrationUri)['Fn::GetAtt'];
      return { name: nameOf(z.string().parse(Resources[logical]?.Properties.FunctionName)) };
    };
    for (const { Type, Properties } of Object.values(Resources)) {
      if (Type === 'AWS::ApiGatewayV2::Integration') {
        const api = apiIn(Properties.ApiId, exported);
        integrations.set(api, (integrations.get(api) ?? 0) + 1);
      }
      if (Type !== 'AWS::ApiGatewayV2::Route') continue;
      const [, [, { Ref: integration }]] = Target.parse(Properties.Target)['Fn::Join'];
      routes.push({
        api: apiIn(Properties.ApiId, exported),
        key: z.string().parse(Properties.RouteKey),
        to: targetOf(integration),
      });
    }
  }
  return { routes, integrations };
}

const Environment = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });

/**
 * What is wrong with how the functions behind the front know it, in sentences: the front must write the caller's address and
 * the secret over what a caller sends, and a function is given that secret exactly where the front hands on to its API.
 */
export function frontFaults(
  templates: Templates,
  nameOf: (functionName: string) => string,
  behind: ReadonlySet<string>,
): string[] {
  const faults: string[] = [];
  const resources = [...templates.values()].flatMap(({ Resources }) => Object.values(Resources));
  const proofs = resources
    .filter(({ Properties }) => Properties.IntegrationType === 'HTTP_PROXY')
    .map(({ Properties }) => z.record(z.string(), z.unknown()).catch({}).parse(Properties.RequestParameters));
  for (const written of proofs) {
    if (written[`overwrite:header.${callerHeader}`] !== '$context.identity.sourceIp')
      faults.push(`The front does not overwrite ${callerHeader} with the caller's address.`);
    if (!written[`overwrite:header.${frontHeader}`])
      faults.push(`The front does not overwrite ${frontHeader} with the secret.`);
  }
  for (const { Type, Properties } of resources) {
    if (Type !== 'AWS::Lambda::Function') continue;
    const name = nameOf(z.string().parse(Properties.FunctionName));
    const secret = Environment.safeParse(Properties).data?.Environment.Variables.FRONT_SECRET;
    if (!behind.has(name)) {
      if (secret !== undefined) faults.push(`${name} has the front's secret and is not behind it.`);
    } else if (
      secret === undefined ||
      !proofs.every((written) => isDeepStrictEqual(written[`overwrite:header.${frontHeader}`], secret))
    )
      faults.push(`${name} is behind the front and has not its secret.`);
  }
  return faults;
}

/**
 * What is wrong with the order of the stacks, in sentences: an import that no stack exports, or one from a stack that is not
 * deployed before. `order` says which stacks each waits for.
 */
export function orderFaults(templates: Templates, order: ReadonlyMap<string, readonly string[]>): string[] {
  const exported = exportsOf(templates);
  const faults: string[] = [];
  for (const [stack, template] of templates) {
    for (const name of new Set(importsIn(template.Resources))) {
      const from = exported.get(name)?.stack;
      if (from === undefined) faults.push(`${stack} imports ${name}, which no stack exports.`);
      else if (!order.get(stack)?.includes(from))
        faults.push(`${stack} imports ${name} from ${from} and does not wait for it.`);
    }
  }
  const waitsFor = (stack: string, path: readonly string[]): void => {
    if (path.includes(stack)) {
      faults.push(`The stacks wait for each other: ${[...path, stack].join(' → ')}.`);
      return;
    }
    for (const next of order.get(stack) ?? []) waitsFor(next, [...path, stack]);
  };
  for (const stack of templates.keys()) waitsFor(stack, []);
  return [...new Set(faults)];
}
