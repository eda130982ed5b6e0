import type { IncomingHttpHeaders } from 'node:http';
import type { Sql, TransactionSql } from 'postgres';
import type { WebSocket } from 'ws';
import * as z from 'zod';
import { type Bearer, bearerOf, TokenError } from './tokens.ts';

/** Phoenix' form of a message, version 2: an array. */
const Frame = z.tuple([
  z.string().nullable(),
  z.string().nullable(),
  z.string(),
  z.string(),
  z.record(z.string(), z.unknown()),
]);
const Join = z.looseObject({
  access_token: z.string().optional(),
  config: z
    .looseObject({
      private: z.boolean().default(false),
      broadcast: z.looseObject({ self: z.boolean().default(false) }).optional(),
      presence: z.looseObject({ enabled: z.boolean().default(false) }).optional(),
    })
    .default({ private: false }),
});
/** The body of POST /api/broadcast. */
export const Batch = z.object({
  messages: z
    .array(
      z.object({
        topic: z.string().min(1),
        event: z.string().min(1),
        payload: z.record(z.string(), z.unknown()),
        private: z.boolean().default(false),
      }),
    )
    .min(1),
});
type Message = z.infer<typeof Batch>['messages'][number];

interface Channel {
  socket: Socket;
  joinRef: string | null;
  /** Without the `realtime:` before it. */
  topic: string;
  isPrivate: boolean;
  wantsOwn: boolean;
  token: string | undefined;
  bearer: Bearer;
}

interface Socket {
  ws: WebSocket;
  /** Whose key opened the connection: those of channels that are joined without a token. */
  bearer: Bearer;
  headers: IncomingHttpHeaders;
  channels: Map<string, Channel>;
}

