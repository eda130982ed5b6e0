import type { Contract } from '../../functions/_core/endpoint.ts';
import { type ErrorCode, errors } from '../../functions/_core/errors.ts';

type Json = Record<string, unknown>;

export const ErrorSchema: Json = {
  type: 'object',
  required: ['success', 'error', 'message', 'code', 'requestId'],
  properties: {
    success: { type: 'boolean', const: false },
    error: { type: 'string', maxLength: 501, description: 'A sentence for a person.' },
    message: { type: 'string', maxLength: 501, description: 'The same sentence.' },
    code: { type: 'string', description: 'Stable, for programs.', enum: Object.keys(errors).sort() },
    details: {
      type: 'array',
      maxItems: 100,
      description: 'One for each bad field.',
      items: { $ref: '#/components/schemas/ErrorDetail' },
    },
    requestId: { type: 'string', maxLength: 128, description: 'Name it when you ask for help.' },
  },
};

export const ErrorDetailSchema: Json = {
  type: 'object',
  required: ['path', 'message'],
  properties: {
    path: {
      type: 'string',
      maxLength: 201,
      description: 'The field, with dots between its parts; empty for the whole body.',
    },
    message: { type: 'string', maxLength: 501, description: 'What is wrong with it.' },
  },
};

/** Every code that the endpoint can answer: its own, and those that its shape brings with it. */
export function codesOf(contract: Contract): ErrorCode[] {
  const codes = new Set<ErrorCode>([...contract.errors, 'INTERNAL', 'RATE_LIMITED']);
  const isOpen = contract.who.includes('public') || contract.who.includes('signed');
  const { takesBody } = contract;
  if (!contract.who.includes('signed')) codes.add('VALIDATION_FAILED');
  if ('cursor' in contract.input.shape) codes.add('INVALID_CURSOR');
  if (contract.takesIdempotencyKey) codes.add('IDEMPOTENCY_KEY_REUSED').add('CONFLICT');
  if (takesBody) codes.add('PAYLOAD_TOO_LARGE');
  if (takesBody && contract.body !== 'raw') codes.add('INVALID_JSON').add('UNSUPPORTED_MEDIA_TYPE');
  if (!isOpen) codes.add('UNAUTHENTICATED').add('UNAVAILABLE');
  if (contract.who.includes('user')) codes.add('TOKEN_EXPIRED');
  if (contract.role || contract.scope) codes.add('FORBIDDEN');
  if (/:\w*id\b/i.test(contract.path)) codes.add('NOT_FOUND');
  return [...codes].sort();
}

/** Failure responses, each kept once in `components` however many endpoints have it. */
export class ErrorBook {
  readonly components: Record<string, Json> = {};

  responsesFor(contract: Contract): Json {
    const byStatus = new Map<number, ErrorCode[]>();
    for (const code of codesOf(contract)) {
      const { status } = errors[code];
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
    const sorted = [...byStatus].sort(([a], [b]) => a - b);
    return Object.fromEntries(sorted.map(([status, codes]) => [String(status), this.#refer(codes)]));
  }

  #refer(codes: ErrorCode[]): Json {
    const name = codes.join('.');
    this.components[name] ??= {
      description: codes.map((code) => `\`${code}\` ${errors[code].message}`).join('\n\n'),
      headers: Object.fromEntries(
        headersOf(codes).map((header) => [header, { $ref: `#/components/headers/${header}` }]),
      ),
      content: {
        'application/json': {
          schema: {
            allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: codes } } }],
          },
          examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    };
    return { $ref: `#/components/responses/${name}` };
  }
}

/** Says how long to wait. */
const isPatient = (code: ErrorCode): boolean =>
  code === 'RATE_LIMITED' || code === 'UNAVAILABLE' || code === 'ACCOUNT_LOCKED';

/** The headers of a failure; those of a limit where one has counted the request. */
const headersOf = (codes: readonly ErrorCode[]): string[] => [
  'X-Request-Id',
  ...(codes.some((code) => errors[code].status < 500)
    ? ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']
    : []),
  ...(codes.some(isPatient) ? ['Retry-After'] : []),
];

const exampleOf = (code: ErrorCode): Json => ({
  success: false,
  error: errors[code].message,
  message: errors[code].message,
  code,
  ...(code === 'VALIDATION_FAILED' ? { details: [{ path: 'limit', message: 'must be at most 100' }] } : {}),
  requestId: '3f0e2f5c-6f0a-4a57-9d2b-0f3c5a3b7a10',
});
