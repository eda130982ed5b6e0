import { createHash, timingSafeEqual } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { HttpHandler } from '#core/http/lambda.ts';

/** What the first HTTP API writes (stacks/front-door.yml): the caller's address, and the secret. */
export const callerHeader = 'x-trunkline-caller-ip';
export const frontHeader = 'x-trunkline-front';

const digest = (text: string) => createHash('sha256').update(text).digest();

function isFront(given: string | undefined): boolean {
  const secret = process.env.FRONT_SECRET ?? ''; // set by the stack itself, so that it is no setting of env.ts
  return secret !== '' && given !== undefined && timingSafeEqual(digest(given), digest(secret));
}

function asFrontGotIt(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  const { [callerHeader]: callerIp, [frontHeader]: proof, ...headers } = event.headers;
  const { http } = event.requestContext;
  const sourceIp = callerIp !== undefined && isFront(proof) ? callerIp : http.sourceIp;
  return { ...event, headers, requestContext: { ...event.requestContext, http: { ...http, sourceIp } } };
}

/**
 * The Lambda entry of an endpoint of the second HTTP API. There the request comes from the front, so the address of the
 * connection is the front's, and all callers would share their limits. The front writes the caller's address into a
 * header, over what the caller wrote there, with a secret that only the two know. Without it the header counts for nothing:
 * a request that goes past the front has the address that it comes from. The endpoint sees neither header.
 */
export const behindFront =
  (handler: HttpHandler): HttpHandler =>
  (event, context) =>
    handler(asFrontGotIt(event), context);
