import { expect, test } from 'vitest';
import { discover } from '../scripts/generate/discover.ts';
import { follow, sourceOf } from '../scripts/generate/reach.ts';

/**
 * All that a person, a key or the public can have done past the policies, outside of `_core`: the file beneath `functions/`,
 * the roles that it takes on, and why the policies cannot serve it. A line is a promise that the file itself asks whose rows
 * they are. Take a line away when the file writes as its caller (`ctx.db`); add one only where no grant, policy or door can
 * do the same.
 */
const past: Record<string, [roles: string, why: string]> = {
  // Nobody has been let in yet.
  'identity/auth/login.ts': ['auth', 'There is no caller before the password is checked.'],
  'identity/auth/register.ts': ['auth', 'There is no caller before the account is made.'],
  'identity/auth/refresh-session.ts': ['auth', 'A refresh token is checked, before there is a caller.'],
  'identity/auth/forgot-password.ts': ['auth', 'Whoever forgot a password is nobody yet.'],
  'identity/auth/reset-password.ts': [
    'auth',
    'A link or code is checked, and a password set, before there is a caller.',
  ],
  'identity/auth/verify-email.ts': ['auth', 'The link of a mail is checked, before there is a caller.'],
  'identity/auth/shared/account-email.ts': ['auth', 'Finds the account of an address that somebody wrote.'],
  'identity/auth/shared/sign-in-tries.ts': ['auth', 'Counts tries of an address, which may have no account.'],
  'identity/team/accept-invitation.ts': [
    'auth',
    'Somebody who is invited is no member before this is through.',
  ],
  'identity/team/preview-invitation.ts': ['auth', 'The link of a mail is checked, before there is a caller.'],

  // Sessions, passwords, second factors, codes: no member may read or write them, not even their own.
  'identity/auth/end-session.ts': ['auth', 'Ends a session, which no member may write.'],
  'identity/auth/logout.ts': ['auth', 'Ends the session that calls.'],
  'identity/auth/logout-all.ts': ['auth', 'Ends sessions of the caller in all their companies.'],
  'identity/auth/switch-company.ts': ['auth', 'Begins a session in another company of the caller.'],
  'identity/auth/shared/change-password.ts': ['auth', 'Reads and writes password hashes.'],
  'identity/auth/send-verification.ts': ['auth', 'Makes a token that proves an address.'],
  'identity/auth/send-phone-code.ts': ['auth', 'Makes a code that proves a number.'],
  'identity/auth/verify-phone.ts': [
    'auth',
    'Checks such a code and marks the number as proved, which no member may.',
  ],
  'identity/two-factor/set-up-two-factor.ts': ['auth', 'Stores the secret of a second factor.'],
  'identity/two-factor/verify-two-factor.ts': ['auth', 'Reads the secret of a second factor.'],
  'identity/two-factor/disable-two-factor.ts': [
    'auth',
    'Reads the password hash, and deletes a second factor.',
  ],
  'identity/two-factor/replace-backup-codes.ts': ['auth', 'Stores hashes of backup codes.'],

  // Accounts, roles and companies as a whole.
  'identity/personal-data/delete-account.ts': [
    'auth',
    'Reads the password hash, and marks the account, with its sessions, in all companies.',
  ],
  'identity/personal-data/keep-account.ts': ['auth', 'Takes that mark back, which no member may write.'],
  'identity/personal-data/get-data-export.ts': [
    'auth',
    'A person’s export is theirs in each of their companies; the policy on jobs shows those of one.',
  ],
  'identity/team/remove-member.ts': ['auth', 'Deletes a membership, with what it leaves in other tables.'],
  'identity/team/update-member-role.ts': ['auth', 'Writes a role, which no member may.'],
  'identity/users/update-user.ts': [
    'auth',
    'Changes the profile or membership of somebody else. One’s own, and an invitation, are changed as the caller.',
  ],
  'identity/users/delete-user.ts': ['auth', 'Deactivates a membership, and ends its sessions.'],
  'identity/users/get-user.ts': [
    'auth',
    'Finds for a platform admin in which company a person is. Nothing else.',
  ],
  'identity/users/shared/user-store.ts': [
    'auth',
    'Lists for platform admins what reaches over all companies.',
  ],
  'identity/companies/create-company.ts': ['auth', 'The company is not there before.'],
  'identity/companies/update-company.ts': [
    'auth',
    'Writes the company’s own row and its links: no member may, since an address list or a link shuts others out.',
  ],
  'identity/companies/delete-company.ts': ['auth', 'Marks a company as deleted, for a platform admin.'],
  'identity/companies/shared/links.ts': [
    'auth',
    'Reads which links are proved, beside the transaction that changes them.',
  ],
  'identity/settings/get-usage-quotas.ts': [
    'auth',
    'Counts all calls, messages and voicemails of the company, of which an agent may see a part.',
  ],
  'identity/settings/shared/system-status.ts': ['auth', 'Adds up the whole deployment, for platform admins.'],

  // Secrets of providers: used, never shown.
  'identity/settings/shared/proving.ts': ['pipeline', 'Reads the token of Twilio, to ask Twilio about it.'],
  'identity/provider-accounts/shared/own-accounts.ts': [
    'pipeline',
    'Reads a company’s keys, to talk to its providers.',
  ],
  'identity/provider-accounts/shared/dialpad-account.ts': ['pipeline', 'Reads and renews tokens of Dialpad.'],
  'identity/provider-accounts/shared/prove-accounts.ts': [
    'pipeline',
    'Links what a provider lists, which may be another company’s by now.',
  ],
  'integrations/dialpad-connect/start-authorization.ts': [
    'pipeline',
    'Stores a state of OAuth, which no member may read.',
  ],
  'integrations/dialpad-connect/show-consent.ts': ['pipeline', 'The state is all that says who asks.'],
  'integrations/dialpad-connect/give-consent.ts': ['pipeline', 'The state is all that says who asks.'],
  'integrations/dialpad-connect/shared/finishing.ts': [
    'pipeline',
    'Stores tokens of Dialpad, for whom the state names.',
  ],
  'integrations/dialpad-connect/get-connection-status.ts': [
    'pipeline',
    'Reads a connection, which no member may.',
  ],
  'integrations/dashboard/create-dashboard-agent.ts': [
    'pipeline',
    'Stores an agent with its link, which no member may write.',
  ],
  'integrations/dashboard/shared/agent-store.ts': [
    'pipeline',
    'Asks whether an agent is linked to another company.',
  ],
  'integrations/sync/shared/accounts.ts': ['pipeline', 'Tells whose the agents of a shared account are.'],
  'integrations/sync/shared/reconcile.ts': [
    'pipeline',
    'Stores what a provider lists, as its events would be stored.',
  ],
  'integrations/sync/shared/retell-agents.ts': ['pipeline', 'Stores the agents that a provider lists.'],
  'integrations/sync/shared/retell-sync.ts': [
    'pipeline',
    'Keeps how far a sync is, which no member may write.',
  ],

  // What goes out.
  'outgoing/events/shared/open-streams.ts': [
    'pipeline',
    'One statement asks for all streams of this process, of any company.',
  ],
  'outgoing/webhooks/shared/webhook-test.ts': [
    'pipeline',
    'What came of a test is kept, even where its caller was put out while it was sent.',
  ],
  'messaging/mail/clear-mailbox.ts': ['jobs', 'The local mailbox, outside production.'],
  'messaging/mail/shared/mailbox.ts': ['jobs', 'The local mailbox, outside production.'],

  // Health, for anybody.
  'platform/health/shared/database-check.ts': ['jobs', 'Asks for no table: whether the database answers.'],
  'platform/health/shared/login-warnings.ts': ['jobs', 'Asks what the login of the API may do.'],
  'platform/health/shared/pending-migrations.ts': ['jobs', 'Reads which migrations have run.'],
  'platform/health/shared/pipeline-state.ts': [
    'jobs',
    'Adds up the pipeline of all companies, for operators.',
  ],
};

