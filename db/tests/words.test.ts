import { describe, expect, test } from 'vitest';
import { roles } from '#core/callers/caller.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { jobQueues } from '#core/work/queue.ts';
import { actorTypes } from '#identity/audit/shared/actors.ts';
import { attemptOutcomes } from '#identity/auth/shared/sign-in-tries.ts';
import { integrationNames } from '#identity/provider-accounts/shared/integration-store.ts';
import { linkProofs } from '#integrations/apps/shared/app.ts';
import { keyActions } from '#integrations/apps/shared/key-actions.ts';
import { eventStatuses } from '#integrations/internal-events/shared/event.ts';
import { syncStatuses, syncTriggers } from '#integrations/sync/shared/retell-sync.ts';
import { channels, sendStatuses } from '#outgoing/notifications/shared/kinds.ts';
import { deliveryStatuses } from '#outgoing/webhooks/shared/webhook-deliveries.ts';
import { jobStatuses } from '#platform/jobs/shared/run-jobs.ts';
import { ownerKinds } from '#providers/provider.ts';
import { callStatuses } from '#telephony/model/status.ts';
import { agentKinds, agentStatuses, directions, messageStatuses } from '#telephony/model/words.ts';
import type { Asker } from './catalogue.ts';

/** Each check of words, and the list of the code that says the same. */
const lists: Record<string, readonly string[]> = {
  'agents.agents_kind_check': agentKinds,
  'agents.agents_status_check': agentStatuses,
  'api_key_audit.api_key_audit_action_check': keyActions,
  'audit_logs.audit_logs_actor_type_check': actorTypes,
  'calls.calls_direction_check': directions,
  'calls.calls_status_check': callStatuses,
  'company_integration_secrets.company_integration_secrets_integration_check': integrationNames,
  'inbound_events.inbound_events_status_check': eventStatuses,
  'invitations.invitations_role_check': roles,
  'jobs.jobs_queue_check': jobQueues,
  'jobs.jobs_status_check': jobStatuses,
  'login_attempts.login_attempts_outcome_check': attemptOutcomes,
  'memberships.memberships_role_check': roles,
  'messages.messages_direction_check': directions,
  'messages.messages_status_check': messageStatuses,
  'notification_sends.notification_sends_channel_check': channels,
  'notification_sends.notification_sends_status_check': sendStatuses,
  'provider_links.provider_links_kind_check': ownerKinds,
  'provider_links.provider_links_proof_check': linkProofs,
  'retell_syncs.retell_syncs_status_check': syncStatuses,
  'retell_syncs.retell_syncs_trigger_check': syncTriggers,
  'webhook_deliveries.webhook_deliveries_status_check': deliveryStatuses,
};

/** The words of each check constraint that names any, by `table.constraint`: its literals of text, sorted. */
async function wordsOf(sql: Asker): Promise<Record<string, string[]>> {
  const checks = await sql.unsafe<{ name: string; text: string }[]>(
    `select t.relname || '.' || c.conname as name, pg_get_constraintdef(c.oid) as text
     from pg_constraint c join pg_class t on t.oid = c.conrelid
     where c.contype = 'c' and c.connamespace in ('public'::regnamespace, 'private'::regnamespace) order by 1`,
  );
  const words = checks.map(({ name, text }): [string, string[]] => [
    name,
    [...text.matchAll(/'((?:[^']|'')*)'::(?:text|character varying|bpchar)/g)]
      .map(([, word = '']) => word.replaceAll("''", "'"))
      .sort(),
  ]);
  return Object.fromEntries(words.filter(([, found]) => found.length > 0));
}

const sorted = (all: Record<string, readonly string[]>) =>
  Object.fromEntries(Object.entries(all).map(([name, words]) => [name, [...words].sort()]));

describe('the checks of words in the database', () => {
  test('say what the lists of the code say, each of them', async () => {
    expect(await wordsOf(adminSql())).toEqual(sorted(lists));
  });

  test.each([
    ['a new one', "add constraint jobs_kind_check check (kind in ('send-email', 'export-data')) not valid"],
    [
      'one more word',
      "drop constraint jobs_status_check, add constraint jobs_status_check check (status in ('waiting', 'done', 'failed', 'lost'))",
    ],
    [
      'one word of its own',
      "drop constraint jobs_status_check, add constraint jobs_status_check check (status <> 'lost')",
    ],
    ['one less', 'drop constraint jobs_status_check'],
  ])('are told apart from them: %s', async (_, change) => {
    const undone = new Error('undone');
    await expect(
      adminSql().begin(async (tx) => {
        await tx.unsafe(`alter table public.jobs ${change}`);
        expect(await wordsOf(tx)).not.toEqual(sorted(lists));
        throw undone;
      }),
    ).rejects.toBe(undone);
  });
});
