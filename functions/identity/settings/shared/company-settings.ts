import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { oneRow } from '#core/database/rows.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { validate } from '#core/http/input.ts';
import type { AuditEntry } from '#core/security/audit.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { callingPerson, requireProvedAddress } from '../../auth/public.ts';
import { defaults } from './defaults.ts';
import {
  hintOf,
  IntegrationsPatch,
  IntegrationsShown,
  integrationsShown,
  isSecretField,
  StoredSecret,
} from './integrations.ts';
import { changesOf, overlaid, patched, StoredTree, type Tree } from './merge.ts';
import {
  Ai,
  General,
  Notifications,
  NotificationsPatch,
  patchOf,
  Quotas,
  SoundNotifications,
  Voice,
} from './sections.ts';

const sections = { general: General, notifications: Notifications, voice: Voice, ai: Ai, quotas: Quotas };
type Section = keyof typeof sections;
const sectionNames = Object.keys(sections) as Section[]; // the object's own names

/** The settings of a company: each section whole, defaults and all. */
export const CompanySettings = z
  .strictObject({
    companyId: z.uuid(),
    companyName: z.string(),
    timezone: z.string().describe('The company’s own: PUT /api/companies/:id changes it.'),
    ...sections,
    integrations: IntegrationsShown,
    updatedAt: z.iso.datetime().nullable().describe('Null: nothing was ever set.'),
    updatedBy: z.uuid().nullable(),
  })
  .meta({ id: 'CompanySettings' });
export type CompanySettings = z.output<typeof CompanySettings>;

/** The sections that a PUT may give. */
export const companySections = {
  general: patchOf(General).meta({ id: 'GeneralSettingsPatch' }).optional(),
  notifications: NotificationsPatch.optional(),
  voice: patchOf(Voice).meta({ id: 'VoiceSettingsPatch' }).optional(),
  ai: patchOf(Ai).meta({ id: 'AiSettingsPatch' }).optional(),
  quotas: patchOf(Quotas).meta({ id: 'QuotasPatch' }).optional().describe('Only by a platform admin.'),
  integrations: IntegrationsPatch.optional(),
};
type CompanyPatch = z.output<z.ZodObject<typeof companySections>>;

const StoredSettings = z.object({
  companyId: z.uuid(),
  companyName: z.string(),
  timezone: z.string(),
  general: StoredTree,
  notifications: StoredTree,
  voice: StoredTree,
  ai: StoredTree,
  quotas: StoredTree,
  integrations: z.record(z.string(), z.record(z.string(), z.string())),
  secrets: z.array(StoredSecret),
  updatedAt: z.string().nullable(),
  updatedBy: z.uuid().nullable(),
});
type StoredSettings = z.infer<typeof StoredSettings>;

/** Selects what is stored of a company, one row with `item`; none where there is no such company. */
export const storedSettings = (companyId: SQL): SQL => sql`
  select json_build_object(
    'companyId', c.id, 'companyName', c.name, 'timezone', c.timezone,
    'general', coalesce(s.general, '{}'), 'notifications', coalesce(s.notifications, '{}'),
    'voice', coalesce(s.voice, '{}'), 'ai', coalesce(s.ai, '{}'), 'quotas', coalesce(s.quotas, '{}'),
    'integrations', coalesce(s.integrations, '{}'),
    'secrets', (select coalesce(json_agg(json_build_object('integration', i.integration, 'name', i.name,
        'hint', i.hint, 'updatedAt', ${isoTime(sql`i.updated_at`)})), '[]')
      from company_integration_secrets i where i.company_id = c.id),
    'updatedAt', ${isoTime(sql`s.updated_at`)}, 'updatedBy', s.updated_by)::text as item
  from companies c left join company_settings s on s.company_id = c.id
  where c.id = ${companyId} and c.deleted_at is null`;

/** Of the row that storedSettings selects. @throws AppError NOT_FOUND where there is none. */
export function settingsOf(row: { item?: unknown } | undefined): CompanySettings {
  return shown(parsed(row));
}

function parsed(row: { item?: unknown } | undefined): StoredSettings {
  if (typeof row?.item !== 'string') throw new AppError('NOT_FOUND');
  return StoredSettings.parse(JSON.parse(row.item));
}

function shown(stored: StoredSettings): CompanySettings {
  const { secrets, integrations, ...rest } = stored;
  const whole = Object.fromEntries(
    sectionNames.map((name) => [name, overlaid(defaults[name], stored[name])]),
  );
  return CompanySettings.parse({
    ...rest,
    ...whole,
    integrations: integrationsShown(integrations, secrets, rest.companyId),
  });
}

/** What is stored of a company, as it is shown. @throws AppError NOT_FOUND */
export async function readSettings(tx: Tx, companyId: string): Promise<CompanySettings> {
  const [row] = await rowsOf<{ item: string }>(tx, storedSettings(sql`${companyId}::uuid`));
  return settingsOf(row);
}

/**
 * Has everybody else wait who changes what is counted or set for this company. In a transaction of a person or key
 * (`ctx.db`), it is the company that they act in.
 * @throws AppError NOT_FOUND
 */
export async function lockSettings(tx: Tx, companyId: string): Promise<void> {
  if (tx.isMember) {
    const [locked] = await rowsOf<{ is: boolean }>(tx, sql`select private.lock_settings() as is`);
    if (!locked?.is) throw new AppError('NOT_FOUND');
    return;
  }
  await rowsOf(
    tx,
    sql`insert into company_settings (company_id)
      select id from companies where id = ${companyId}::uuid and deleted_at is null on conflict do nothing`,
  );
  const found = await rowsOf(
    tx,
    sql`select 1 from company_settings where company_id = ${companyId}::uuid for update`,
  );
  if (found.length === 0) throw new AppError('NOT_FOUND');
}

