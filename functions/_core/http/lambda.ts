import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { headerFields, type Incoming, type Platform } from './incoming.ts';
import type { Reply } from './reply.ts';
import { wholeOf } from './stream.ts';

export type HttpHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

function incomingOf(event: APIGatewayProxyEventV2): Incoming {
  const { method } = event.requestContext.http;
  const cookie = event.cookies?.length ? { cookie: event.cookies.join('; ') } : {};
  const query = event.rawQueryString ? `?${event.rawQueryString}` : '';
  return {
    method,
    url: new URL(`https://${event.requestContext.domainName}${event.rawPath}${query}`),
    target: `${event.rawPath}${query}`,
    headers: headerFields({ ...event.headers, ...cookie }),
    ...bodyOf(event),
  };
}

/** Decoded only when it is read: its length can be told before. */
function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEventV2): Pick<Incoming, 'body' | 'bodyBytes'> {
  if (body === undefined) return { body: null };
  const encoding = isBase64Encoded ? 'base64' : 'utf8';
  return {
    bodyBytes: Buffer.byteLength(body, encoding),
    body: (async function* decoded() {
      yield Buffer.from(body, encoding);
    })(),
  };
}

async function resultOf(reply: Reply): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, headers } = reply;
  const body = reply.stream ? await wholeOf(reply.stream) : reply.body;
  if (body === null || typeof body === 'string') return { statusCode: status, headers, body: body ?? '' };
  return {
    statusCode: status,
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
  respond: (incoming: Incoming, platform: Platform) => Promise<Reply>,
): HttpHandler {
  return middy(async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const pending: Promise<unknown>[] = [];
    const reply = await respond(incomingOf(event), {
      ip: event.requestContext.http.sourceIp,
      waitUntil: (work) => pending.push(work),
    });
    const result = await resultOf(reply);
    await Promise.allSettled(pending);
    return result;
  });
}
