import { sql } from 'drizzle-orm/sql';
import { callFunction } from '#core/database/read-together.ts';
import type { Row } from '#core/database/statement.ts';
import { log } from '#core/log.ts';
import { decryptSecret, placeOf, type SecretPlace } from '#core/security/secrets.ts';

/** A secret that signs an owner's hooks. */
export interface HookSecret {
  companyId: string;
  appId: string | null;
  secret: string;
  /** 'hook', 'key' for one that the company has set, or the kind of provider link that it belongs to. */
  kind: string;
  externalId: string;
}

interface Kept {
  secrets: HookSecret[];
  /** Those of this list by how they are stored: what was opened once is not opened again. */
  opened: Map<string, string | undefined>;
  at: number;
}

const kept = new Map<string, Kept>();
const keptForMs = 60_000;
/** Lists that are on their way: requests that come meanwhile wait for the same one. */
const coming = new Map<string, Promise<HookSecret[]>>();

/**
 * The secrets that companies' own hooks of a provider are signed with, kept for a minute. `newerThan` (epoch ms) asks
 * for a fresher list: a signature that no kept secret made may be that of a hook which has just been created.
 */
export async function hookSecrets(
  provider: string,
  nowMs: number,
  newerThan = nowMs - keptForMs,
): Promise<HookSecret[]> {
  const known = kept.get(provider);
  if (known && known.at > newerThan) return known.secrets;
  const loading = coming.get(provider) ?? load(provider, nowMs).finally(() => coming.delete(provider));
  coming.set(provider, loading);
  return await loading;
}

async function load(provider: string, nowMs: number): Promise<HookSecret[]> {
  const before = kept.get(provider)?.opened;
  const now = new Map<string, string | undefined>();
  const rows = await callFunction(sql`select * from private.hook_secrets(${provider})`);
  const secrets = rows.flatMap((row) => {
    const stored = `${row.kind} ${row.company_id} ${row.app_id} ${row.external_id} ${row.secret}`;
    const secret = before?.has(stored) ? before.get(stored) : opened(provider, row);
    now.set(stored, secret);
    if (secret === undefined) return [];
    return [
      {
        companyId: String(row.company_id),
        appId: row.app_id === null ? null : String(row.app_id),
        secret,
        kind: String(row.kind),
        externalId: String(row.external_id),
      },
    ];
  });
  kept.set(provider, { secrets, opened: now, at: nowMs });
  return secrets;
}

/** Where a secret stands that `private.hook_secrets` gives. */
function placeIn(provider: string, { kind, company_id, app_id, external_id }: Row): SecretPlace {
  const companyId = String(company_id);
  switch (kind) {
    case 'hook':
      return placeOf('provider_hooks.secret', {
        ...{ company_id: companyId, app_id: String(app_id), provider, external_id: String(external_id) },
      });
    case 'key':
      return placeOf('company_integration_secrets.secret', {
        ...{ company_id: companyId, integration: provider, name: nameOfKey[provider] ?? '' },
      });
    default:
      return placeOf('provider_links.secret', {
        ...{ company_id: companyId, provider, kind: String(kind), external_id: String(external_id) },
      });
  }
}

/** Which of a company's settings signs its webhooks, as private.hook_secrets has it. */
const nameOfKey: Record<string, string> = { retell: 'apiKey', dialpad: 'webhookSecret' };

/** One secret that cannot be opened must not keep everyone else's hooks out. */
function opened(provider: string, row: Row): string | undefined {
  try {
    return decryptSecret(String(row.secret), placeIn(provider, row));
  } catch (error) {
    log().error({ provider, err: error }, 'a stored hook secret cannot be decrypted');
    return undefined;
  }
}

/** For tests. */
export function forgetHookSecrets(): void {
  kept.clear();
}
