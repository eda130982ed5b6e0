/** The little of JSON Schema that examples are made of. */
export interface JsonSchema {
  type?: string | string[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  format?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  minItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  $ref?: string;
}

const strings: Record<string, string> = {
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  email: 'ada@example.com',
  uri: 'https://example.com/hook',
  url: 'https://example.com/hook',
  'date-time': '2026-03-01T10:00:00.000Z',
  date: '2026-03-01',
  time: '10:00:00',
};
const patterned = ['+14155550101', 'example', '2026-03-01', '10:00', '1', 'a', 'call.completed', 'USD', 'en'];

function exampleText({ format, pattern, minLength = 0 }: JsonSchema): string {
  if (format !== undefined && strings[format] !== undefined) return strings[format];
  if (pattern !== undefined) {
    const form = new RegExp(pattern, 'u');
    const fitting = patterned.find((text) => form.test(text));
    if (fitting !== undefined) return fitting;
  }
  return 'example'.padEnd(minLength, '-example');
}

/**
 * A value that most likely fits the schema: required fields only, the first of what may be chosen.
 * @param named What `$ref`s of the schema lead to.
 */
export function exampleOf(schema: JsonSchema, named: Record<string, unknown> = {}): unknown {
  const inner = (of: JsonSchema) => exampleOf(of, named);
  if (schema.const !== undefined) return schema.const;
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? schema.allOf?.[0];
  if (choice) return inner(choice);
  const referred = named[schema.$ref?.split('/').at(-1) ?? ''];
  if (referred) return inner(referred as JsonSchema); // what SchemaBook has put there
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return exampleText(schema);
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.exclusiveMinimum + 1);
    case 'boolean':
      return true;
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => inner(schema.items ?? {}));
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, inner(schema.properties?.[name] ?? {})]),
      );
    default:
      return 'example';
  }
}
