import ts from 'typescript';
import type { Contract } from '../../functions/_core/endpoint.ts';
import { environmentNames } from '../../functions/_core/env.ts';
import { sourceFile } from './import-graph.ts';

interface Scanned {
  /** What it loads when it runs: imports of types are left out. */
  files: string[];
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

/** What runs as a service role: the login for that is needed where one of these is called (functions/_core/context.ts). */
const serviceCalls = new Set(['dbAs', 'readAs']);
/** Where they are made, which says nothing of who calls them. */
const serviceFiles = new Set(['functions/_core/context.ts', 'functions/_core/database/pool.ts']);

/** The variables that a piece of code reads: as a field, by destructuring, or under a name that it puts together. */
function namesIn(node: ts.Node, names = new Set<string>()): Set<string> {
  const add = (name: string) => known.has(name) && names.add(name);
  if (ts.isPropertyAccessExpression(node))
    add(serviceCalls.has(node.name.text) ? 'DATABASE_SERVICE_URL' : node.name.text);
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
  const result: Scanned = { files: [], names: new Set(), fromEnv: new Set(), byFunction: new Map() };
  scannedFiles.set(file, result);
  const typesOnly = new Set<string>();
  for (const statement of tree.statements) {
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const clause = statement.importClause;
      const named = clause?.namedBindings;
      const elements = named && ts.isNamedImports(named) ? named.elements : undefined;
      const isTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (elements !== undefined && !clause?.name && elements.every(({ isTypeOnly }) => isTypeOnly));
      if (isTypes) typesOnly.add(statement.moduleSpecifier.text);
      if (/(^#core\/|\/)env\.ts$/.test(statement.moduleSpecifier.text))
        for (const { name } of elements ?? []) result.fromEnv.add(name.text);
    }
    if (ts.isFunctionDeclaration(statement) && statement.name)
      result.byFunction.set(statement.name.text, namesIn(statement));
  }
  // Each import of a file is told in the order of the text; one that is only of types loads nothing.
  const specifiers = ts.preProcessFile(source.text, true, true).importedFiles.map(({ fileName }) => fileName);
  const ours = specifiers.filter((name) => name.startsWith('.') || /^#(core|providers|db)\//.test(name));
  result.files = source.files.filter((_, index) => !typesOnly.has(ours[index] ?? ''));
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
 * The variables that a deployed function reads, by what its file loads when it runs. An endpoint that takes no key, no
 * person or no operator is given none of what would verify one.
 */
export function variablesOf({ file, contract }: { file: string; contract?: Contract | undefined }): string[] {
  const names = new Set(['NODE_ENV', 'LOG_LEVEL']);
  const seen = new Set<string>();
  const walk = (at: string): void => {
    if (seen.has(at) || !at.endsWith('.ts')) return;
    seen.add(at);
    const { files, names: own, fromEnv } = scanned(at);
    for (const name of own) {
      if (name === 'DATABASE_SERVICE_URL' && serviceFiles.has(at)) continue;
      const kind = at === 'functions/_core/callers/auth.ts' ? forCallers[name] : undefined;
      if (kind === undefined || !contract || contract.who.includes(kind)) names.add(name);
    }
    for (const one of fromEnv) for (const name of scanned(envFile).byFunction.get(one) ?? []) names.add(name);
    for (const to of files) if (to !== envFile && !isUnused(at, to, contract)) walk(to);
  };
  walk(file);
  // Workers, schedules and operators run as a service throughout.
  if (names.has('DATABASE_URL') && (!contract || contract.who.includes('internal')))
    names.add('DATABASE_SERVICE_URL');
  return environmentNames.filter((name) => names.has(name));
}
