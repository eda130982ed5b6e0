import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';
import { WebSocketServer } from 'ws';
import { Batch, realtimeChannels } from './realtime.ts';
import { Refusal } from './refusal.ts';
import { answerRest, type RestAnswer, restBearer } from './rest.ts';
import { type Bearer, bearerOf } from './tokens.ts';

export interface SupabaseStandInOptions {
  /** A login that may become anon, authenticated and service_role, and nothing else: PostgREST's `authenticator`. */
  restDatabaseUrl: string;
  /** The owner of the schema `realtime`. */
  realtimeDatabaseUrl: string;
  /** Signs the project's tokens. */
  jwtSecret: string;
  /** `sb_publishable_…` */
  publishableKey: string;
  /** `sb_secret_…` */
  secretKey: string;
}

export interface SupabaseStandIn {
  url: string;
  /** Every request, also those that were refused. */
  requests: readonly { method: string; url: string; headers: IncomingHttpHeaders }[];
  /** The tokens of the Realtime channels that are joined now. */
  tokens(): string[];
  /** Does at once what Realtime does when the token of a channel ends: of those that have by this time. */
  endTokens(at: Date): void;
  close(): Promise<void>;
}

/**
 * Starts a server that speaks what supabase-js needs of a Supabase project: its gateway's keys, PostgREST on real Postgres,
 * Realtime's channels and POST /realtime/v1/api/broadcast. Sign-in, storage and functions are not there.
 */
export async function startSupabaseStandIn(options: SupabaseStandInOptions): Promise<SupabaseStandIn> {
  const { jwtSecret, publishableKey, secretKey } = options;
  const rest = postgres(options.restDatabaseUrl, { max: 2, onnotice: () => {} });
  const owner = postgres(options.realtimeDatabaseUrl, { max: 2, onnotice: () => {} });
  const channels = realtimeChannels(owner, jwtSecret);
  const requests: { method: string; url: string; headers: IncomingHttpHeaders }[] = [];

  /** Whose project key it is. The newer keys are no tokens, the older ones are. @throws {Refusal} */
  async function keyHolder(key: string | undefined, userAgent: string | undefined): Promise<Bearer> {
    if (key === undefined) {
      const hint = 'No `apikey` request header or url param was found.';
      throw new Refusal(401, { message: 'No API key found in request', hint } as { message: string });
    }
    const isOfBrowser = /mozilla/i.test(userAgent ?? '');
    if (key === publishableKey) return { role: 'anon', claims: { role: 'anon' } };
    if (key === secretKey && !isOfBrowser) return { role: 'service_role', claims: { role: 'service_role' } };
    return await bearerOf(key, jwtSecret, 0).catch(() => {
      throw new Refusal(401, { message: 'Invalid API key' });
    });
  }

  /** The token beside the key; a client without one repeats the key. */
  function tokenOf({ authorization }: IncomingHttpHeaders, key: string | undefined): string | undefined {
    const [, token] = /^Bearer (.*)$/i.exec(authorization ?? '') ?? [];
    return token === key ? undefined : token;
  }

  async function answer(request: IncomingMessage): Promise<RestAnswer> {
    const { method = 'GET', headers } = request;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    let body = '';
    for await (const chunk of request) body += chunk;
    const key = headers.apikey?.toString() ?? searchParams.get('apikey') ?? undefined;
    const holder = await keyHolder(key, headers['user-agent']);
    const token = tokenOf(headers, key);
    if (pathname.startsWith('/rest/v1/')) {
      const bearer = token === undefined ? holder : await restBearer(token, jwtSecret);
      const path = pathname.slice('/rest/v1/'.length);
      return await answerRest(rest, bearer, { method, path, parameters: searchParams, headers, body });
    }
    if (method === 'POST' && pathname === '/realtime/v1/api/broadcast') {
      const bearer = token === undefined ? holder : await channels.confirmed(token).catch(() => undefined);
      if (!bearer) throw new Refusal(401, { message: 'Unauthorized' });
      const batch = Batch.safeParse(JSON.parse(body));
      if (!batch.success)
        throw new Refusal(422, { errors: batch.error.issues } as object as { message: string });
      await channels.send(bearer, headers, batch.data.messages);
      return { status: 202, headers: {}, body: '' };
    }
    throw new Refusal(404, { message: 'no Route matched with those values' });
  }

  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    requests.push({ method, url, headers });
    answer(request)
      .catch((error: unknown): RestAnswer => {
        const refusal =
          error instanceof Refusal ? error : new Refusal(500, { message: `The stand-in failed: ${error}` });
        return {
          status: refusal.status,
          headers: { 'content-type': 'application/json; charset=utf-8', ...refusal.headers },
          body: JSON.stringify(refusal.body),
        };
      })
      .then(({ status, headers: fields, body }) => {
        response.writeHead(status, fields).end(method === 'HEAD' ? undefined : body);
      });
  });

  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    const isRight = pathname === '/realtime/v1/websocket' && searchParams.get('vsn') === '2.0.0';
    const refuse = () =>
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    keyHolder(searchParams.get('apikey') ?? undefined, request.headers['user-agent']).then((bearer) => {
      if (!isRight) return refuse();
      webSockets.handleUpgrade(request, socket, head, (ws) => channels.connect(ws, bearer, request.headers));
    }, refuse);
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // it listens on one
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    tokens: channels.tokens,
    endTokens: channels.endTokens,
    async close() {
      channels.close();
      webSockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([rest.end(), owner.end()]);
    },
  };
}
