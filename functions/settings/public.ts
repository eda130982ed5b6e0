/** What other features need of settings. */
export { readIntegration } from './shared/integration-store.ts';