/** Postgres's answer to whether a bearer may, asked as Realtime does: by trying, and undoing it. */
async function tries(
  sql: Sql,
  before: (tx: TransactionSql) => Promise<unknown>,
  {
    bearer: { role, claims },
    topic,
    headers,
  }: { bearer: Bearer; topic: string; headers: IncomingHttpHeaders },
  run: (tx: TransactionSql) => Promise<boolean>,
): Promise<boolean> {
  const undone = new Error('undone');
  let result = false;
  const own = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-')));
  await sql
    .begin(async (tx) => {
      await before(tx);
      await tx`select set_config('role', ${role}, true), set_config('realtime.topic', ${topic}, true),
        set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('request.headers', ${JSON.stringify(own)}, true)`;
      result = await run(tx);
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return result;
}

const insert = (tx: TransactionSql, topic: string) =>
  tx`insert into realtime.messages (topic, extension) values (${topic}, 'broadcast')`;

/**
 * Supabase Realtime's channels, as far as broadcasts go: joining (with the policies on realtime.messages asked for private
 * ones), heartbeats, new tokens, leaving, and messages to who has joined.
 * Sources: https://supabase.com/docs/guides/realtime/protocol; github.com/supabase/realtime,
 * lib/realtime_web/channels/realtime_channel.ex and lib/realtime/tenants/authorization.ex
 */
export function realtimeChannels(sql: Sql, jwtSecret: string) {
  const sockets = new Set<Socket>();
  const joined = () => [...sockets].flatMap(({ channels }) => [...channels.values()]);

  const mayRead = (bearer: Bearer, topic: string, headers: IncomingHttpHeaders) =>
    tries(
      sql,
      (tx) => insert(tx, topic),
      { bearer, topic, headers },
      async (tx) => (await tx`select from realtime.messages where topic = ${topic}`).length > 0,
    );
  const mayWrite = (bearer: Bearer, topic: string, headers: IncomingHttpHeaders) =>
    tries(
      sql,
      async () => {},
      { bearer, topic, headers },
      (tx) =>
        tx
          .savepoint((inner) => insert(inner, topic))
          .then(
            () => true,
            (error: { code?: string }) => (error.code === '42501' ? false : Promise.reject(error)),
          ),
    );

  const push = (
    { ws }: Socket,
    frame: [joinRef: string | null, ref: string | null, topic: string, event: string, payload: object],
  ) => ws.send(JSON.stringify(frame));

  /** Ends a channel, and says why. */
  function shutDown(channel: Channel, message: string): void {
    const { socket, joinRef, topic } = channel;
    leave(channel);
    const full = `realtime:${topic}`;
    push(socket, [
      joinRef,
      null,
      full,
      'system',
      { extension: 'system', status: 'error', message, channel: topic },
    ]);
    push(socket, [joinRef, joinRef, full, 'phx_close', {}]);
  }

  function leave(channel: Channel): void {
    channel.socket.channels.delete(channel.topic);
  }

  /** @throws {TokenError} also where the role or the end is missing. */
  async function confirmed(token: string): Promise<Bearer> {
    const bearer = await bearerOf(token, jwtSecret, 0);
    if (typeof bearer.claims.role !== 'string' || typeof bearer.claims.exp !== 'number')
      throw new TokenError('claims');
    return bearer;
  }

  const reasonOf = ({ fault, secondsAgo }: TokenError) =>
    ({
      malformed: 'MalformedJWT: The token provided is not a valid JWT',
      signature: 'JwtSignatureError: Failed to validate JWT signature',
      expired: `InvalidJWTToken: Token has expired ${secondsAgo} seconds ago`,
      claims: 'InvalidJWTToken: Fields `role` and `exp` are required in JWT',
    })[fault];

  /** @returns why it was refused, or nothing. */
  async function join(socket: Socket, topic: string, joinRef: string | null, given: unknown) {
    const { access_token: token, config } = Join.parse(given);
    const isOwn = token !== undefined && !token.startsWith('sb_');
    const bearer = isOwn ? await confirmed(token) : socket.bearer;
    const isAllowed = !config.private || (await mayRead(bearer, topic, socket.headers));
    if (!isAllowed)
      return `Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`;
    const channel: Channel = {
      ...{ socket, joinRef, topic, bearer },
      ...{ isPrivate: config.private, wantsOwn: config.broadcast?.self ?? false },
      token: isOwn ? token : undefined,
    };
    socket.channels.set(topic, channel);
    return undefined;
  }

  async function renew(channel: Channel, token: unknown): Promise<void> {
    if (typeof token !== 'string' || token.startsWith('sb_') || token === channel.token) return;
    try {
      const bearer = await confirmed(token);
      Object.assign(channel, { token, bearer });
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      shutDown(channel, withoutCode(reasonOf(error)));
      return;
    }
    const { topic, bearer, socket } = channel;
    if (channel.isPrivate && !(await mayRead(bearer, topic, socket.headers))) {
      shutDown(channel, `You do not have permissions to read from this Channel topic: ${topic}`);
    }
  }

  function deliver({ topic, event, payload, private: isPrivate }: Message, sender?: Channel): void {
    for (const socket of sockets) {
      const channel = socket.channels.get(topic);
      if (!channel || channel.isPrivate !== isPrivate || (channel === sender && !channel.wantsOwn)) continue;
      push(socket, [null, null, `realtime:${topic}`, 'broadcast', { type: 'broadcast', event, payload }]);
    }
  }

  async function take(socket: Socket, frame: z.infer<typeof Frame>): Promise<void> {
    const [joinRef, ref, full, event, payload] = frame;
    const reply = (status: 'ok' | 'error', response: object = {}) =>
      push(socket, [joinRef, ref, full, 'phx_reply', { status, response }]);
    if (full === 'phoenix' && event === 'heartbeat') return reply('ok');
    const topic = full.replace(/^realtime:/, '');
    if (event === 'phx_join') {
      const reason = await join(socket, topic, joinRef, payload).catch((error: unknown) => {
        if (error instanceof TokenError) return reasonOf(error);
        throw error;
      });
      return reason === undefined ? reply('ok', { postgres_changes: [] }) : reply('error', { reason });
    }
    const channel = socket.channels.get(topic);
    if (!channel) return reply('error', { reason: 'unmatched topic' });
    if (event === 'phx_leave') {
      leave(channel);
      reply('ok');
      push(socket, [joinRef, joinRef, full, 'phx_close', {}]);
    } else if (event === 'access_token') await renew(channel, payload.access_token);
    else if (event === 'broadcast') {
      const isAllowed = !channel.isPrivate || (await mayWrite(channel.bearer, topic, socket.headers));
      if (!isAllowed) return;
      deliver(
        {
          ...{ topic, event: String(payload.event), private: channel.isPrivate },
          payload: (payload.payload ?? {}) as Record<string, unknown>,
        },
        channel,
      );
    }
  }

  return {
    /** A connection that was let in: its messages are taken one after the other. */
    connect(ws: WebSocket, bearer: Bearer, headers: IncomingHttpHeaders): void {
      const socket: Socket = { ws, bearer, headers, channels: new Map() };
      sockets.add(socket);
      let turn = Promise.resolve();
      ws.on('message', (data, isBinary) => {
        const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
        turn = turn
          .then(() => take(socket, isBinary ? broadcastOf(bytes) : Frame.parse(JSON.parse(bytes.toString()))))
          .catch(() => ws.terminate());
      });
      ws.on('close', () => sockets.delete(socket));
    },
    /** What POST /api/broadcast does with its messages: those to private topics only where the sender may. */
    async send(bearer: Bearer, headers: IncomingHttpHeaders, messages: readonly Message[]): Promise<void> {
      for (const message of messages) {
        if (!message.private || (await mayWrite(bearer, message.topic, headers))) deliver(message);
      }
    },
    /** The tokens of the channels that are joined now. */
    tokens: () => joined().flatMap(({ token }) => token ?? []),
    /** Does at once what Realtime does when the token of a channel ends: of those that have by this time. */
    endTokens(at: Date): void {
      for (const channel of joined()) {
        const { exp } = channel.bearer.claims;
        const secondsAgo = Math.floor(at.getTime() / 1000) - (exp ?? Number.POSITIVE_INFINITY);
        if (secondsAgo >= 0) shutDown(channel, withoutCode(reasonOf(new TokenError('expired', secondsAgo))));
      }
    },
    confirmed,
    close(): void {
      for (const { ws } of sockets) ws.terminate();
    },
  };
}

/** The reason of a join has a code before it, that of an end has none. */
const withoutCode = (reason: string) => reason.replace(/^\w+: /, '');

/** A client's broadcast, which version 2 sends as bytes: six lengths, five texts, the payload. */
function broadcastOf(bytes: Buffer): z.infer<typeof Frame> {
  const [kind = 0, joinRefSize = 0, refSize = 0, topicSize = 0, eventSize = 0, metaSize = 0] = bytes;
  if (kind !== 3) throw new Error('only broadcasts are sent as bytes');
  let at = 7;
  const next = (size: number) => {
    at += size;
    return bytes.subarray(at - size, at).toString();
  };
  const [joinRef, ref, topic, event] = [next(joinRefSize), next(refSize), next(topicSize), next(eventSize)];
  next(metaSize);
  const payload = JSON.parse(bytes.subarray(at).toString()) as unknown;
  return [joinRef || null, ref || null, topic, 'broadcast', { type: 'broadcast', event, payload }];
}
