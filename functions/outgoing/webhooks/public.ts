/** What other features need of webhooks. */
export type { EventData, EventType } from './shared/catalogue.ts';
export { makeDeliveries } from './shared/make-deliveries.ts';
