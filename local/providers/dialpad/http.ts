import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** Of a JSON or form body; empty where there is none. */
  body: Record<string, unknown>;
}

export interface ApiAnswer {
  status: number;
  json?: unknown;
  headers?: Record<string, string>;
}

const reasons: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  429: 'rateLimitExceeded',
};

/** An error as Dialpad words it. */
export function refusal(status: number, message: string): ApiAnswer {
  const reason = reasons[status] ?? 'internalError';
  return {
    status,
    json: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } },
  };
}

export async function readRequest(request: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url ?? '/', 'http://dialpad.invalid');
  return {
    method: request.method ?? 'GET',
    path: url.pathname.replace(/(.)\/$/, '$1'),
    query: url.searchParams,
    headers: request.headers,
    body: parseBody(Buffer.concat(chunks).toString(), request.headers['content-type'] ?? ''),
  };
}

function parseBody(text: string, contentType: string): Record<string, unknown> {
  // curl -d says form, also where it sends JSON.
  if (contentType.startsWith('application/x-www-form-urlencoded') && !text.startsWith('{')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : {};
  } catch {
    return {};
  }
}

export function send(response: ServerResponse, answer: ApiAnswer): void {
  const text = answer.json === undefined ? '' : JSON.stringify(answer.json);
  response.writeHead(answer.status, {
    ...(text === '' ? {} : { 'content-type': 'application/json' }),
    ...answer.headers,
  });
  response.end(text);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
