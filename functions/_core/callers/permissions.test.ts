import { expect, test } from 'vitest';
import { discover } from '../../../scripts/generate/discover.ts';
import { scopes } from './caller.ts';
import { permissions, permissionsOf } from './permissions.ts';

test('what a person is told that they may do is what the endpoints hold them to', async () => {
  const { endpoints } = await discover();
  for (const { contract } of endpoints) {
    if (!contract.permission) continue;
    expect([contract.path, contract.role]).toEqual([contract.path, permissions[contract.permission]]);
    if (contract.who.includes('key'))
      expect([contract.path, contract.scope]).toEqual([contract.path, contract.permission]);
  }
});

test('whoever may do more may do all that others may', () => {
  expect(permissionsOf('viewer')).toContain('calls:read');
  expect(permissionsOf('viewer')).not.toContain('calls:write');
  expect(permissionsOf('owner')).not.toContain('platform:manage');
  expect(permissionsOf('viewer', true)).toContain('platform:manage');
  for (const permission of permissionsOf('agent')) expect(permissionsOf('manager')).toContain(permission);
  for (const scope of scopes) expect(permissions).toHaveProperty([scope]);
});
