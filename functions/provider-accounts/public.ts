/** Whose is it: what other features need of companies' own accounts at providers, and of links. */
export { type Credentials, isAccepted } from './shared/accepting.ts';
export { provedIds, provedOf } from './shared/asking.ts';
export type { Claim, Held, Thing } from './shared/claim.ts';
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
