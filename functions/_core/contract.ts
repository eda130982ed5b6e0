import * as z from 'zod';
import type { Who } from './callers/auth.ts';
import { type Role, type Scope, scopes } from './callers/caller.ts';
import type { LimitClass } from './callers/limits.ts';
import { type Permission, permissions } from './callers/permissions.ts';
import { Pagination } from './database/page.ts';
import type { ErrorCode } from './errors.ts';
import { standardMaxKeys } from './http/input.ts';

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
  /** Path, query and body in one flat object, strict but for what is signed; fields of the path by its names, the rest by `method`. */
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
  /**
   * 'raw': the handler gets the bytes (a signature is over them), and `input` holds path and query only. 'upload': the handler
   * gets files (`ctx.files`), and `input` the fields that come with them, of a form or of a JSON body.
   */
  body: 'json' | 'raw' | 'upload';
  /** The media types that an upload may have. */
  accepts: readonly UploadType[];
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
  /**
   * A page that people come to by a link: parameters that it does not know are ignored, since mail programs and click
   * trackers add theirs (`utm_source`, `fbclid`), and a browser is told what failed by a page.
   */
  isPage: boolean;
  /** A static host, where the deployment has one, serves this from dist/public instead. */
  isStatic: boolean;
}

/** A form with files, or one body: a file by itself, or the fields of a file that is elsewhere. */
export const uploadTypes = ['multipart/form-data', 'text/csv', 'application/json'] as const;
export type UploadType = (typeof uploadTypes)[number];

/** What an endpoint says of itself; the rest of its contract follows. */
export interface Definition<I extends z.ZodObject, O extends z.ZodType> {
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
  accepts?: Contract['accepts'];
  maxBodyBytes?: number;
  maxKeys?: number;
  produces?: string;
  isPage?: boolean;
  isStatic?: boolean;
}

export const noInput = z.object({});

/** What a JSON endpoint takes that says no more: a page of settings is a tenth of it. */
const standardBodyBytes = 65_536;
/** What Lambda carries in one request, and so Netlify: 6 MB, base64 included where the body is not text. */
const platformBodyBytes = 6_291_456;

/** The contract, with what follows from the definition; `I` is its input. */
export function contractOf<I extends z.ZodObject, O extends z.ZodType>(
  definition: Definition<I, O>,
): Contract {
  // A provider may add what it likes to the address of its hook: refusing that would lose the event.
  const declared = definition.input ?? noInput;
  const input = definition.who.includes('signed') ? declared.strip() : declared.strict();
  return {
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
    accepts: definition.body === 'upload' ? (definition.accepts ?? uploadTypes) : [],
    maxBodyBytes:
      definition.maxBodyBytes ??
      (definition.body === undefined || definition.body === 'json' ? standardBodyBytes : platformBodyBytes),
    maxKeys: definition.maxKeys ?? standardMaxKeys,
    takesIdempotencyKey: definition.method !== 'GET' && !definition.who.includes('signed'),
    takesBody:
      definition.method !== 'GET' && (definition.method !== 'DELETE' || definition.body !== undefined),
    produces: definition.produces ?? 'application/json',
    isPage: definition.isPage ?? false,
    isStatic: definition.isStatic ?? false,
  };
}

const scopeNamed = (permission: Permission | undefined): Scope | undefined =>
  scopes.find((scope) => scope === permission);

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
