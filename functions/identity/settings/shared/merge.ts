import * as z from 'zod';

/** What JSON holds. */
export type Json = null | boolean | number | string | Json[] | Tree;
export interface Tree {
  [name: string]: Json;
}

/** As it stands in a column. */
export const StoredTree = z.record(z.string(), z.json()) as unknown as z.ZodType<Tree>; // z.json() is Json

/** What a PUT may give of a section: any of its fields, at any depth; null goes back to the default. */
export type Patch<T> = T extends readonly unknown[]
  ? T | null
  : T extends object
    ? { [K in keyof T]?: Patch<T[K]> | undefined }
    : T | null;

const isTree = (value: unknown): value is Tree =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The defaults, and over them what was set. */
export function overlaid(defaults: Tree, set: Tree): Tree {
  const result: Tree = { ...defaults };
  for (const [name, value] of Object.entries(set)) {
    const below = result[name];
    result[name] = isTree(value) && isTree(below) ? overlaid(below, value) : value;
  }
  return result;
}

/** What is stored once a patch was made: null takes a field out, a branch without fields goes too. */
export function patched(stored: Tree, patch: object): Tree {
  const result: Tree = { ...stored };
  for (const [name, value] of Object.entries(patch) as [string, Json | undefined][]) {
    if (value === undefined) continue;
    if (isTree(value)) {
      const below = result[name];
      const branch = patched(isTree(below) ? below : {}, value);
      if (Object.keys(branch).length > 0) result[name] = branch;
      else delete result[name];
    } else if (value === null) delete result[name];
    else result[name] = value;
  }
  return result;
}

/** The fields that differ, as they were and as they are; undefined where none does. */
export function changesOf(before: Tree, after: Tree): { before: Tree; after: Tree } | undefined {
  const were: Tree = {};
  const are: Tree = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (isTree(was) || isTree(is)) {
      const inner = changesOf(isTree(was) ? was : {}, isTree(is) ? is : {});
      if (inner) {
        were[name] = inner.before;
        are[name] = inner.after;
      }
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      were[name] = was ?? null;
      are[name] = is ?? null;
    }
  }
  return Object.keys(are).length > 0 ? { before: were, after: are } : undefined;
}
