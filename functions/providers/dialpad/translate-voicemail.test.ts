import { describe, expect, test } from 'vitest';
import { dialpad } from './index.ts';

const t0 = 1_763_600_000_000;

describe('a voicemail', () => {
  const link = 'https://dialpad.com/blob/voicemail/1.mp3';
  const uploaded = {
    call_id: 100,
    direction: 'inbound',
    external_number: '+14155550101',
    event_timestamp: t0 + 97_000,
    state: 'voicemail_uploaded',
    date_ended: t0 + 90_000,
    voicemail_link: link,
    voicemail_recording_id: '65',
    recording_details: [
      { id: '65', duration: 21_000, start_time: t0 + 60_000, recording_type: 'voicemail', url: link },
    ],
  };
  const voicemails = (event: object) => dialpad.translate(event).filter(({ kind }) => kind === 'voicemail');

  test('comes with its upload', () => {
    expect(voicemails(uploaded)).toMatchObject([
      {
        providerVoicemailId: '65',
        providerCallId: '100',
        fields: {
          from: '+14155550101',
          durationMs: 21_000,
          recordingUrl: link,
          receivedAt: new Date(t0 + 60_000).toISOString(),
        },
      },
    ]);
  });

  test.each([
    ['its id', uploaded, '65'],
    ['only its recording', { ...uploaded, voicemail_recording_id: null }, '65'],
    ['neither', { ...uploaded, voicemail_recording_id: null, recording_details: [] }, '100:vm'],
  ])('is the same one when its transcription comes late, with %s', (_, upload, id) => {
    const late = {
      ...upload,
      state: 'transcription',
      transcription_text: 'Call me.',
      event_timestamp: t0 + 200_000,
    };
    expect(voicemails(upload)).toMatchObject([{ providerVoicemailId: id }]);
    expect(voicemails(late)).toMatchObject([{ providerVoicemailId: id, fields: { transcript: 'Call me.' } }]);
    const [call] = dialpad.translate(late);
    expect(call).toMatchObject({ kind: 'call', providerCallId: '100' });
    expect(call?.fields).not.toHaveProperty('transcript');
  });

  test('is none while the caller still speaks', () => {
    expect(voicemails({ ...uploaded, state: 'voicemail' })).toEqual([]);
  });
});
