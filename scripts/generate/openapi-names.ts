import type { EndpointModule } from './discover.ts';

/** Endpoints whose file shares its name with another feature's: the names that a client knows them by. */
const renamed: Readonly<Record<string, string>> = {
  'events-list-events': 'listEvents',
  'internal-events-list-events': 'listInboundEvents',
  'notifications-get-preferences': 'getNotificationPreferences',
  'notifications-update-preferences': 'updateNotificationPreferences',
  'provider-hooks-create-webhook': 'createDialpadWebhook',
  'provider-hooks-delete-webhook': 'deleteDialpadWebhook',
  'provider-hooks-get-webhook': 'getDialpadWebhook',
  'provider-hooks-list-webhooks': 'listDialpadWebhooks',
  'settings-get-preferences': 'getPreferences',
  'settings-update-preferences': 'updatePreferences',
  'webhooks-create-webhook': 'createWebhook',
  'webhooks-delete-webhook': 'deleteWebhook',
  'webhooks-get-webhook': 'getWebhook',
  'webhooks-list-webhooks': 'listWebhooks',
};

const camel = (words: string) => words.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** `listCalls` → `ListCalls`, `call.started` → `CallStarted`. */
export const pascal = (words: string) =>
  words.replaceAll(/(?:^|[.\-_])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** `listCalls`, of its file; with its feature, where two files have one name and neither has another above. */
export function operationIds(endpoints: readonly EndpointModule[]): Map<EndpointModule, string> {
  const uses = new Map<string, number>();
  for (const { stem } of endpoints) uses.set(stem, (uses.get(stem) ?? 0) + 1);
  return new Map(
    endpoints.map((module) => {
      const plain = (uses.get(module.stem) ?? 0) > 1 ? module.name : module.stem;
      return [module, renamed[module.name] ?? camel(plain)];
    }),
  );
}
