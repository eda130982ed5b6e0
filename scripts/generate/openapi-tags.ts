import type { EndpointModule } from './discover.ts';

interface Tag {
  name: string;
  /** What it is about, for a reader who comes to it for the first time. */
  description: string;
  /** What an `:id` of these paths is the id of. */
  noun: string;
  /** Files in the order of use; those that are not named follow, collections before what they hold. */
  order?: readonly string[];
}

interface Group {
  name: string;
  /** By the feature's folder. */
  tags: Readonly<Record<string, Tag>>;
}

/** Every feature of the document, in the order in which somebody meets them who builds on this API. */
export const tagGroups: readonly Group[] = [
  {
    name: 'Sign in',
    tags: {
      auth: {
        name: 'Authentication',
        noun: 'session',
        description:
          'People register, log in and keep their session. An access token lasts minutes; a refresh token gets the next one. Programs need none of this: they send an API key.',
        order: [
          'register',
          'login',
          'refresh-session',
          'get-me',
          'switch-company',
          'logout',
          'logout-all',
          'list-sessions',
          'end-session',
          'send-verification',
          'verify-email',
          'forgot-password',
          'reset-password',
          'change-password',
          'get-profile',
          'update-profile',
          'send-phone-code',
          'verify-phone',
        ],
      },
      'two-factor': {
        name: 'Two-factor authentication',
        noun: 'factor',
        description: 'A second factor for logging in: the codes of an authenticator app, and backup codes.',
        order: [
          'get-two-factor-status',
          'set-up-two-factor',
          'verify-two-factor',
          'replace-backup-codes',
          'disable-two-factor',
        ],
      },
    },
  },
  {
    name: 'Conversations',
    tags: {
      calls: {
        name: 'Calls',
        noun: 'call',
        description:
          'Calls of every provider in one form, live and past, with their timeline, transcript and numbers.',
        order: ['list-calls', 'get-call', 'list-call-events', 'list-active-calls', 'get-call-stats'],
      },
      messages: {
        name: 'Messages',
        noun: 'message',
        description: 'Text messages that were sent and received.',
      },
      voicemails: { name: 'Voicemails', noun: 'voicemail', description: 'Voicemails that callers left.' },
    },
  },
  {
    name: 'What happens',
    tags: {
      events: {
        name: 'Events',
        noun: 'event',
        description:
          'The log of a company’s events: in order, without a gap, for 30 days. Read it from a sequence on, or follow it as a stream.',
        order: ['list-events', 'stream-events'],
      },
      webhooks: {
        name: 'Webhooks',
        noun: 'webhook',
        description:
          'Where events are sent, and what became of each delivery. The events themselves stand below, under Webhook events.',
        order: [
          'list-webhook-events',
          'create-webhook',
          'list-webhooks',
          'get-webhook',
          'update-webhook',
          'delete-webhook',
          'test-webhook',
          'list-deliveries',
          'get-delivery',
          'retry-webhook-delivery',
          'retry-delivery',
          'replay-webhook',
          'regenerate-webhook-secret',
        ],
      },
      notifications: {
        name: 'Notifications',
        noun: 'notification',
        description: 'What people are told in the app, by mail and by SMS, and what they want to be told.',
        order: [
          'list-notifications',
          'count-unread',
          'read-notification',
          'read-all-notifications',
          'delete-notification',
          'get-preferences',
          'update-preferences',
          'list-notification-log',
        ],
      },
    },
  },
  {
    name: 'People and companies',
    tags: {
      team: {
        name: 'Team',
        noun: 'invitation',
        description: 'The members of a company, their roles, and invitations.',
        order: [
          'list-members',
          'get-team-stats',
          'list-permissions',
          'invite-member',
          'list-invitations',
          'resend-invitation',
          'delete-invitation',
          'accept-invitation',
          'update-member-role',
          'remove-member',
        ],
      },
      users: {
        name: 'Users',
        noun: 'person',
        description: 'The people of a company, with their profiles.',
        order: ['list-company-users', 'create-user', 'get-user', 'update-user', 'delete-user', 'list-users'],
      },
      companies: {
        name: 'Companies',
        noun: 'company',
        description: 'Companies and their links to accounts at the providers.',
        order: ['get-company', 'update-company', 'list-companies', 'create-company', 'delete-company'],
      },
      settings: {
        name: 'Settings',
        noun: 'API key',
        description:
          'Settings of a company and of a person, API keys, quotas, and the offer of this deployment.',
        order: [
          'get-settings',
          'update-settings',
          'get-company-settings',
          'update-company-settings',
          'get-preferences',
          'update-preferences',
          'list-api-keys',
          'create-api-key',
          'delete-api-key',
          'get-usage-quotas',
          'list-languages',
          'list-themes',
          'get-system',
          'get-system-status',
        ],
      },
      'personal-data': {
        name: 'Personal data',
        noun: 'export',
        description: 'An export of a person’s own data, and the deletion of their account.',
        order: ['request-data-export', 'get-data-export', 'delete-account', 'keep-account'],
      },
      audit: {
        name: 'Audit log',
        noun: 'entry',
        description:
          'Who changed something, when and from where: a chain of entries that shows a change to any of them.',
      },
    },
  },
  {
    name: 'Retell dashboard',
    tags: {
      dashboard: {
        name: 'Dashboard',
        noun: 'agent',
        description:
          'Retell’s agents and calls in the form that its dashboards know: snake_case, epoch milliseconds.',
        order: [
          'list-dashboard-agents',
          'get-agent-info',
          'create-dashboard-agent',
          'update-dashboard-agent',
          'delete-dashboard-agent',
          'list-dashboard-calls',
          'get-dashboard-call',
          'list-call-history',
          'list-agent-call-history',
          'sync-agents',
          'sync-calls',
        ],
      },
    },
  },
  {
    name: 'Operators',
    tags: {
      apps: {
        name: 'Apps',
        noun: 'voicemail',
        description:
          'Programs that receive the events of one Dialpad organization or of some Retell agents, and their keys.',
        order: [
          'create-app',
          'list-apps',
          'get-app',
          'add-app-links',
          'delete-app-link',
          'get-api-key-status',
          'rotate-api-key',
          'revoke-api-key',
          'list-api-key-audit',
          'list-app-voicemails',
          'get-app-voicemail',
          'delete-app-voicemail',
          'rotate-incoming-secret',
        ],
      },
      'user-mappings': {
        name: 'User mappings',
        noun: 'mapping',
        description: 'Which Dialpad user is which person of the client.',
        order: [
          'map-user',
          'batch-map-users',
          'list-user-mappings',
          'get-user-mapping',
          'delete-user-mapping',
        ],
      },
      'dialpad-connect': {
        name: 'Dialpad connection',
        noun: 'app',
        description: 'Connects an app to a Dialpad organization by OAuth.',
        order: [
          'start-authorization',
          'show-consent',
          'give-consent',
          'finish-authorization',
          'get-connection-status',
        ],
      },
      'provider-hooks': {
        name: 'Dialpad webhooks',
        noun: 'webhook',
        description: 'The webhooks at Dialpad that send events of an app to this deployment.',
        order: ['create-webhook', 'create-subscriptions', 'list-webhooks', 'get-webhook', 'delete-webhook'],
      },
      inbound: {
        name: 'Events from providers',
        noun: 'event',
        description: 'The addresses that providers, and a company’s own systems, send their events to.',
        order: ['receive-incoming', 'receive-dialpad', 'receive-retell'],
      },
      'internal-events': {
        name: 'Inbound events',
        noun: 'event',
        description:
          'The events that came in from providers: how each was processed, and processing it again.',
        order: ['list-events', 'get-event', 'replay-event', 'replay-events', 'list-completeness-checks'],
      },
    },
  },
  {
    name: 'This deployment',
    tags: {
      health: {
        name: 'Health',
        noun: 'check',
        description: 'Checks for load balancers and operators, and metrics for Prometheus.',
        order: ['get-health', 'get-liveness', 'get-readiness', 'get-detailed-health', 'get-metrics'],
      },
      docs: {
        name: 'Documents',
        noun: 'document',
        description: 'This document, and the pages that show it.',
      },
      'account-pages': {
        name: 'Account pages',
        noun: 'page',
        description: 'Pages that the links of mails lead to, where no front end has its own.',
      },
      mail: {
        name: 'Local mailbox',
        noun: 'mail',
        description: 'Mails of a deployment that has no mail provider, such as a developer’s own machine.',
      },
      jobs: {
        name: 'Jobs',
        noun: 'job',
        description: 'How a deployment without queues starts its own work. Nobody else calls these.',
      },
    },
  },
];

