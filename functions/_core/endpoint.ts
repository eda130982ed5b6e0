import * as z from 'zod';
import { authenticate, type Who } from './callers/auth.ts';
import { type Caller, type Role, type Scope, scopes } from './callers/caller.ts';
import { isOperator } from './callers/credentials.ts';
import {
  type LimitClass,
  type Limits,
  limitHeaders,
  limitsFor,
  limitsOn,
  refusedLimit,
  requireNotRefused,
} from './callers/limits.ts';
import { type Permission, permissions } from './callers/permissions.ts';
import { countRefusal } from './callers/refusals.ts';
import { auditRefusedKey } from './callers/refused-key.ts';
import { requireMaySign } from './callers/signers.ts';
import { type Context, makeContext } from './context.ts';
import { Pagination, type Read } from './database/page.ts';
import { readInOne, readTogether, takeLimits } from './database/read-together.ts';
import { type RunAs, runAsOf } from './database/run-as.ts';
import type { LastStatement } from './database/statement.ts';
import { env } from './env.ts';
import { AppError, type ErrorCode } from './errors.ts';
import { plainAddress } from './http/address.ts';
import { failureReply, jsonReply } from './http/answers.ts';
import { commonHeaders, requestIdOf } from './http/headers.ts';
import { beginIdempotent, type IdempotentRequest, idempotentRequestOf } from './http/idempotency.ts';
import { type Incoming, type Platform, readBody } from './http/incoming.ts';
import { mergeInput, parseJsonBody, parseQuery, standardMaxKeys, validate } from './http/input.ts';
import { pathPattern } from './http/path.ts';
import { type Platforms, platforms } from './http/platforms.ts';
import { RawReply, type Reply } from './http/reply.ts';
import { log } from './log.ts';
import { countRequest } from './metrics.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Everything there is to say of an endpoint, as data: entries, functions, documents and tests are made of it. */
export interface Contract {
  method: Method;
  /** As `/api/calls/:id`. */
  path: string;
  summary: string;
  description?: string | undefined;
  who: readonly Who[];
  /** What a person must be allowed to do, and a key have as its scope. */
  permission?: Permission | undefined;
  /** The least role a person needs: the one that the permission names. */
  role?: Role | undefined;
  /** The scope a key needs: the permission, where keys are taken. */
  scope?: Scope | undefined;
  /** The field of the path that names a person: about themselves, they need no permission. */
  self?: string | undefined;
  /** A sentence for those who lack the permission: what they may ask instead. */
  instead?: string | undefined;
  /** Which rate limit counts. */
  limit: LimitClass;
  /** The field that an `auth` limit counts by beside the caller's address: whose e-mail address, or which token. */
  limitBy?: string | undefined;
  /** Path, query and body in one flat strict object; fields of the path by its names, the rest by `method`. */
  input: z.ZodObject;
  /** Fields of a POST, PUT or PATCH that come in the query string all the same. */
  inQuery: readonly string[];
  output: z.ZodType;
  /** 'data': `output` is what stands in `data`. 'page': it is one item of a list. 'none': it is the whole body. */
  envelope: 'data' | 'page' | 'none';
  /** Of success. */
  status: number;
  /** Beyond those that every endpoint can answer. */
  errors: readonly ErrorCode[];
  /** 'raw': the handler gets the bytes (a signature is over them), and `input` holds path and query only. */
  body: 'json' | 'raw';
  /** Bytes of the largest body that is taken, unless MAX_BODY_BYTES is less. */
  maxBodyBytes: number;
  /** Fields that all objects of a JSON body may have together. What is signed is not counted. */
  maxKeys: number;
  /** POST, PUT and PATCH do; a DELETE where it says `body`: for what must not stand in an address. */
  takesBody: boolean;
  /** Every write, but for what a provider signs: that has keys of its own. */
  takesIdempotencyKey: boolean;
  /** The media type of success, where it is not JSON. */
  produces: string;
  /** A static host, where the deployment has one, serves this from dist/public instead. */
  isStatic: boolean;
}

