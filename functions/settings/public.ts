/** What other features need of settings. */
export { countLiveKeys } from './shared/api-keys.ts';
export { readIntegration } from './shared/integration-store.ts';
export { standingOf } from './shared/usage.ts';
