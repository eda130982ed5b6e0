import type { JsonSchema } from './example.ts';
import {
  freeObjects,
  idNamed,
  idOf,
  nounOf,
  numbers,
  someTime,
  times,
  usuallyFalse,
  usuallyNull,
  usualWords,
  words,
} from './openapi-world.ts';

interface Schema extends JsonSchema {
  additionalProperties?: boolean | Schema;
  maximum?: number;
  exclusiveMaximum?: number;
  maxLength?: number;
}

/** Where a value stands: the field, and the nearest schema above it that has a name. */
interface Place {
  owner: string;
  field: string;
  /** Names on the way here: a schema within itself ends. */
  within: readonly string[];
}

const plain: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  uri: 'https://example.com/hooks/trunkline',
  date: '2026-03-02',
  time: '09:30:00',
  ipv4: '203.0.113.7',
  ipv6: '2001:db8::7',
  cidrv4: '203.0.113.0/24',
  cidrv6: '2001:db8::/32',
};

/** Makes one plausible value of a schema: the same each time, and the same for one field wherever it stands. */
export class ExampleMaker {
  readonly #components: Readonly<Record<string, unknown>>;

  /** @param components What `$ref`s lead to. */
  constructor(components: Readonly<Record<string, unknown>>) {
    this.#components = components;
  }

  /**
   * @param owner The name of the schema, or of the operation whose parameter or body it is.
   * @param isWhole With the fields that may be left out.
   */
  make(schema: Schema, { owner, field = '', isWhole }: { owner: string; field?: string; isWhole: boolean }) {
    return this.#value(schema, { owner, field, within: [] }, isWhole);
  }

  #value(schema: Schema, place: Place, isWhole: boolean): unknown {
    if (schema.example !== undefined) return schema.example;
    if (schema.examples?.[0] !== undefined) return schema.examples[0];
    if (schema.const !== undefined) return schema.const;
    if (schema.$ref) return this.#referred(schema.$ref, place, isWhole);
    if (schema.enum) return schema.enum.find((word) => usualWords.has(word)) ?? schema.enum[0];
    const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (choices) return this.#chosen(choices, place, isWhole);
    if (usuallyNull.has(place.field) && schema.type?.includes('null')) return null;
    const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
    if (type === 'string') return textOf(schema, place);
    if (type === 'integer' || type === 'number') return numberOf(schema, place);
    if (type === 'boolean') return !usuallyFalse.has(place.field);
    if (type === 'array') return this.#list(schema, place, isWhole);
    if (type === 'object') return this.#object(schema, place, isWhole);
    return type === 'null' ? null : (freeObjects[place.field] ?? {});
  }

  #referred(ref: string, place: Place, isWhole: boolean): unknown {
    const name = ref.split('/').at(-1) ?? '';
    const schema = this.#components[name] as Schema | undefined; // what SchemaBook has put there
    if (!schema || place.within.includes(name)) return {};
    return this.#value(schema, { owner: name, field: place.field, within: [...place.within, name] }, isWhole);
  }

  #chosen(choices: readonly Schema[], place: Place, isWhole: boolean): unknown {
    if (usuallyNull.has(place.field) && choices.some(({ type }) => type === 'null')) return null;
    const [first] = choices.filter(({ type }) => type !== 'null');
    return first ? this.#value(first, place, isWhole) : null;
  }

  #list({ items = {}, minItems = 0 }: Schema, place: Place, isWhole: boolean): unknown[] {
    if (!isWhole && minItems === 0) return [];
    const texts = (lookedUp(words, place) ?? []).filter((text) => fits(text, items));
    const several = items.type === 'string' && !items.enum && texts.length >= minItems && minItems > 1;
    if (several) return texts.slice(0, minItems);
    return Array.from({ length: Math.max(1, minItems) }, () => this.#value(items, place, isWhole));
  }

  #object(schema: Schema, place: Place, isWhole: boolean): unknown {
    const { properties, required = [] } = schema;
    if (!properties) {
      const known = freeObjects[place.field];
      return known ?? {};
    }
    // The sentence that an answer can have beside its data is rare.
    const isRare = (field: string) => field === 'message' && 'success' in properties;
    const shown = Object.entries(properties).filter(
      ([field]) => required.includes(field) || (isWhole && !isRare(field)),
    );
    return Object.fromEntries(
      shown.map(([field, inner]) => [field, this.#value(inner, { ...place, field }, isWhole)]),
    );
  }
}

const lookedUp = <T>(table: Readonly<Record<string, T>>, { owner, field }: Place): T | undefined => {
  const owners = Object.keys(table).filter((key) => key.endsWith(`.${field}`));
  const key =
    owners.find((name) => name === `${owner}.${field}`) ??
    owners.find((name) => owner.toLowerCase().includes(name.split('.')[0]?.toLowerCase() ?? owner));
  return table[key ?? field];
};

function textOf(schema: Schema, place: Place): string {
  const { field, owner } = place;
  if (schema.format === 'uuid')
    return field === 'id' || field === 'ids' ? idOf(nounOf(owner)) : (idNamed(field) ?? idOf(field));
  if (schema.format === 'date-time') return times[field] ?? someTime;
  const candidates = lookedUp(words, place) ?? [];
  const known = plain[schema.format ?? ''];
  const fitting =
    candidates.find((text) => fits(text, schema)) ?? (known && fits(known, schema) ? known : undefined);
  if (fitting !== undefined) return fitting;
  if (schema.pattern === '^#[0-9a-f]{6}$') return '#0b5c8a';
  if (/At$|_at$/.test(field) || field === 'at') return times[field] ?? someTime;
  return spoken(field)
    .padEnd(schema.minLength ?? 0, '.')
    .slice(0, schema.maxLength);
}

/** `nickName` → `Nick name`: what a text of no better example says. */
const spoken = (field: string): string => {
  const text = field
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replaceAll('_', ' ')
    .trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}` || 'Text';
};

function fits(
  text: string,
  { pattern, format, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema,
): boolean {
  if (text.length < minLength || text.length > maxLength) return false;
  if (format === 'uri' && !URL.canParse(text)) return false;
  if (format?.startsWith('cidr') && !text.includes('/')) return false;
  if ((format === 'ipv4' || format === 'ipv6') && text.includes('/')) return false;
  return pattern === undefined || new RegExp(pattern, 'u').test(text);
}

function numberOf(schema: Schema, place: Place): number {
  const value = lookedUp(numbers, place) ?? 0;
  const least =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? value : schema.exclusiveMinimum + 1);
  const most = schema.maximum ?? value;
  const bounded = Math.min(Math.max(value, least), Math.max(most, least));
  return schema.type === 'integer' ? Math.round(bounded) : bounded;
}
