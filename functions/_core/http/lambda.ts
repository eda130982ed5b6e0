import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Platform } from '../endpoint.ts';
import { plainReplyOf } from './reply.ts';

export type HttpHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

function requestOf(event: APIGatewayProxyEventV2): Request {
  const { method } = event.requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers))
    if (value !== undefined) headers.set(name, value);
  if (event.cookies?.length) headers.set('cookie', event.cookies.join('; '));
  const query = event.rawQueryString ? `?${event.rawQueryString}` : '';
  const url = `https://${event.requestContext.domainName}${event.rawPath}${query}`;
  const bodyless = method === 'GET' || method === 'HEAD';
  const body =
    bodyless || event.body === undefined
      ? null
      : new Uint8Array(Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8'));
  return new Request(url, { method, headers, body });
}

async function resultOf(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const plain = plainReplyOf(response);
  const body = plain ? plain.body : new Uint8Array(await response.arrayBuffer());
  const headers = plain?.headers ?? Object.fromEntries(response.headers);
  if (body === null || typeof body === 'string')
    return { statusCode: response.status, headers, body: body ?? '' };
  return {
    statusCode: response.status,
    headers,
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
}

/**
 * The Lambda entry of an endpoint, for events of an HTTP API (payload format 2.0). Lambda freezes the process after
 * the answer, so work that was to go on after it is waited for.
 */
export function lambdaHandler(
  serve: (request: Request, platform: Platform) => Promise<Response>,
): HttpHandler {
  return middy(async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const pending: Promise<unknown>[] = [];
    const response = await serve(requestOf(event), {
      ip: event.requestContext.http.sourceIp,
      waitUntil: (work) => pending.push(work),
    });
    await Promise.allSettled(pending);
    return await resultOf(response);
  });
}
