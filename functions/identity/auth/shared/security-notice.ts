/** What a person is told of the safety of their account, by kind. Notifications say it in words. */
export interface SecurityNotices {
  'security.new-sign-in': { device: string; ip: string; at: string };
  'security.password-changed': Record<never, never>;
  'security.two-factor-changed': { isOn: boolean };
  'security.account-locked': { minutes: number };
}
export type SecurityNotice = {
  [K in keyof SecurityNotices]: { kind: K; data: SecurityNotices[K] };
}[keyof SecurityNotices];
