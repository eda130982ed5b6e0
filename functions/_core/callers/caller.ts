import type { AccessClaims } from './tokens.ts';

export const roles = ['viewer', 'agent', 'manager', 'admin', 'owner'] as const;
export type Role = (typeof roles)[number] | 'platform_admin';

/** Everything a key can be allowed to do. '*' is all of it. */
export const scopes = [
  'calls:read',
  'calls:write',
  'messages:read',
  'messages:write',
  'voicemails:read',
  'voicemails:write',
  'agents:read',
  'agents:write',
  'events:read',
  'webhooks:read',
  'webhooks:write',
  'sync:run',
  'provider:connect',
] as const;
export type Scope = (typeof scopes)[number];

/** Who is calling. What is still true of them is asked of the database, in the round trip of the first query. */
export type Caller =
  | { kind: 'nobody' }
  | { kind: 'internal' }
  | { kind: 'user'; userId: string; companyId: string; claims: AccessClaims }
  | {
      kind: 'key';
      keyId: string;
      companyId: string;
      appId: string | null;
      /** Whose key it is, where it is a person's. */
      userId: string | null;
      hash: Buffer;
    }
  | { kind: 'service-key'; companyId: string };

/** Tells callers apart: a person's id, a key's, else their kind. */
export const callerIdOf = (caller: Caller): string =>
  caller.kind === 'user' ? caller.userId : caller.kind === 'key' ? caller.keyId : caller.kind;

/** Who is counted as one, however many keys they have: a person, else an app, else a company. Nothing for anybody else. */
export function countedAs(caller: Caller): string | undefined {
  switch (caller.kind) {
    case 'user':
      return `user:${caller.userId}`;
    case 'key':
      if (caller.userId !== null) return `user:${caller.userId}`;
      return caller.appId === null ? `company:${caller.companyId}` : `app:${caller.appId}`;
    case 'service-key':
      return `company:${caller.companyId}`;
    default:
      return undefined;
  }
}
