import { isOperator } from '../callers/credentials.ts';
import { refusedLimit, requireNotRefused } from '../callers/limits.ts';
import { countRefusal } from '../callers/refusals.ts';
import { AppError } from '../errors.ts';
import { log } from '../log.ts';
import { countRequest } from '../metrics.ts';
import { plainAddress } from './address.ts';
import { failureReply } from './answers.ts';
import { commonHeaders, preflightHeaders, requestIdOf } from './headers.ts';
import type { Incoming } from './incoming.ts';
import { pathPattern } from './path.ts';
import { type Platforms, platforms } from './platforms.ts';
import type { Reply } from './reply.ts';

export interface Route {
  method: string;
  /** As `/api/calls/:id`. */
  path: string;
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Answers what no endpoint does: a preflight with the methods that the path takes, 405 with `Allow` for another
 * method on a known path, 404 for the rest. Netlify and AWS route here what matches nothing else.
 */
export function makeFallback(routes: readonly Route[]): Platforms {
  const methodsByPath = new Map<string, string[]>();
  for (const { method, path } of routes) {
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), method]);
  }
  const table = [...methodsByPath].map(([path, methods]) => ({ pattern: pathPattern(path), methods }));

  function methodsOf(pathname: string): string[] {
    const found = table.filter(({ pattern }) => pattern.match(pathname));
    return [...new Set(found.flatMap(({ methods }) => methods))].sort();
  }

  function answer({ method, url, headers: fields }: Incoming): Reply {
    const methods = methodsOf(url.pathname);
    // A method that the path takes comes here only where the platform knows better: a file that is not there.
    if (methods.length === 0 || methods.includes(method))
      throw new AppError('NOT_FOUND', { message: 'There is nothing here: GET /docs shows every path.' });
    const allow = [...methods, 'OPTIONS'].join(', ');
    if (method === 'OPTIONS') {
      const headers = preflightHeaders(fields.get('origin'), methods);
      return { status: 204, headers: { allow, ...headers }, body: null };
    }
    throw new AppError('METHOD_NOT_ALLOWED', {
      message: `This path does not take ${method}, but ${methods.join(', ')}.`,
      headers: { allow },
    });
  }

  return platforms(async (incoming, platform = {}) => {
    const started = performance.now();
    const { headers } = incoming;
    const requestId = requestIdOf(headers);
    const ip = plainAddress(platform.ip);
    let reply: Reply;
    try {
      if (incoming.method !== 'OPTIONS' && !isOperator(headers))
        requireNotRefused(refusedLimit(ip), Date.now());
      reply = answer(incoming);
    } catch (error) {
      const refusal = await countRefusal(error, { headers, ip, caller: undefined });
      reply = failureReply(refusal.error, requestId);
    }
    reply.headers = { ...commonHeaders(incoming.headers, requestId), ...reply.headers };
    const method = knownMethods.has(incoming.method) ? incoming.method : 'OTHER';
    countRequest(method, 'none', reply.status, (performance.now() - started) / 1000);
    log().info({ method, path: incoming.url.pathname, status: reply.status, requestId }, 'no endpoint');
    return reply;
  });
}
