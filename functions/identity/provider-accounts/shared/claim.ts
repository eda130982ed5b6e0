/** What at a provider a link can be of. */
export type Thing =
  | { provider: 'retell'; kind: 'agent' }
  | { provider: 'dialpad'; kind: 'organization' }
  | { provider: 'twilio'; kind: 'number' };

/** Things at a provider that a company says are its. */
export type Claim = Thing & {
  companyId: string;
  /** The app that the links are to be of; null: the company's own. */
  appId: string | null;
  ids: readonly string[];
};

/** A thing that is linked to a company by what that company's own account listed. */
export interface Held {
  externalId: string;
  companyId: string;
}
