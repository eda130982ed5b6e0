/** CloudFormation stacks hold 500 resources and an HTTP function costs five, so the features are spread over several. */
export const stackNames = ['platform', 'identity', 'telephony', 'outgoing', 'crm', 'commerce'] as const;
export type StackName = (typeof stackNames)[number];

const featuresOf: Record<Exclude<StackName, 'platform'>, readonly string[]> = {
  identity: [
    'account-pages',
    'audit',
    'auth',
    'companies',
    'mail',
    'personal-data',
    'settings',
    'team',
    'two-factor',
    'users',
  ],
  telephony: [
    'agents',
    'calls',
    'campaigns',
    'dashboard',
    'ivr',
    'messages',
    'queue',
    'realtime',
    'voicemails',
  ],
  outgoing: ['events', 'notifications', 'webhooks'],
  crm: ['analytics', 'bulk', 'calendar', 'contacts', 'customers', 'knowledge-base', 'search'],
  commerce: ['export', 'invoices', 'orders', 'payments', 'products'],
};

/** Where a feature is deployed on AWS: 'platform' unless it is listed elsewhere. */
export function stackOf(feature: string): StackName {
  const found = stackNames.find((stack) => stack !== 'platform' && featuresOf[stack].includes(feature));
  return found ?? 'platform';
}
