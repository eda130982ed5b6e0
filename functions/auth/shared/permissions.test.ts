import { expect, test } from 'vitest';
import { discover } from '../../../scripts/generate/discover.ts';
import { leastRoles, permissionsOf } from './permissions.ts';

test('what a person is told that they may do is what the endpoints hold them to', async () => {
  const { endpoints } = await discover();
  for (const { contract } of endpoints) {
    if (!contract.scope || !contract.who.includes('user')) continue;
    expect([contract.path, contract.role ?? 'viewer']).toEqual([contract.path, leastRoles[contract.scope]]);
  }
});

test('whoever may do more may do all that others may', () => {
  expect(permissionsOf('viewer')).toEqual(['calls:read', 'messages:read', 'voicemails:read', 'agents:read']);
  expect(permissionsOf('owner')).toEqual(Object.keys(leastRoles));
  for (const permission of permissionsOf('agent')) expect(permissionsOf('manager')).toContain(permission);
});
