/** What the audit of keys tells. A database test holds the list against the check of `api_key_audit.action`. */
export const keyActions = ['created', 'rotated', 'revoked', 'refused'] as const;
export type KeyAction = (typeof keyActions)[number];
