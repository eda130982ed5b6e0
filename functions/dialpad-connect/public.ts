export { dialpadAccount, dialpadConnections } from './shared/account.ts';