const tags = new Map(tagGroups.flatMap(({ tags: of }) => Object.entries(of)));
const places = [...tags.keys()];

/** The feature that an endpoint is read with: what a deployment calls by itself stands together. */
const featureOf = ({ feature, contract }: Pick<EndpointModule, 'feature' | 'contract'>): string =>
  /^\/internal\/\w+\/run$/.test(contract.path) ? 'jobs' : feature;

/**
 * The tag of an endpoint.
 * @throws Error where the feature has none yet.
 */
export function tagOf(module: Pick<EndpointModule, 'feature' | 'contract'>): Tag {
  const feature = featureOf(module);
  const tag = tags.get(feature);
  if (!tag) throw new Error(`The feature ${feature} has no tag in scripts/generate/openapi-tags.ts.`);
  return tag;
}

/** The tags of a document that has these names, in order, and the groups in which pages show them. */
export function tagsFor(names: ReadonlySet<string>) {
  const shown = tagGroups
    .map(({ name, tags: of }) => ({ name, tags: Object.values(of).filter((tag) => names.has(tag.name)) }))
    .filter((group) => group.tags.length > 0);
  return {
    tags: shown.flatMap((group) => group.tags.map(({ name, description }) => ({ name, description }))),
    groups: shown.map(({ name, tags: of }) => ({ name, tags: of.map((tag) => tag.name) })),
  };
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The order of use: by feature, then as its tag says, then collections before the items in them. */
export function inOrderOfUse(a: EndpointModule, b: EndpointModule): number {
  return compared(placeOf(a), placeOf(b));
}

function placeOf(module: EndpointModule): [number, number, number, string, number] {
  const at = tagOf(module).order?.indexOf(module.stem) ?? -1;
  const { path, method } = module.contract;
  return [
    places.indexOf(featureOf(module)),
    at < 0 ? Number.MAX_SAFE_INTEGER : at,
    path.split('/').length,
    path,
    methods.indexOf(method),
  ];
}

function compared(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right !== undefined && left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
