/** What other features need of people. */
export { callerIsPlatformAdmin, listAsService } from './shared/user-store.ts';