interface Definition<I extends z.ZodObject, O extends z.ZodType> {
  method: Method;
  path: string;
  summary: string;
  description?: string;
  who: readonly Who[];
  permission?: Permission;
  self?: keyof z.infer<I> & string;
  instead?: string;
  limit?: LimitClass;
  limitBy?: keyof z.infer<I> & string;
  input?: I;
  inQuery?: readonly (keyof z.infer<I> & string)[];
  output: O;
  envelope?: Contract['envelope'];
  status?: number;
  errors?: readonly ErrorCode[];
  body?: Contract['body'];
  maxBodyBytes?: number;
  maxKeys?: number;
  produces?: string;
  isStatic?: boolean;
}

/** Reads only, in one round trip with the caller's own check: nothing can happen before that check. */
interface Query<I extends z.ZodObject> {
  query(given: { input: z.output<I>; caller: Caller; ip: string; now: Date }): Read;
}

interface Handle<I extends z.ZodObject, O extends z.ZodType> {
  handle(given: { ctx: Context; input: z.output<I> }): Promise<z.input<O> | RawReply>;
}

export interface Endpoint extends Platforms {
  contract: Contract;
}

/** A refusal of the caller, with what to ask instead where the contract says it. */
function pointing(error: unknown, { instead }: Contract): unknown {
  if (instead === undefined || !(error instanceof AppError) || error.code !== 'FORBIDDEN') return error;
  return new AppError('FORBIDDEN', { message: `${error.message} ${instead}`, cause: error });
}

const noInput = z.object({});

/** What a JSON endpoint takes that says no more: a page of settings is a tenth of it. */
const standardBodyBytes = 65_536;
/** What Lambda carries in one request, and so Netlify: 6 MB, base64 included where the body is not text. */
const platformBodyBytes = 6_291_456;

/** One request, on its way through. */
interface Asked {
  incoming: Incoming;
  waitUntil: Platform['waitUntil'];
  /** The caller's address in its one spelling; '' where the platform does not tell. */
  ip: string;
  requestId: string;
  limits: Limits;
  /** Once it is known. */
  caller: Caller | undefined;
}

/**
 * Declares an endpoint. Importing the file that does so has no effect: no environment is read, no connection opened.
 */
