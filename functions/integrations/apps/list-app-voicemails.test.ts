import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import * as listVoicemails from '#telephony/voicemails/list-voicemails.ts';
import * as deleteAppVoicemail from './delete-app-voicemail.ts';
import * as getAppVoicemail from './get-app-voicemail.ts';
import * as listAppVoicemails from './list-app-voicemails.ts';

async function hasVoicemail(company: TestCompany, appId: string, receivedAt: string): Promise<string> {
  const [row] = await adminSql()`insert into voicemails (company_id, app_id, provider, provider_voicemail_id,
      provider_call_id, from_number, to_number, duration_ms, recording_url, received_at, state_rank, state_at)
    values (${company.id}, ${appId}, 'dialpad', ${randomUUID()}, '1', '+14155550101', '+14155550199', 21500,
      'https://dialpad.com/blob/secret.mp3', ${receivedAt}, 1, now()) returning id`;
  return row?.id;
}

describe('voicemails of an app', () => {
  test('are listed newest first as the CTI server had them, without the provider’s address', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    const other = await acme.app();
    const first = await hasVoicemail(acme, app.appId, '2026-03-01T10:00:00Z');
    const second = await hasVoicemail(acme, app.appId, '2026-03-01T11:00:00Z');
    await hasVoicemail(acme, other.appId, '2026-03-01T12:00:00Z');
    const { body, text } = await internal(listAppVoicemails, { app_id: app.appId });
    expect(body.data.map((voicemail: { id: string }) => voicemail.id)).toEqual([second, first]);
    expect(body.data[0]).toMatchObject({
      app_id: app.appId,
      from_number: '+14155550101',
      duration_ms: 21_500,
      duration_seconds: 21.5,
      has_recording: true,
      received_at: '2026-03-01T11:00:00.000Z',
    });
    expect(text).not.toContain('secret.mp3');
    const one = await internal(getAppVoicemail, { app_id: app.appId, id: first });
    expect(one.body.data).toEqual(body.data[1]);
  });

  test('are gone everywhere once deleted', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    const id = await hasVoicemail(acme, app.appId, '2026-03-01T10:00:00Z');
    const input = { app_id: app.appId, id };
    const deleted = await internal(deleteAppVoicemail, input);
    expect(deleted.body.data).toMatchObject({ id, deleted_at: expect.any(String) });
    expect((await internal(deleteAppVoicemail, input)).status).toBe(404);
    const entries =
      await adminSql()`select action, actor_type from audit_logs where resource_id = ${input.id}`;
    expect(entries).toEqual([{ action: 'voicemail.deleted', actor_type: 'internal' }]);
    expect((await internal(getAppVoicemail, input)).status).toBe(404);
    expect((await internal(listAppVoicemails, { app_id: app.appId })).body.data).toEqual([]);
    expect((await app.request(listVoicemails)).body.data).toEqual([]);
  });

  test('of another app are 404, as is an app that is not there', async () => {
    const acme = await aCompany();
    const [app, other] = [await acme.app(), await acme.app()];
    const id = await hasVoicemail(acme, other.appId, '2026-03-01T10:00:00Z');
    expect((await internal(getAppVoicemail, { app_id: app.appId, id })).status).toBe(404);
    expect((await internal(deleteAppVoicemail, { app_id: app.appId, id })).status).toBe(404);
    expect((await internal(listAppVoicemails, { app_id: randomUUID() })).status).toBe(404);
    expect((await internal(getAppVoicemail, { app_id: other.appId, id })).status).toBe(200);
  });
});
