import { restRefusal } from './refusal.ts';

/** SQL for what a query string of PostgREST's asks of one table. */
export interface Asked {
  columns: string;
  where: string;
  orderBy: string;
  limit: number | undefined;
  offset: number;
}

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

const operators: Record<string, string> = {
  ...{ eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' },
  ...{ like: 'like', ilike: 'ilike' },
};
/** Parameters that are no filters. */
const reserved = new Set(['select', 'order', 'limit', 'offset', 'columns', 'on_conflict', 'apikey']);

const unparsable = (what: string, text: string) =>
  restRefusal(400, 'PGRST100', `"failed to parse ${what} (${text})" (line 1, column 1)`);

function columnsOf(table: string, select: string): string {
  const columns = select.split(',').map((one) => {
    const [, alias, name] = /^(?:(\w+):)?(\*|\w+)$/.exec(one) ?? [];
    if (name === undefined) throw unparsable('select parameter', select);
    if (name === '*') return `${table}.*`;
    return `${table}.${identifier(name)}${alias ? ` as ${identifier(alias)}` : ''}`;
  });
  return columns.join(', ');
}

/** `(a,"b,c")`: quoted where a value has a comma or a bracket of its own. */
function valuesOf(list: string): string[] {
  const inner = /^\((.*)\)$/s.exec(list)?.[1];
  if (inner === undefined) throw unparsable('filter', list);
  return [...inner.matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)].map(
    ([, quoted, plain]) => quoted?.replace(/\\(.)/gs, '$1') ?? plain ?? '',
  );
}

function conditionOf(column: string, filter: string): string {
  const [, not, operator = '', value = ''] = /^(not\.)?(\w+)\.(.*)$/s.exec(filter) ?? [];
  const wrap = (condition: string) => (not ? `not (${condition})` : condition);
  const sign = operators[operator];
  if (sign) {
    const text = sign.endsWith('like') ? value.replaceAll('*', '%') : value;
    return wrap(`${column} ${sign} ${literal(text)}`);
  }
  if (operator === 'in') {
    const values = valuesOf(value);
    return wrap(values.length === 0 ? 'false' : `${column} in (${values.map(literal).join(', ')})`);
  }
  if (operator === 'is' && /^(null|true|false|unknown)$/i.test(value)) return wrap(`${column} is ${value}`);
  throw unparsable('filter', filter);
}

function orderOf(table: string, order: string): string {
  const terms = order.split(',').map((term) => {
    const match = /^(\w+)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?$/.exec(term);
    if (!match?.[1]) throw unparsable('order', order);
    const nulls = match[3] ? ` nulls ${match[3].slice(5)}` : '';
    return `${table}.${identifier(match[1])} ${match[2] ?? 'asc'}${nulls}`;
  });
  return `order by ${terms.join(', ')}`;
}

function countOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  if (!/^\d+$/.test(text)) throw unparsable(name, text);
  return Number(text);
}

/** @param table As SQL writes it, with its schema. */
export function askedOf(table: string, parameters: URLSearchParams): Asked {
  const conditions = [...parameters]
    .filter(([name]) => !reserved.has(name))
    .map(([name, filter]) => {
      if (!/^\w+$/.test(name)) throw unparsable('filter', name);
      return conditionOf(`${table}.${identifier(name)}`, filter);
    });
  const order = parameters.get('order');
  return {
    columns: columnsOf(table, parameters.get('select') ?? '*'),
    where: conditions.length > 0 ? `where ${conditions.join(' and ')}` : '',
    orderBy: order ? orderOf(table, order) : '',
    limit: countOf(parameters, 'limit'),
    offset: countOf(parameters, 'offset') ?? 0,
  };
}
