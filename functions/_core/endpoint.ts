import type * as z from 'zod';
import { authenticate } from './callers/auth.ts';
import type { Caller } from './callers/caller.ts';
import { isOperator } from './callers/credentials.ts';
import {
  counted,
  type LimitAsk,
  type LimitState,
  limitHeaders,
  limitsFor,
  refusedLimit,
  requireNotRefused,
  uncounted,
} from './callers/limits.ts';
import { countRefusal } from './callers/refusals.ts';
import { auditRefusedKey } from './callers/refused-key.ts';
import { requireMaySign } from './callers/signers.ts';
import { type Context, makeContext } from './context.ts';
import {
  bodySchema,
  type Contract,
  contractOf,
  type Definition,
  type Method,
  type noInput,
} from './contract.ts';
import type { Read } from './database/page.ts';
import { type CountedRows, readCounted, readInOne, takeLimits } from './database/read-together.ts';
import { type RunAs, runAsOf } from './database/run-as.ts';
import type { LastStatement, Row } from './database/statement.ts';
import { env } from './env.ts';
import { AppError } from './errors.ts';
import { plainAddress } from './http/address.ts';
import { failurePage, failureReply, jsonReply } from './http/answers.ts';
import { commonHeaders, requestIdOf } from './http/headers.ts';
import { beginIdempotent, type IdempotentRequest, idempotentRequestOf } from './http/idempotency.ts';
import { type HeaderFields, type Incoming, mediaTypeOf, type Platform, readBody } from './http/incoming.ts';
import { mergeInput, parseJsonBody, parseQuery, validate } from './http/input.ts';
import { pathPattern } from './http/path.ts';
import { wantsPage } from './http/plain-page.ts';
import { type Platforms, platforms } from './http/platforms.ts';
import { RawReply, type Reply } from './http/reply.ts';
import { logRequest } from './http/request-log.ts';
import { parseForm, type Upload, wholeBody } from './http/upload.ts';
import { log } from './log.ts';
import { countRequest } from './metrics.ts';

export { bodySchema, type Contract } from './contract.ts';

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
  if (!(error instanceof AppError) || error.code !== 'FORBIDDEN') return error;
  const ways = [wayOut(error.message), instead].filter((way) => way !== undefined);
  if (ways.length === 0) return error;
  return new AppError('FORBIDDEN', { message: [error.message, ...ways].join(' '), cause: error });
}

/** What to do about a refusal of the database's, in its words (private.enter_key, private.check_member). */
function wayOut(refusal: string): string | undefined {
  if (refusal.startsWith('The API key lacks the scope'))
    return 'Name it in `scopes` when you make a key: POST /api/settings/api-keys, or POST /internal/apps for an app.';
  return refusal.startsWith('The role ') ? 'Ask an admin of the company.' : undefined;
}

/** An answer, and how the tightest limit that counts its request stands. */
interface Answer {
  reply: Reply;
  limit: LimitState | undefined;
}

/** One request, on its way through. */
interface Asked {
  incoming: Incoming;
  waitUntil: Platform['waitUntil'];
  /** The caller's address in its one spelling; '' where the platform does not tell. */
  ip: string;
  requestId: string;
  /** Once it is known. */
  caller: Caller | undefined;
}

type AnyDefinition = Definition<z.ZodObject, z.ZodType> &
  (Query<z.ZodObject> | Handle<z.ZodObject, z.ZodType>);

/** What the contracts were made of. */
const definitions = new WeakMap<Contract, AnyDefinition>();

/**
 * Declares the address by which an older client knows an endpoint: the same contract, the same handler. A field of the
 * endpoint's path that the alias's path does not have is not taken, so it must be optional; one that it has is needed.
 * @param of The endpoint's module.
 */
export function alias(
  of: Pick<Endpoint, 'contract'>,
  at: { method?: Method; path: string; summary?: string },
): Endpoint {
  const original = definitions.get(of.contract);
  if (!original) throw new Error(`${of.contract.path} is no endpoint of this process.`);
  const { method = original.method, path, summary = original.summary } = at;
  const description = `The same as ${original.method} ${original.path}.`;
  const input =
    original.input && narrowed(original.input, pathPattern(original.path).names, pathPattern(path).names);
  return endpoint({ ...original, method, path, summary, description, ...(input ? { input } : {}) });
}

