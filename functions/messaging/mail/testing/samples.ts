import type { Template, TemplateName } from '../public.ts';

const link = 'https://app.example.com/go?token=abc-DEF_123&next=%2Fhome';
const at = '2026-03-01T10:00:00.000Z';
const timezone = 'Europe/Berlin';
const failing = { url: 'https://hooks.example.com/trunkline?x=1', reason: 'The receiver answered 503.' };

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
  'order-confirmation': {
    template: 'order-confirmation',
    data: {
      ...{ name, orderNumber: `A-1042 ${name}`, total: { amount: 5480, currency: 'EUR' }, link },
      items: [
        { name: `Headset of ${name}`, quantity: 2, price: { amount: 4990, currency: 'EUR' } },
        { name: 'Ear pads', quantity: 1 },
      ],
    },
  },
  'payment-received': {
    template: 'payment-received',
    data: { name, amount: { amount: 5480, currency: 'EUR' }, reference: `R-7 ${name}`, at, timezone, link },
  },
  'payment-failed': {
    template: 'payment-failed',
    data: {
      ...{ name, amount: { amount: 5480, currency: 'EUR' }, reference: `R-7 ${name}` },
      ...{ reason: 'The card has expired.', link },
    },
  },
  invoice: {
    template: 'invoice',
    data: {
      ...{ name, invoiceNumber: `2026-0042 ${name}`, amount: { amount: 5480, currency: 'EUR' } },
      ...{ dueOn: '2026-03-31', link },
    },
  },
  'campaign-status': {
    template: 'campaign-status',
    data: {
      name,
      campaign: `Spring ${name}`,
      status: 'completed',
      progress: { done: 120, total: 125 },
      link,
    },
  },
  appointment: {
    template: 'appointment',
    data: {
      ...{ name, status: 'created', title: `First talk with ${name}`, at, timezone },
      ...{ place: `Room 4, ${name}`, link },
    },
  },
  'missed-call': {
    template: 'missed-call',
    data: { name, from: `+14155550101 ${name}`, at, timezone, link },
  },
  voicemail: {
    template: 'voicemail',
    data: { name, from: `+14155550101 ${name}`, seconds: 65, at, timezone, link },
  },
  'webhook-failing': { template: 'webhook-failing', data: { name, ...failing, link } },
  'webhook-disabled': { template: 'webhook-disabled', data: { name, ...failing, link } },
});