export function endpoint<O extends z.ZodType, I extends z.ZodObject = typeof noInput>(
  definition: Definition<I, O> & (Query<I> | Handle<I, O>),
): Endpoint {
  // A provider may add what it likes to the address of its hook: refusing that would lose the event.
  const declared = definition.input ?? noInput;
  const input = definition.who.includes('signed') ? declared.strip() : declared.strict();
  const contract: Contract = {
    method: definition.method,
    path: definition.path,
    summary: definition.summary,
    description: definition.description,
    who: definition.who,
    permission: definition.permission,
    role: definition.permission && permissions[definition.permission],
    scope: definition.who.includes('key') ? scopeNamed(definition.permission) : undefined,
    self: definition.self,
    instead: definition.instead,
    limit:
      definition.limit ?? (definition.who.some((who) => who === 'user' || who === 'key') ? 'api' : 'none'),
    limitBy: definition.limitBy,
    input,
    inQuery: definition.inQuery ?? [],
    output: definition.output,
    envelope: definition.envelope ?? 'data',
    status: definition.status ?? 200,
    errors: definition.errors ?? [],
    body: definition.body ?? 'json',
    maxBodyBytes:
      definition.maxBodyBytes ?? (definition.body === 'raw' ? platformBodyBytes : standardBodyBytes),
    maxKeys: definition.maxKeys ?? standardMaxKeys,
    takesIdempotencyKey: definition.method !== 'GET' && !definition.who.includes('signed'),
    takesBody:
      definition.method !== 'GET' && (definition.method !== 'DELETE' || definition.body !== undefined),
    produces: definition.produces ?? 'application/json',
    isStatic: definition.isStatic ?? false,
  };
  const pattern = pathPattern(contract.path);
  const route = `${contract.method} ${contract.path}`;

  async function answer(asked: Asked): Promise<Reply> {
    const { incoming, waitUntil, ip } = asked;
    const now = new Date();
    if (incoming.method !== contract.method) {
      throw new AppError('METHOD_NOT_ALLOWED', { headers: { allow: contract.method } });
    }
    const params = pattern.match(incoming.url.pathname);
    if (!params) throw new AppError('NOT_FOUND');
    const caller = await callerOf(asked, now);
    asked.caller = caller;
    try {
      return await answerTo(caller, params, now, asked);
    } catch (error) {
      auditRefusedKey(caller, error, ip, waitUntil);
      throw error;
    }
  }

  /**
   * Who calls, after the doors that are shut without any work: to senders of wrong signatures, to addresses that are refused
   * too much. Those who prove who they are pass the second: an office shares one address.
   */
  async function callerOf({ incoming: { headers }, ip }: Asked, now: Date): Promise<Caller> {
    const requireOpenDoor = () => {
      if (!isOperator(headers)) requireNotRefused(refusedLimit(ip), now.getTime());
    };
    if (contract.who.includes('signed')) await requireMaySign(ip, now.getTime());
    else if (contract.who.includes('public')) requireOpenDoor();
    return await authenticate(headers, contract.who, now, requireOpenDoor);
  }

  async function answerTo(
    caller: Caller,
    params: Record<string, string>,
    now: Date,
    { incoming, waitUntil, ip, requestId, limits }: Asked,
  ): Promise<Reply> {
    if (contract.limitBy === undefined) {
      limits.asks = limitsFor(contract.limit, caller, ip);
      requireNotRefused(limits.asks, now.getTime());
    }
    const body = contract.takesBody
      ? await readBody(incoming, contract.body, Math.min(contract.maxBodyBytes, env().MAX_BODY_BYTES))
      : Buffer.alloc(0);
    const given = mergeInput(
      params,
      parseQuery(incoming.url.searchParams),
      body.length > 0 && contract.body === 'json' ? parseJsonBody(body, contract.maxKeys) : undefined,
    );
    const value = validate(input, given) as z.output<I>; // the same schema, made strict
    const runAs = runAsOf(caller, isAboutSelf(contract, caller, params) ? {} : contract, ip);
    if (contract.limitBy !== undefined)
      limits.asks = limitsFor(contract.limit, caller, ip, accountOf(contract, value));
    if ('query' in definition) {
      const read = definition.query({ input: value, caller, ip, now });
      return jsonReply(contract.status, await runRead(runAs, read, contract, limits));
    }
    const handled = async (withCommit?: LastStatement): Promise<Reply> => {
      const ctx = makeContext({
        requestId,
        caller,
        runAs,
        ip,
        headers: incoming.headers,
        rawBody: body,
        withCommit,
        waitUntil: waitUntil ?? (() => {}),
      });
      const result = await definition.handle({ ctx, input: value });
      if (result instanceof RawReply) return result.reply;
      return jsonReply(contract.status, { body: enveloped(contract, contract.output.parse(result)) });
    };
    await admit(caller, runAs, limits);
    const { pathname, search } = incoming.url;
    const request = contract.takesIdempotencyKey
      ? idempotentRequestOf(incoming.headers, caller, ip, route, `${pathname}${search}`, body)
      : undefined;
    return request ? await onlyOnce(request, handled, requestId) : await handled();
  }

  async function respond(incoming: Incoming, platform: Platform = {}): Promise<Reply> {
    const started = performance.now();
    const requestId = requestIdOf(incoming.headers);
    const limits = limitsOn([]);
    const ip = plainAddress(platform.ip);
    const waitUntil = platform.waitUntil?.bind(platform);
    const asked: Asked = { incoming, waitUntil, ip, requestId, limits, caller: undefined };
    let reply: Reply;
    let failure: unknown;
    try {
      reply = await answer(asked);
    } catch (error) {
      const { headers } = incoming;
      failure = await countRefusal(pointing(error, contract), { headers, ip, caller: asked.caller, limits });
      reply = failureReply(failure, requestId);
    }
    reply.headers = {
      ...commonHeaders(incoming.headers, requestId),
      ...(limits.state ? limitHeaders(limits.state) : {}),
      ...reply.headers,
    };
    const seconds = (performance.now() - started) / 1000;
    countRequest(contract.method, contract.path, reply.status, seconds);
    logRequest(contract, reply.status, seconds, requestId, failure);
    return reply;
  }

  return { contract, ...platforms(respond) };
}

