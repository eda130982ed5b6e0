import { describe, expect, test } from 'vitest';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as getPreferences from '../settings/get-preferences.ts';
import { auditOf } from '../settings/testing/people.ts';
import * as changePassword from './change-settings-password.ts';
import * as getMe from './get-me.ts';
import * as updateProfile from './update-settings-profile.ts';

describe('PUT /api/settings/profile', () => {
  test('changes the profile, which the preferences show', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const { status, body } = await agent.request(updateProfile, { name: 'Ada', language: 'fr' });
    expect([status, body.data.name]).toEqual([200, 'Ada']);
    expect((await agent.request(getPreferences)).body.data.language).toBe('fr');
    expect((await agent.request(updateProfile, { role: 'owner' })).status).toBe(400);
    expect((await auditOf(acme)).actions).toEqual(['profile.updated']);
  });
});

describe('PUT /api/settings/password', () => {
  test('wants the current password, and keeps this session', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const [currentPassword, newPassword] = ['the old quiet harbour', 'the new loud mountain'];
    const hash = await hashPassword(currentPassword);
    await adminSql()`update users set password_hash = ${hash} where id = ${agent.id}`;
    const wrong = await agent.request(changePassword, {
      currentPassword: 'another quiet harbour',
      newPassword,
    });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'WRONG_PASSWORD']);
    const { status, text } = await agent.request(changePassword, { currentPassword, newPassword });
    expect(status).toBe(200);
    expect((await agent.request(getMe)).status).toBe(200);
    const audited = await auditOf(acme);
    expect(audited.actions).toEqual(['password.changed']);
    for (const secret of [currentPassword, newPassword]) {
      expect(text).not.toContain(secret);
      expect(audited.text).not.toContain(secret);
    }
  });
});
