import { sql } from 'drizzle-orm/sql';
import { callFunction, type Row } from '#core/db.ts';
import { log } from '#core/log.ts';
import { decryptSecret, placeOf } from '#core/secrets.ts';

/** A secret that signs an owner's hooks. */
export interface HookSecret {
  companyId: string;
  appId: string | null;
  secret: string;
  /** 'hook', or the kind of provider link that it belongs to. */
  kind: string;
  externalId: string;
}

interface Kept {
  secrets: HookSecret[];
  at: number;
}

const kept = new Map<string, Kept>();
const keptForMs = 60_000;

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
  const rows = await callFunction(sql`select * from private.hook_secrets(${provider})`);
  const secrets = rows.flatMap((row) => {
    const secret = opened(String(row.secret), provider, row);
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
  kept.set(provider, { secrets, at: nowMs });
  return secrets;
}

/** One secret that cannot be opened must not keep everyone else's hooks out. */
function opened(stored: string, provider: string, row: Row): string | undefined {
  const external_id = String(row.external_id);
  const place =
    row.kind === 'hook'
      ? placeOf('provider_hooks.secret', { app_id: String(row.app_id), provider, external_id })
      : placeOf('provider_links.secret', {
          ...{ company_id: String(row.company_id), provider, kind: String(row.kind), external_id },
        });
  try {
    return decryptSecret(stored, place);
  } catch (error) {
    log().error({ provider, err: error }, 'a stored hook secret cannot be decrypted');
    return undefined;
  }
}

/** For tests. */
export function forgetHookSecrets(): void {
  kept.clear();
}
