import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './discover.ts';
import { ownFile } from './import-graph.ts';

/** A source file, as far as what runs of it is asked. */
export interface Source {
  /** What it takes from other files of ours, by their names for it; '*' for all. Types are left out: they do not run. */
  imports: { file: string; names: readonly string[] }[];
  /** What it passes on of others, by the name that it gives it. */
  passesOn: { file: string; name: string; as: string }[];
  /** With which roles it goes past the policies; '?' for one that is not written out. */
  roles: Set<string>;
}

const read = new Map<string, Source>();

/** The string of a literal, '?' for anything else. */
const literal = (node: ts.Node | undefined): string =>
  node && ts.isStringLiteralLike(node) ? node.text : '?';

/** The role of `{ as: 'service', role }`, which `transaction` and `readTogether` take. */
function roleOfRunAs(node: ts.ObjectLiteralExpression): string | undefined {
  const value = (name: string) =>
    node.properties.filter(ts.isPropertyAssignment).find((each) => each.name.getText() === name)?.initializer;
  return literal(value('as')) === 'service' ? literal(value('role')) : undefined;
}

/** A source file; `file` is a path from the repository's root. */
export function sourceOf(file: string): Source {
  const known = read.get(file);
  if (known) return known;
  const source: Source = { imports: [], passesOn: [], roles: new Set() };
  read.set(file, source);
  const take = (specifier: ts.Node | undefined, names: readonly string[]) => {
    const target = ownFile(literal(specifier), file);
    if (target?.endsWith('.ts')) source.imports.push({ file: target, names });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause: clause } = node;
      const bound = clause?.namedBindings;
      const elements = bound && ts.isNamedImports(bound) ? bound.elements : undefined;
      const named = elements?.filter((each) => !each.isTypeOnly);
      const isOfTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (!clause?.name && elements !== undefined && elements.length > 0 && named?.length === 0);
      const names = named?.map((each) => (each.propertyName ?? each.name).text) ?? ['*'];
      if (!isOfTypes) take(node.moduleSpecifier, clause?.name ? ['*'] : names);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.isTypeOnly) {
      const target = ownFile(literal(node.moduleSpecifier), file);
      if (!node.exportClause || !ts.isNamedExports(node.exportClause)) take(node.moduleSpecifier, ['*']);
      else if (target)
        for (const { isTypeOnly, propertyName, name } of node.exportClause.elements)
          if (!isTypeOnly)
            source.passesOn.push({ file: target, name: (propertyName ?? name).text, as: name.text });
    } else if (ts.isCallExpression(node)) {
      const { expression } = node;
      if (expression.kind === ts.SyntaxKind.ImportKeyword) take(node.arguments[0], ['*']);
      if (ts.isPropertyAccessExpression(expression) && /^(db|read)As$/.test(expression.name.text))
        source.roles.add(literal(node.arguments[0]));
    } else if (ts.isObjectLiteralExpression(node)) {
      const role = roleOfRunAs(node);
      if (role) source.roles.add(role);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(new URL(file, root), 'utf8'), ts.ScriptTarget.Latest, true));
  return source;
}

/**
 * Adds the files that may run where names of a file are used. What a public.ts passes on is followed by its name alone.
 * @param seen The files found, each with the names that were asked of it.
 * @param isUnused What a file imports and its caller never runs.
 */
export function follow(
  file: string,
  names: readonly string[],
  seen = new Map<string, Set<string>>(),
  isUnused: (from: string, to: string) => boolean = () => false,
): Map<string, Set<string>> {
  const isFirst = !seen.has(file);
  const known = seen.get(file) ?? new Set();
  seen.set(file, known);
  const asked = names.filter((name) => !known.has(name));
  if (!isFirst && asked.length === 0) return seen;
  for (const name of asked) known.add(name);
  const { imports, passesOn } = sourceOf(file);
  for (const each of passesOn)
    if (asked.includes(each.as) || asked.includes('*')) follow(each.file, [each.name], seen, isUnused);
  // Its own, or nothing of it at all: what it does when it is imported.
  const isOfOthers = asked.length > 0 && asked.every((name) => passesOn.some((each) => each.as === name));
  if (!isOfOthers)
    for (const each of imports) if (!isUnused(file, each.file)) follow(each.file, each.names, seen, isUnused);
  return seen;
}
