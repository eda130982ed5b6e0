import { type Role, roles, type Scope } from '#core/caller.ts';

/** The least role that may do what a scope names: for a person what scopes are for a key. */
export const leastRoles: Readonly<Record<Scope, (typeof roles)[number]>> = {
  'calls:read': 'viewer',
  'calls:write': 'agent',
  'messages:read': 'viewer',
  'messages:write': 'agent',
  'voicemails:read': 'viewer',
  'voicemails:write': 'agent',
  'agents:read': 'viewer',
  'agents:write': 'manager',
  'sync:run': 'agent',
  'provider:connect': 'admin',
};

/** All that a person with this role may do. */
export function permissionsOf(role: Exclude<Role, 'platform_admin'>): string[] {
  return Object.entries(leastRoles)
    .filter(([, least]) => roles.indexOf(role) >= roles.indexOf(least))
    .map(([permission]) => permission);
}
