import { type Role, roles } from './caller.ts';

/**
 * Which role may do what: the one table. Endpoints name a permission and are held to it, `GET /api/team/permissions`
 * shows it, and a key's scopes are those of these names that a program may have.
 */
export const permissions = {
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
  'company:read': 'viewer',
  'company:write': 'admin',
  'users:read': 'manager',
  'users:write': 'admin',
  'team:read': 'agent',
  'team:write': 'admin',
  'settings:read': 'viewer',
  'settings:write': 'admin',
  'keys:write': 'agent',
  'events:read': 'viewer',
  'webhooks:read': 'admin',
  'webhooks:write': 'admin',
  'audit:read': 'admin',
  'platform:manage': 'platform_admin',
} as const satisfies Record<string, Role>;

export type Permission = keyof typeof permissions;

export const allPermissions = Object.keys(permissions) as Permission[]; // the table's own names

/** All that a person with this role may do; a platform admin all there is. */
export const permissionsOf = (role: Exclude<Role, 'platform_admin'>, isPlatformAdmin = false): Permission[] =>
  allPermissions.filter((permission) => {
    const least: Role = permissions[permission];
    return isPlatformAdmin || (least !== 'platform_admin' && roles.indexOf(role) >= roles.indexOf(least));
  });
