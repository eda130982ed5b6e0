import type { HeaderFields } from '#core/http/incoming.ts';
import type { Update } from '#telephony/model/updates.ts';

/**
 * What the pipeline knows of a provider (Retell, Dialpad, …): how its events are verified, told apart and
 * translated. The pipeline names no provider; adding one is a folder beside this file and a line in registry.ts.
 */

/** What at a provider can be a company's. A database test holds the list against the check of `provider_links.kind`. */
export const ownerKinds = ['agent', 'organization', 'number', 'company'] as const;

/** Whose an event may be: a thing at the provider that provider_links ties to a company and perhaps an app. */
export interface Owner {
  kind: (typeof ownerKinds)[number];
  externalId: string;
}

/** What is needed to store an event before anyone processes it. */
export interface EventIdentity {
  /** The same for every repeat of this event and for nothing else. */
  dedupeKey: string;
  /** The provider's name of the event, for people: `call.hangup`, `sms`, `call_ended`. */
  type: string;
  /** Epoch milliseconds; null when the provider does not say. */
  occurredAt: number | null;
  /** Candidates in the order of preference: the first that is linked wins. */
  owners: Owner[];
}

export interface VerifiedBody {
  /** The event as JSON text, made of exactly the bytes that were signed. Perhaps not JSON: `parse` tells. */
  json: string;
  /** Index into `secrets` of the one that signed. */
  secretIndex: number;
}

export interface Provider {
  /** As in `calls.provider`. */
  readonly name: string;
  /**
   * Checks the signature over the raw bytes, in constant time. Undefined: none of the secrets made it, it is too
   * old, or there is none. Never throws, for any bytes. Hashes the body once for each secret at most, and tells
   * `countHashedBytes` of it; parses nothing before a secret fits. A provider that signs the fields of a form must parse
   * them first, and one that signs the URL hashes once for each spelling of it too: both bound the size of the body.
   */
  verify(hook: {
    /**
     * The public address that the provider sent this to: the origin of PUBLIC_URL, with the path and query of the request
     * as they were sent (Netlify tells only how the WHATWG's URL writes them). Scheme, host and port are never those of the
     * request, which a proxy or Lambda rewrites.
     */
    url: string;
    body: Buffer;
    headers: HeaderFields;
    secrets: readonly string[];
    nowMs: number;
  }): VerifiedBody | undefined;
  /**
   * Ids at the provider that the bytes seem to name, unverified, found in one bounded scan without parsing: they only
   * choose which secrets are tried where there are too many to try them all.
   */
  hintsOf?(body: Buffer): string[];
  /** The event as a value, where plain JSON.parse would lose something. Throws for what is not JSON. */
  parse?(json: string): unknown;
  /** Undefined: the body was signed but is nothing that this provider's translator knows. Never throws. */
  identify(event: unknown, json: string): EventIdentity | undefined;
  /** Pure. Throws only when the event cannot be what `identify` took it for; that event then fails, alone. */
  translate(event: unknown): Update[];
}