/**
 * Merges the given fields into a company's settings: of two at once, one waits for the other, and neither loses
 * anything. Runs in a transaction of a person (`ctx.db`) who acts in that company.
 * @throws AppError NOT_FOUND; EMAIL_NOT_VERIFIED for a secret, where the caller has not proved their e-mail address: a
 * secret decides whose events are taken in.
 * @returns the settings, and what the audit log is to be told last, where something changed.
 */
export async function changeSettings(
  tx: Tx,
  ctx: Context,
  companyId: string,
  patch: CompanyPatch,
): Promise<{ settings: CompanySettings; entry: AuditEntry | undefined }> {
  const givesNothing = Object.values(patch).every((section) => section === undefined);
  if (givesNothing) return { settings: await readSettings(tx, companyId), entry: undefined };
  await lockSettings(tx, companyId);
  const [row] = await rowsOf<{ item: string }>(tx, storedSettings(sql`${companyId}::uuid`));
  const stored = parsed(row);
  const next = { ...stored };
  for (const name of sectionNames) {
    const given = patch[name];
    if (given) next[name] = wholeAndSparse(name, patched(stored[name], given));
  }
  const { plain, secrets } = splitIntegrations(patch.integrations);
  // Strings alone: the schema of the patch lets nothing else in.
  next.integrations = patched(stored.integrations, plain) as StoredSettings['integrations'];
  const written = secretChanges(stored.secrets, secrets);
  if (written.some(({ value }) => value !== null)) await requireProvedAddress(tx, ctx);
  const changes = changesOf(asTree(stored), asTree(next));
  if (!changes && written.length === 0) return { settings: shown(stored), entry: undefined };

  const by = callingPerson(ctx).userId;
  const json = (value: object) => sql`${JSON.stringify(value)}::jsonb`;
  await oneRow(
    tx,
    sql`update company_settings set general = ${json(next.general)}, notifications = ${json(next.notifications)},
        voice = ${json(next.voice)}, ai = ${json(next.ai)}, quotas = ${json(next.quotas)},
        integrations = ${json(next.integrations)}, updated_at = clock_timestamp(), updated_by = ${by}::uuid
      where company_id = ${companyId}::uuid returning 1`,
  );
  for (const { integration, name, value } of written) {
    if (value === null) {
      await rowsOf(
        tx,
        sql`delete from company_integration_secrets where integration = ${integration} and name = ${name}`,
      );
      continue;
    }
    const place = placeOf('company_integration_secrets.secret', { company_id: companyId, integration, name });
    const secret = encryptSecret(value, place);
    // Not `excluded.secret`: to Postgres that is to read the column, which nobody may.
    await rowsOf(
      tx,
      sql`insert into company_integration_secrets (company_id, integration, name, secret, hint, updated_at, updated_by)
        values (${companyId}::uuid, ${integration}, ${name}, ${secret}, ${hintOf(value)}, clock_timestamp(), ${by}::uuid)
        on conflict (company_id, integration, name) do update set secret = ${secret}, hint = excluded.hint,
          updated_at = excluded.updated_at, updated_by = ${by}::uuid`,
    );
  }
  // Of secrets the log is told that they are set, or no longer.
  const secretsTold = (of: (change: SecretChange) => boolean): Tree => {
    const told: Record<string, Record<string, boolean>> = {};
    for (const change of written) {
      told[change.integration] = { ...told[change.integration], [change.name]: of(change) };
    }
    return written.length > 0 ? { integrations: told } : {};
  };
  return {
    settings: await readSettings(tx, companyId),
    entry: {
      companyId,
      action: 'settings.updated',
      resource: { type: 'company', id: companyId },
      before: overlaid(
        changes?.before ?? {},
        secretsTold(({ wasSet }) => wasSet),
      ),
      after: overlaid(
        changes?.after ?? {},
        secretsTold(({ value }) => value !== null),
      ),
    },
  };
}

/** What of a section is stored. @throws AppError VALIDATION_FAILED when its fields do not go together. */
function wholeAndSparse(name: Section, sparse: Tree): Tree {
  const schema = name === 'notifications' ? SoundNotifications : sections[name];
  validate(z.object({ [name]: schema }), { [name]: overlaid(defaults[name], sparse) });
  return sparse;
}

/** The sections alone: who changed them and when says the log itself. */
const asTree = ({ general, notifications, voice, ai, quotas, integrations }: StoredSettings): Tree => ({
  ...{ general, notifications, voice, ai, quotas, integrations },
});

interface GivenSecret {
  integration: string;
  name: string;
  /** Null: it is to be deleted. */
  value: string | null;
}
interface SecretChange extends GivenSecret {
  wasSet: boolean;
}

function splitIntegrations(patch: IntegrationsPatch | undefined): { plain: Tree; secrets: GivenSecret[] } {
  const plain: Record<string, Record<string, string | null>> = {};
  const secrets: GivenSecret[] = [];
  for (const [integration, fields] of Object.entries(patch ?? {})) {
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (value === undefined) continue;
      if (isSecretField(integration, name)) secrets.push({ integration, name, value });
      else plain[integration] = { ...plain[integration], [name]: value };
    }
  }
  return { plain, secrets };
}

const secretChanges = (stored: readonly StoredSecret[], given: readonly GivenSecret[]): SecretChange[] =>
  given
    .map((secret) => ({
      ...secret,
      wasSet: stored.some(
        ({ integration, name }) => integration === secret.integration && name === secret.name,
      ),
    }))
    .filter(({ value, wasSet }) => value !== null || wasSet);
