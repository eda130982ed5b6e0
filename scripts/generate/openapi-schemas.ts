import * as z from 'zod';
import type { JsonSchema } from './example.ts';

type Json = Record<string, unknown>;

function withRefsRenamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withRefsRenamed(item, rename));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' && inner.startsWith('#/$defs/')
        ? `#/components/schemas/${rename(inner.slice('#/$defs/'.length))}`
        : withRefsRenamed(inner, rename),
    ]),
  );
}

/** Leaves out what is true of every integer, and the pattern of a format that says it all. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format === 'uuid' || schema.format === 'date-time') delete schema.pattern;
}

/**
 * Turns zod schemas into JSON Schemas of one document. A schema that has an id (`.meta({ id: 'Call' })`) becomes a
 * component and is referred to; the rest stand where they are used.
 */
export class SchemaBook {
  readonly components: Record<string, unknown> = {};

  /** @param io What a caller sends, or what it receives: they differ by defaults and transforms. */
  add(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema, $defs, id, ...own } = z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => tidy(jsonSchema),
    }) as Json;
    const definitions = Object.entries(($defs ?? {}) as Json);
    const names = new Map(
      definitions.map(([name, definition]) => [name, this.#nameFor(name, definition, io)]),
    );
    const rename = (name: string) => names.get(name) ?? name;
    for (const [name, definition] of definitions) {
      const { id: _, ...plain } = definition as Json;
      this.components[rename(name)] = withRefsRenamed(plain, rename);
    }
    return withRefsRenamed(own, rename) as JsonSchema; // JSON Schema by construction
  }

  /** The id itself, unless what is received under it differs from what is sent. */
  #nameFor(name: string, definition: unknown, io: 'input' | 'output'): string {
    const { id: _, ...plain } = definition as Json;
    const known = this.components[name];
    const same = JSON.stringify(withRefsRenamed(plain, (inner) => inner)) === JSON.stringify(known);
    return known === undefined || same ? name : `${name}${io === 'input' ? 'Input' : 'Output'}`;
  }
}
