import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { type Role, roles } from '#core/callers/caller.ts';
import { allPermissions, permissions, permissionsOf } from '#core/callers/permissions.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { CompanyRole } from '../auth/public.ts';

const PermissionRow = z
  .object({
    name: z.string(),
    description: z.string(),
    leastRole: z.enum([...roles, 'platform_admin']),
    roles: z.record(CompanyRole, z.boolean()).describe('Which roles may.'),
  })
  .meta({ id: 'Permission' });

const Matrix = z
  .object({
    roles: z.array(CompanyRole).describe('From the least to the most.'),
    permissions: z.array(PermissionRow),
    mine: z.array(z.string()).describe('What the caller may do in this company, as of now.'),
  })
  .meta({ id: 'PermissionMatrix' });

const verbs: Record<string, string> = {
  read: 'See',
  write: 'Change',
  run: 'Run',
  connect: 'Connect',
  manage: 'Manage',
};

/** 'calls:read' is "See calls": the names say all there is to say. */
function described(name: string): string {
  const [thing = '', action = ''] = name.split(':');
  return `${verbs[action] ?? action} ${thing.replaceAll(/[-_]/g, ' ')}`;
}

const rows: z.infer<typeof PermissionRow>[] = allPermissions.map((name) => {
  const leastRole: Role = permissions[name];
  const mayRole = Object.fromEntries(roles.map((role) => [role, permissionsOf(role).includes(name)]));
  return {
    name,
    description: described(name),
    leastRole,
    roles: mayRole as Record<(typeof roles)[number], boolean>, // its keys are all the roles
  };
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/permissions',
  summary: 'List the permissions of each role, and your own',
  description: 'From the table that every endpoint is held to.',
  who: ['user'],
  permission: 'team:read',
  output: Matrix,
  query: () => ({
    statements: [
      sql`select private.caller_role() as role, private.caller_is_platform_admin() as is_platform_admin`,
    ],
    reply([found = []]) {
      const role = CompanyRole.safeParse(found[0]?.role);
      if (!role.success) throw new AppError('FORBIDDEN');
      const mine = permissionsOf(role.data, found[0]?.is_platform_admin === true);
      return {
        body: JSON.stringify({ success: true, data: { roles: [...roles], permissions: rows, mine } }),
      };
    },
  }),
});