const { endpoints } = await discover();
const reached = new Map<string, Set<string>>();
for (const { file, contract } of endpoints) {
  const isOpenToThem = contract.who.some((who) => who === 'user' || who === 'key' || who === 'public');
  if (isOpenToThem) follow(file, ['*'], reached);
}

test('what a person, a key or the public can have done past the policies stands in the list, with its roles', () => {
  const found = [...reached.keys()]
    .filter((file) => file.startsWith('functions/') && !file.startsWith('functions/_core/'))
    .map((file) => [file.slice('functions/'.length), [...sourceOf(file).roles].sort().join(', ')])
    .filter(([, roles]) => roles !== '');
  const listed = Object.entries(past).map(([file, [roles]]) => [file, roles]);
  expect(found.sort()).toEqual(listed.sort());
});

test('each says why', () => {
  for (const [file, [, why]] of Object.entries(past))
    expect([file, why]).toEqual([file, expect.stringMatching(/^\p{Lu}.+\.$/u)]);
});

test('the way to a file is found through what others pass on, and through no more', () => {
  const invite = follow('functions/identity/team/invite-member.ts', ['*']);
  expect(invite.has('functions/messaging/mail/public.ts')).toBe(true); // by way of shared/invitation-store.ts
  expect(invite.has('functions/identity/auth/shared/change-password.ts')).toBe(false); // which auth/public.ts passes on too
});
