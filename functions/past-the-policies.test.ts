import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { discover, root } from '../scripts/generate/discover.ts';
import { ownFile } from '../scripts/generate/import-graph.ts';

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
  'identity/team/get-invitation.ts': ['auth', 'The link of a mail is checked, before there is a caller.'],

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

/** A source file, as far as this test asks. */
interface Source {
  /** What it takes from other files of ours, by their names for it; '*' for all. Types are left out: they do not run. */
  imports: { file: string; names: readonly string[] }[];
  /** What it passes on of others, by the name that it gives it. */
  passesOn: { file: string; name: string; as: string }[];
  /** With which roles it goes past the policies; '?' for one that is not written out. */
  roles: Set<string>;
}

const read = new Map<string, Source>();

/** The string of a literal, '?' for anything else. */
const literal = (node: ts.Node | undefined): string =>
  node && ts.isStringLiteralLike(node) ? node.text : '?';

/** The role of `{ as: 'service', role }`, which `transaction` and `readTogether` take. */
function roleOfRunAs(node: ts.ObjectLiteralExpression): string | undefined {
  const value = (name: string) =>
    node.properties.filter(ts.isPropertyAssignment).find((each) => each.name.getText() === name)?.initializer;
  return literal(value('as')) === 'service' ? literal(value('role')) : undefined;
}

function sourceOf(file: string): Source {
  const known = read.get(file);
  if (known) return known;
  const source: Source = { imports: [], passesOn: [], roles: new Set() };
  read.set(file, source);
  const take = (specifier: ts.Node | undefined, names: readonly string[]) => {
    const target = ownFile(literal(specifier), file);
    if (target?.endsWith('.ts')) source.imports.push({ file: target, names });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
      const bound = node.importClause?.namedBindings;
      const named =
        bound && ts.isNamedImports(bound) ? bound.elements.filter((each) => !each.isTypeOnly) : undefined;
      take(node.moduleSpecifier, named?.map((each) => (each.propertyName ?? each.name).text) ?? ['*']);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.isTypeOnly) {
      const target = ownFile(literal(node.moduleSpecifier), file);
      if (!node.exportClause || !ts.isNamedExports(node.exportClause)) take(node.moduleSpecifier, ['*']);
      else if (target)
        for (const { isTypeOnly, propertyName, name } of node.exportClause.elements)
          if (!isTypeOnly)
            source.passesOn.push({ file: target, name: (propertyName ?? name).text, as: name.text });
    } else if (ts.isCallExpression(node)) {
      const { expression } = node;
      if (expression.kind === ts.SyntaxKind.ImportKeyword) take(node.arguments[0], ['*']);
      if (ts.isPropertyAccessExpression(expression) && /^(db|read)As$/.test(expression.name.text))
        source.roles.add(literal(node.arguments[0]));
    } else if (ts.isObjectLiteralExpression(node)) {
      const role = roleOfRunAs(node);
      if (role) source.roles.add(role);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(new URL(file, root), 'utf8'), ts.ScriptTarget.Latest, true));
  return source;
}

/** Adds the files that may run where names of a file are used. What a public.ts passes on is followed by its name alone. */
function follow(file: string, names: readonly string[], seen: Map<string, Set<string>>): void {
  const isFirst = !seen.has(file);
  const known = seen.get(file) ?? new Set();
  seen.set(file, known);
  const asked = names.filter((name) => !known.has(name));
  if (!isFirst && asked.length === 0) return;
  for (const name of asked) known.add(name);
  const { imports, passesOn } = sourceOf(file);
  for (const each of passesOn)
    if (asked.includes(each.as) || asked.includes('*')) follow(each.file, [each.name], seen);
  // Its own, or nothing of it at all: what it does when it is imported.
  if (asked.some((name) => !passesOn.some((each) => each.as === name)))
    for (const each of imports) follow(each.file, each.names, seen);
}

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
  const from = (file: string) => {
    const seen = new Map<string, Set<string>>();
    follow(file, ['*'], seen);
    return seen;
  };
  const invite = from('functions/identity/team/invite-member.ts');
  expect(invite.has('functions/messaging/mail/public.ts')).toBe(true); // by way of shared/invitation-store.ts
  expect(invite.has('functions/identity/auth/shared/change-password.ts')).toBe(false); // which auth/public.ts passes on too
});
