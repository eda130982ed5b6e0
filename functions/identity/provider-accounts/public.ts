/** Whose is it: what other features need of companies' own accounts at providers, and of links. */
export { type Credentials, isAccepted } from './shared/accepting.ts';
export { provedIds, provedOf } from './shared/asking.ts';
export type { Claim, Held, Thing } from './shared/claim.ts';
export { dialpadAccount, dialpadConnections, heeding, keyOf } from './shared/dialpad-account.ts';
export { expiryOf, keepConnection } from './shared/dialpad-connection.ts';
export {
  askedScopes,
  consentPage,
  oauthApp,
  redirectUri,
  scopeMeanings,
} from './shared/dialpad-oauth-app.ts';
export { type IntegrationName, readIntegration } from './shared/integration-store.ts';
export {
  Contested,
  type Linked,
  linkByOperator,
  linkByProof,
  notProved,
  untilDecided,
} from './shared/linking.ts';
export { isRefusal, listAgents, numbersListed } from './shared/listing.ts';
export {
  deploymentRetell,
  managesSharedAccounts,
  ownDialpad,
  ownRetell,
  twilioOf,
} from './shared/own-accounts.ts';
export { databaseTime, keepListing } from './shared/prove-accounts.ts';
export { type SmsClient, smsClient } from './shared/sms-client.ts';
export { linkOfEvent, matchWaiting } from './shared/waiting-events.ts';