/** The input of an alias, by the fields of the paths. */
function narrowed(input: z.ZodObject, before: readonly string[], now: readonly string[]): z.ZodObject {
  // zod wants the names in the mask's type, which are known only here.
  const maskOf = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, true])) as unknown as never;
  const gone = before.filter((name) => !now.includes(name));
  const fixed = now.filter((name) => input.shape[name]?.safeParse(undefined).success);
  const rest = gone.length > 0 ? (input.omit(maskOf(gone)) as unknown as z.ZodObject) : input;
  return fixed.length > 0 ? (rest.required(maskOf(fixed)) as unknown as z.ZodObject) : rest;
}

/**
 * Declares an endpoint. Importing the file that does so has no effect: no environment is read, no connection opened.
 */
export function endpoint<O extends z.ZodType, I extends z.ZodObject = typeof noInput>(
  definition: Definition<I, O> & (Query<I> | Handle<I, O>),
): Endpoint {
  const contract = contractOf(definition);
  definitions.set(contract, definition as unknown as AnyDefinition); // its own input is what it is given
  const pattern = pathPattern(contract.path);
  const route = `${contract.method} ${contract.path}`;

  async function answer(asked: Asked): Promise<Answer> {
    const { incoming, waitUntil, ip } = asked;
    const now = new Date();
    if (incoming.method !== contract.method) {
      throw new AppError('METHOD_NOT_ALLOWED', {
        message: `This path does not take ${incoming.method}, but ${contract.method}.`,
        headers: { allow: contract.method },
      });
    }
    const params = pattern.match(incoming.url.pathname);
    if (!params) throw new AppError('NOT_FOUND');
    const caller = await callerOf(asked, now);
    asked.caller = caller;
    try {
      return await answerTo(caller, params, now, asked);
    } catch (error) {
      auditRefusedKey(caller, uncounted(error).error, ip, waitUntil);
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
    { incoming, waitUntil, ip, requestId }: Asked,
  ): Promise<Answer> {
    // Where a field of the body says whose it counts, it is asked once the body is read.
    const early = contract.limitBy === undefined ? limitsFor(contract.limit, caller, ip) : undefined;
    if (early) requireNotRefused(early, now.getTime());
    const body = contract.takesBody
      ? await readBody(incoming, contract, Math.min(contract.maxBodyBytes, env().MAX_BODY_BYTES))
      : Buffer.alloc(0);
    const upload = uploadOf(contract, incoming.headers, body);
    const isJson = contract.body === 'json' || (contract.body === 'upload' && !upload);
    const given = mergeInput(
      params,
      parseQuery(heeded(contract, incoming.url.searchParams)),
      body.length > 0 && isJson ? parseJsonBody(body, contract.maxKeys) : upload?.fields,
    );
    const value = validate(contract.input, given) as z.output<I>; // the same schema, made strict
    const runAs = runAsOf(caller, isAboutSelf(contract, caller, params) ? {} : contract, ip);
    const asks = early ?? limitsFor(contract.limit, caller, ip, accountOf(contract, value));
    if ('query' in definition) {
      const read = definition.query({ input: value, caller, ip, now });
      const { text, limit } = await runRead(runAs, read, contract, asks);
      return { reply: jsonReply(contract.status, text), limit };
    }
    const handled = async (idempotencyMark?: LastStatement): Promise<Reply> => {
      const ctx = makeContext({
        requestId,
        caller,
        runAs,
        ip,
        headers: incoming.headers,
        target: incoming.target ?? `${incoming.url.pathname}${incoming.url.search}`,
        rawBody: body,
        files: upload?.files ?? [],
        idempotencyMark,
        waitUntil: waitUntil ?? (() => {}),
      });
      const result = await definition.handle({ ctx, input: value });
      if (result instanceof RawReply) return result.reply;
      return jsonReply(contract.status, { body: enveloped(contract, contract.output.parse(result)) });
    };
    const limit = await admit(caller, runAs, asks);
    try {
      const { pathname, search } = incoming.url;
      const request = contract.takesIdempotencyKey
        ? idempotentRequestOf(
            incoming.headers,
            caller,
            ip,
            route,
            `${pathname}${search}`,
            upload?.identity ?? [body],
          )
        : undefined;
      return { reply: request ? await onlyOnce(request, handled, requestId) : await handled(), limit };
    } catch (error) {
      throw counted(error, limit);
    }
  }

  async function respond(incoming: Incoming, platform: Platform = {}): Promise<Reply> {
    const started = performance.now();
    const requestId = requestIdOf(incoming.headers);
    const ip = plainAddress(platform.ip);
    const waitUntil = platform.waitUntil?.bind(platform);
    const asked: Asked = { incoming, waitUntil, ip, requestId, caller: undefined };
    let reply: Reply;
    let limit: LimitState | undefined;
    let failure: unknown;
    try {
      ({ reply, limit } = await answer(asked));
    } catch (error) {
      const { headers } = incoming;
      const refusal = await countRefusal(error, { headers, ip, caller: asked.caller });
      limit = refusal.limit;
      failure = pointing(refusal.error, contract);
      const asPage = contract.isPage && wantsPage(headers);
      reply = (asPage ? failurePage : failureReply)(failure, requestId);
    }
    reply.headers = {
      ...commonHeaders(incoming.headers, requestId),
      ...(limit ? limitHeaders(limit) : {}),
      ...reply.headers,
    };
    const seconds = (performance.now() - started) / 1000;
    countRequest(contract.method, contract.path, reply.status, seconds);
    logRequest(contract, reply.status, seconds, requestId, failure);
    return reply;
  }

  return { contract, ...platforms(respond) };
}

const isAboutSelf = (contract: Contract, caller: Caller, params: Record<string, string>): boolean =>
  contract.self !== undefined && caller.kind === 'user' && params[contract.self] === caller.userId;

/** The files of a body, with their fields; undefined where there are none, or the body is JSON. */
function uploadOf({ body: kind }: Contract, headers: HeaderFields, body: Buffer): Upload | undefined {
  if (kind !== 'upload' || body.length === 0) return undefined;
  const contentType = headers.get('content-type') ?? '';
  const mediaType = mediaTypeOf(contentType);
  if (mediaType === 'application/json') return undefined;
  return mediaType === 'multipart/form-data' ? parseForm(contentType, body) : wholeBody(mediaType, body);
}

/** The parameters of an address; of a page's, those that it knows. */
const heeded = ({ isPage, input }: Contract, given: URLSearchParams): URLSearchParams =>
  isPage ? new URLSearchParams([...given].filter(([name]) => Object.hasOwn(input.shape, name))) : given;

function accountOf({ limitBy }: Contract, value: Record<string, unknown>): string | undefined {
  const account = limitBy === undefined ? undefined : value[limitBy];
  return typeof account === 'string' ? account.normalize('NFC').toLowerCase() : undefined;
}

/** Counts the request, and lets the database confirm a person or key, before a handler does anything at all. */
async function admit(
  caller: Caller,
  runAs: RunAs,
  asks: readonly LimitAsk[],
): Promise<LimitState | undefined> {
  if (caller.kind !== 'user' && caller.kind !== 'key') return await takeLimits(asks);
  return (await readCounted(runAs, [], asks)).limit;
}

/** The same request again has no second effect. With an Idempotency-Key, a failure is an answer like another. */
async function onlyOnce(
  request: IdempotentRequest,
  handled: (idempotencyMark: LastStatement) => Promise<Reply>,
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
  asks: readonly LimitAsk[],
): Promise<{ text: ReturnType<Read['reply']>; limit: LimitState | undefined }> {
  const { rows, limit } = await rowsFor(read, runAs, asks);
  try {
    const text = read.reply(rows);
    // Postgres made the text from the contract's own fields; everywhere but in production it is held against the schema.
    if (!env().isProduction) bodySchema(contract).parse(JSON.parse(text.body));
    return { text, limit };
  } catch (error) {
    throw counted(error, limit); // an item that is not there
  }
}

async function rowsFor(read: Read, runAs: RunAs, asks: readonly LimitAsk[]): Promise<CountedRows<Row[][]>> {
  if (!read.inOne) return await readCounted(runAs, read.statements, asks);
  const { rows, limit } = await readInOne(read.inOne, asks);
  return { rows: [rows], limit };
}

function enveloped(contract: Contract, data: unknown): string {
  return JSON.stringify(contract.envelope === 'none' ? data : { success: true, data });
}
