// Apart from the sections' schemas, which the sender of notifications has no use for.

export const categories = [
  'orders',
  'payments',
  'invoices',
  'campaigns',
  'calls',
  'team',
  'security',
] as const;

const isOn = { email: true, sms: false, inApp: true, slack: false, teams: false };

/** What holds where nothing was set. */
export const defaults = {
  general: {
    currency: 'USD',
    dateFormat: 'YYYY-MM-DD',
    timeFormat: '24h',
    weekStartsOn: 'monday',
  },
  notifications: {
    categories: Object.fromEntries(categories.map((category) => [category, isOn])),
    quietHours: { isEnabled: false, from: '22:00', to: '07:00' },
  },
  voice: { voice: null, speed: 1, language: 'en-US' },
  ai: { model: null, temperature: 0.7, prompt: null },
  quotas: { calls: null, messages: null, voicemails: null, users: null, apiKeys: null, webhooks: null },
  display: { theme: 'system', timezoneDisplay: 'mine' },
};