const scopeNamed = (permission: Permission | undefined): Scope | undefined =>
  scopes.find((scope) => scope === permission);

const isAboutSelf = (contract: Contract, caller: Caller, params: Record<string, string>): boolean =>
  contract.self !== undefined && caller.kind === 'user' && params[contract.self] === caller.userId;

function accountOf({ limitBy }: Contract, value: Record<string, unknown>): string | undefined {
  const account = limitBy === undefined ? undefined : value[limitBy];
  return typeof account === 'string' ? account.normalize('NFC').toLowerCase() : undefined;
}

/** Counts the request, and lets the database confirm a person or key, before a handler does anything at all. */
async function admit(caller: Caller, runAs: RunAs, limits: Limits): Promise<void> {
  if (caller.kind === 'user' || caller.kind === 'key') await readTogether(runAs, [], limits);
  else await takeLimits(limits);
}

/** The same request again has no second effect. With an Idempotency-Key, a failure is an answer like another. */
async function onlyOnce(
  request: IdempotentRequest,
  handled: (withCommit: LastStatement) => Promise<Reply>,
  requestId: string,
): Promise<Reply> {
  const attempt = await beginIdempotent(request);
  if ('status' in attempt) return attempt;
  let reply: Reply;
  try {
    reply = await handled(attempt.mark);
  } catch (error) {
    if (!(error instanceof AppError))
      log().error(
        { route: request.route, requestId, err: error },
        'a request with an Idempotency-Key failed',
      );
    reply = failureReply(error, requestId);
  }
  await attempt.end(reply);
  return reply;
}

async function runRead(
  runAs: RunAs,
  read: Read,
  contract: Contract,
  limits: Limits,
): Promise<{ body: string; headers?: Record<string, string> }> {
  const reply = read.reply(
    read.inOne ? [await readInOne(read.inOne, limits)] : await readTogether(runAs, read.statements, limits),
  );
  // Postgres made the text from the contract's own fields; everywhere but in production it is held against the schema.
  if (!env().isProduction) bodySchema(contract).parse(JSON.parse(reply.body));
  return reply;
}

function enveloped(contract: Contract, data: unknown): string {
  return JSON.stringify(contract.envelope === 'none' ? data : { success: true, data });
}

const bodySchemas = new WeakMap<Contract, z.ZodType>();

/** The schema of a successful body, envelope and all. */
export function bodySchema(contract: Contract): z.ZodType {
  let schema = bodySchemas.get(contract);
  if (!schema) {
    const { output, envelope } = contract;
    schema =
      envelope === 'none'
        ? output
        : envelope === 'page'
          ? z.strictObject({ success: z.literal(true), data: z.array(output), pagination: Pagination })
          : z.strictObject({ success: z.literal(true), data: output, message: z.string().optional() });
    bodySchemas.set(contract, schema);
  }
  return schema;
}

function logRequest(
  contract: Contract,
  status: number,
  seconds: number,
  requestId: string,
  failure: unknown,
): void {
  const line = {
    method: contract.method,
    route: contract.path,
    status,
    ms: Math.round(seconds * 10_000) / 10,
    requestId,
  };
  if (status >= 500) log().error({ ...line, err: failure }, 'request failed');
  else if (failure instanceof AppError) {
    // The database's own words, where it was the one that refused: they may be about us.
    const cause =
      failure.cause instanceof Error && failure.status === 400 ? { cause: failure.cause.message } : {};
    log().info({ ...line, code: failure.code, ...cause }, 'request refused');
  } else log().info(line, 'request');
}
