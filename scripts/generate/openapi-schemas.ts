import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { JsonSchema } from './example.ts';

type Json = Record<string, unknown>;
type Rename = (name: string) => string;

function withRefsRenamed(value: unknown, rename: Rename): unknown {
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

/** The names that a schema refers to. */
function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner.slice('#/$defs/'.length)] : refsIn(inner),
  );
}

const int32 = { from: -(2 ** 31), to: 2 ** 31 - 1 };

/**
 * Leaves out what is true of every integer, and the pattern of a format that says it all. An integer that can pass 2^31
 * says so: clients in other languages take 32 bits unless they are told.
 */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.type === 'integer') {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
    if (minimum === Number.MIN_SAFE_INTEGER || minimum === int32.from) delete schema.minimum;
    if (maximum === Number.MAX_SAFE_INTEGER || maximum === int32.to) delete schema.maximum;
    schema.format = maximum > int32.to ? 'int64' : 'int32';
  }
  if (schema.format === 'uuid' || schema.format === 'date-time') delete schema.pattern;
  namePropertiesOf(schema);
}

/** A record that has a value for each of a few words is an object of these fields: generated clients know no other form. */
function namePropertiesOf(schema: z.core.JSONSchema.BaseSchema): void {
  const { propertyNames, required, additionalProperties } = schema;
  if (propertyNames === undefined || !required?.length || typeof additionalProperties !== 'object') return;
  schema.properties = Object.fromEntries(required.map((name) => [name, additionalProperties]));
  schema.additionalProperties = false;
  delete schema.propertyNames;
}

/**
 * Turns zod schemas into JSON Schemas of one document. A schema that has an id (`.meta({ id: 'Call' })`) becomes a
 * component and is referred to; the rest stand where they are used. Answers are added before inputs: where a caller sends
 * another form of a schema than it receives, the answer has the name, and the input is `CallInput`.
 */
export class SchemaBook {
  readonly components: Record<string, unknown> = {};
  readonly #owners = new Map<string, unknown>();

  /**
   * @param io What a caller sends, or what it receives: they differ by defaults and transforms.
   * @throws where two schemas have one name.
   */
  add(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema, $defs, id, ...own } = z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        this.#claim(z.globalRegistry.get(zodSchema)?.id, zodSchema);
        tidy(jsonSchema);
      },
    }) as Json;
    const definitions = new Map(
      Object.entries(($defs ?? {}) as Record<string, Json>).map(([name, { id: _, ...plain }]) => [
        name,
        plain,
      ]),
    );
    // A schema that is the root of its document has no definition of its own, and is referred to all the same.
    if (typeof id === 'string') definitions.set(id, own);
    const others = io === 'input' ? this.#sentOtherwise(definitions) : new Set<string>();
    const rename: Rename = (name) => (others.has(name) ? `${name}Input` : name);
    for (const [name, definition] of definitions)
      this.#keep(rename(name), withRefsRenamed(definition, rename));
    const root = typeof id === 'string' ? { $ref: `#/$defs/${id}` } : own;
    return withRefsRenamed(root, rename) as JsonSchema; // JSON Schema by construction
  }

  /**
   * Gives a schema that was added a name in the document, and refers to it.
   * @throws where another schema has that name.
   */
  name(name: string, schema: unknown): JsonSchema {
    this.#keep(name, schema);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** The schemas whose input differs from the answer of that name, or refers to one that does. */
  #sentOtherwise(definitions: Map<string, Json>): Set<string> {
    const known = [...definitions].filter(([name]) => name in this.components);
    const others = new Set(
      known
        .filter(
          ([name, definition]) =>
            !isDeepStrictEqual(
              withRefsRenamed(definition, (inner) => inner),
              this.components[name],
            ),
        )
        .map(([name]) => name),
    );
    for (let before = -1; before < others.size; ) {
      before = others.size;
      for (const [name, definition] of known)
        if (refsIn(definition).some((inner) => others.has(inner))) others.add(name);
    }
    return others;
  }

  #keep(name: string, definition: unknown): void {
    this.components[name] ??= definition;
    if (!isDeepStrictEqual(this.components[name], definition))
      throw new Error(`Two schemas of the OpenAPI document are named ${name}.`);
  }

  #claim(id: string | undefined, schema: unknown): void {
    if (id === undefined) return;
    if ((this.#owners.get(id) ?? schema) !== schema) throw new Error(`Two schemas are named ${id}.`);
    this.#owners.set(id, schema);
  }
}
