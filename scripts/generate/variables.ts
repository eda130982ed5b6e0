import ts from 'typescript';
import type { Contract } from '../../functions/_core/endpoint.ts';
import { environmentNames } from '../../functions/_core/env.ts';
import { sourceFile } from './import-graph.ts';
import { follow, sourceOf } from './reach.ts';

interface Scanned {
  /** Variables that its code reads, wherever in it. */
  names: Set<string>;
  /** Of `functions/_core/env.ts`, what it imports. */
  fromEnv: Set<string>;
  /** Variables by the exported function that reads them. */
  byFunction: Map<string, Set<string>>;
}

const envFile = 'functions/_core/env.ts';
const known = new Set(environmentNames);
const scannedFiles = new Map<string, Scanned>();

/**
 * Where roles are taken on for others, which says nothing of who asks for it: `ctx.dbAs`, and the callers that run as a service
 * throughout.
 */
const serviceFiles = new Set([
  'functions/_core/context.ts',
  'functions/_core/database/pool.ts',
  'functions/_core/database/run-as.ts',
]);

/** The variables that a piece of code reads: as a field, by destructuring, or under a name that it puts together. */
function namesIn(node: ts.Node, names = new Set<string>()): Set<string> {
  const add = (name: string) => known.has(name) && names.add(name);
  if (ts.isPropertyAccessExpression(node)) add(node.name.text);
  else if (ts.isBindingElement(node)) add((node.propertyName ?? node.name).getText());
  else if (ts.isElementAccessExpression(node)) {
    const { argumentExpression: key } = node;
    if (ts.isStringLiteralLike(key)) add(key.text);
    else if (ts.isTemplateExpression(key)) {
      const parts = [key.head.text, ...key.templateSpans.map(({ literal }) => literal.text)];
      const form = new RegExp(`^${parts.join('\\w+')}$`);
      for (const name of environmentNames) if (form.test(name)) names.add(name);
    }
  }
  ts.forEachChild(node, (child) => {
    namesIn(child, names);
  });
  return names;
}

function scanned(file: string): Scanned {
  const before = scannedFiles.get(file);
  if (before) return before;
  const source = sourceFile(file);
  const tree = ts.createSourceFile(file, source.text, ts.ScriptTarget.Latest, true);
  const result: Scanned = { names: new Set(), fromEnv: new Set(), byFunction: new Map() };
  scannedFiles.set(file, result);
  for (const statement of tree.statements) {
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const named = statement.importClause?.namedBindings;
      const elements = named && ts.isNamedImports(named) ? named.elements : [];
      if (/(^#core\/|\/)env\.ts$/.test(statement.moduleSpecifier.text))
        for (const { name } of elements) result.fromEnv.add(name.text);
    }
    if (ts.isFunctionDeclaration(statement) && statement.name)
      result.byFunction.set(statement.name.text, namesIn(statement));
  }
  if (file !== envFile) result.names = namesIn(tree);
  return result;
}

/** What endpoint() loads for every endpoint, and only some ever use. */
function isUnused(from: string, to: string, contract: Contract | undefined): boolean {
  if (!contract) return false;
  const { who, method } = contract;
  if (from === 'functions/_core/endpoint.ts') {
    if (to === 'functions/_core/callers/auth.ts') return who.includes('public') || who.includes('signed');
    if (to === 'functions/_core/http/idempotency.ts') return method === 'GET' || who.includes('signed');
  }
  if (from === 'functions/_core/callers/auth.ts') {
    if (to === 'functions/_core/callers/tokens.ts') return !who.includes('user');
    if (to === 'functions/_core/callers/api-key.ts') return !who.includes('key');
  }
  return false;
}

/** Of authenticate(), what it reads for callers of that kind alone. */
const forCallers: Record<string, 'internal' | 'key'> = {
  INTERNAL_API_SECRET: 'internal',
  API_AUTH_KEY: 'key',
  DEFAULT_COMPANY_ID: 'key',
};

/**
 * The variables that a deployed function reads, by what may run of its file (follow()). The second login is for what takes
 * on a service role (docs/security.md, two logins). An endpoint that takes no key, no
 * person or no operator is given none of what would verify one.
 */
export function variablesOf({ file, contract }: { file: string; contract?: Contract | undefined }): string[] {
  const names = new Set(['NODE_ENV', 'LOG_LEVEL']);
  const isLeftOut = (from: string, to: string) => to === envFile || isUnused(from, to, contract);
  for (const at of follow(file, ['*'], new Map(), isLeftOut).keys()) {
    const { names: own, fromEnv } = scanned(at);
    for (const name of own) {
      if (name === 'DATABASE_SERVICE_URL') continue; // the pool reads it for all
      const kind = at === 'functions/_core/callers/auth.ts' ? forCallers[name] : undefined;
      if (kind === undefined || !contract || contract.who.includes(kind)) names.add(name);
    }
    for (const one of fromEnv) for (const name of scanned(envFile).byFunction.get(one) ?? []) names.add(name);
    if (!serviceFiles.has(at) && sourceOf(at).roles.size > 0) names.add('DATABASE_SERVICE_URL');
  }
  // Workers, schedules and operators run as a service throughout.
  if (names.has('DATABASE_URL') && (!contract || contract.who.includes('internal')))
    names.add('DATABASE_SERVICE_URL');
  return environmentNames.filter((name) => names.has(name));
}
