import type * as z from 'zod';

type Issue = z.core.$ZodRawIssue;

const kinds: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  bigint: 'a whole number',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  date: 'a time',
  null: 'null',
  undefined: 'absent',
  never: 'absent',
};

const formats: Record<string, string> = {
  email: 'must be an e-mail address',
  url: 'must be a URL such as https://example.com',
  uuid: 'must be a UUID',
  guid: 'must be a UUID',
  datetime: 'must be a time such as 2026-03-01T10:00:00Z',
  date: 'must be a date such as 2026-03-01',
  time: 'must be a time of day such as 10:00:00',
  duration: 'must be a duration such as PT15M',
  ipv4: 'must be an IPv4 address',
  ipv6: 'must be an IPv6 address',
  cidrv4: 'must be a range of IPv4 addresses such as 192.0.2.0/24',
  cidrv6: 'must be a range of IPv6 addresses such as 2001:db8::/32',
  base64: 'must be base64',
  base64url: 'must be base64url',
  json_string: 'must be JSON',
  e164: 'must be an E.164 number such as +14155550101',
  jwt: 'must be a JWT',
};

/** Values that are named; the others are counted. */
const maxNamed = 30;

function listed(values: readonly unknown[]): string {
  const named = values.slice(0, maxNamed).map(String).join(', ');
  const rest = values.length - maxNamed;
  return rest > 0 ? `${named} and ${rest} more` : named;
}

const figure = (n: unknown): string => Number(n).toLocaleString('en', { maximumFractionDigits: 20 });

/** How much of something: "at least 3 characters", "at most 100". */
function amount(origin: string, bound: 'least' | 'most', n: unknown, isInclusive: boolean): string {
  const count = Number(n);
  if (origin === 'number' || origin === 'int' || origin === 'bigint') {
    if (isInclusive) return `must be at ${bound} ${figure(n)}`;
    return `must be ${bound === 'least' ? 'more' : 'less'} than ${figure(n)}`;
  }
  if (origin === 'date')
    return `must be ${bound === 'least' ? 'after' : 'before'} ${new Date(count).toISOString()}`;
  const one =
    origin === 'string' ? 'character' : origin === 'array' || origin === 'set' ? 'element' : 'field';
  const inclusive = isInclusive ? count : bound === 'least' ? count + 1 : count - 1;
  if (bound === 'least' && inclusive === 1) return 'must not be empty';
  return `must have at ${bound} ${figure(inclusive)} ${one}${inclusive === 1 ? '' : 's'}`;
}

/** What the forms of a union say together, where each is about the whole value. */
function unionMessage(errors: readonly (readonly { path: PropertyKey[]; message: string }[])[]): string {
  const each = errors.map((issues) => {
    const [first, ...more] = issues;
    const [, form] = /^must be (.+)$/.exec(first?.message ?? '') ?? [];
    return more.length === 0 && first?.path.length === 0 ? form : undefined;
  });
  const forms = each.filter((form) => form !== undefined);
  return forms.length === errors.length && forms.length > 0
    ? `must be ${[...new Set(forms)].join(' or ')}`
    : 'has none of the forms that are taken here';
}

/**
 * Says what a field must be, where the schema has no sentence of its own: the rest of a sentence that
 * begins with the field's name. Given to each parse, so that importing it changes nothing; zod's own words name its types.
 */
export function plainError(issue: Issue): string {
  if (
    issue.input === undefined &&
    ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code ?? '')
  )
    return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${listed(issue.values)}`
        : `must be one of ${listed(issue.values)}`;
    case 'too_small':
      return amount(issue.origin, 'least', issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return amount(issue.origin, 'most', issue.maximum, issue.inclusive !== false);
    case 'invalid_format':
      if (issue.format === 'starts_with') return `must begin with ${issue.prefix}`;
      if (issue.format === 'ends_with') return `must end with ${issue.suffix}`;
      if (issue.format === 'includes') return `must contain ${issue.includes}`;
      if (issue.format === 'regex') return `must match ${issue.pattern}`;
      return formats[issue.format] ?? `must be a valid ${issue.format}`;
    case 'not_multiple_of':
      return `must be a multiple of ${figure(issue.divisor)}`;
    case 'unrecognized_keys':
      return `has fields that are not known: ${listed(issue.keys.slice(0, maxNamed))}`;
    case 'invalid_union':
      return unionMessage(issue.errors ?? []);
    case 'invalid_key':
      return 'has a field whose name is not taken here';
    case 'invalid_element':
      return 'has an element that is not taken here';
    default:
      return 'is not valid';
  }
}
