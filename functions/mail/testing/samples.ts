import type { Template, TemplateName } from '../public.ts';

const link = 'https://app.example.com/go?token=abc-DEF_123&next=%2Fhome';

/** Every template with what it could be told, by its name; the names of people are `name`. */
export const samplesFor = (name: string): { [N in TemplateName]: Extract<Template, { template: N }> } => ({
  'verify-email': { template: 'verify-email', data: { name, link, hours: 24 } },
  'reset-password': { template: 'reset-password', data: { name, link, code: '482913', minutes: 15 } },
  invitation: { template: 'invitation', data: { name, inviterName: name, link, days: 7, role: 'agent' } },
  'password-changed': { template: 'password-changed', data: { name } },
  'new-sign-in': {
    template: 'new-sign-in',
    data: { name, device: `Firefox on ${name}`, ip: '203.0.113.9', at: new Date('2026-03-01T10:00:00Z') },
  },
  'two-factor-changed': { template: 'two-factor-changed', data: { name, isOn: true } },
  'account-locked': { template: 'account-locked', data: { name, minutes: 15 } },
  'account-deletion': { template: 'account-deletion', data: { name, at: '2026-04-01T10:00:00.000Z', link } },
  'export-ready': { template: 'export-ready', data: { name, link, hours: 48 } },
});
