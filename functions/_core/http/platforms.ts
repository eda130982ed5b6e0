import type { NetlifyFunction } from '@netlify/functions';
import { type Incoming, type Platform, webIncoming } from './incoming.ts';
import { type HttpHandler, lambdaHandler } from './lambda.ts';
import { type Reply, toResponse } from './reply.ts';

/** One way of answering, in the form of each platform. */
export interface Platforms {
  /** Answers in any case. The local server runs this. */
  respond: (incoming: Incoming, platform?: Platform) => Promise<Reply>;
  /** Netlify runs this. */
  serve: (request: Request, platform?: Platform) => Promise<Response>;
  /** Lambda runs this. */
  handler: HttpHandler;
}

export const platforms = (respond: Platforms['respond']): Platforms => ({
  respond,
  serve: (async (request: Request, platform?: Platform) =>
    toResponse(await respond(webIncoming(request), platform))) satisfies NetlifyFunction['fetch'],
  handler: lambdaHandler(respond),
});
