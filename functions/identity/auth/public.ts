/** What other features need of sign-in. */
export { CompanyRole, Done, done, emailInput, nameInput, normalEmail } from './shared/account.ts';
export { accountEmailKind, sendAccountEmail } from './shared/account-email.ts';
export { addresseeOf, mailTo, pageLink, securityNotice } from './shared/account-mail.ts';
export { lockCompaniesOf } from './shared/doubtful-acts.ts';
export { endSessions, requireLiveSession } from './shared/end-sessions.ts';
export { forgetDevices, LoggedInOnDevice, rememberDevice } from './shared/known-devices.ts';
export { callingPerson } from './shared/person.ts';
export {
  languageInput,
  languages,
  Profile,
  profileInput,
  timezoneInput,
} from './shared/profile.ts';
export { endAllUnproved, lockForProof, notProved, requireProvedAddress } from './shared/proved-address.ts';
export { hashInvitationToken } from './shared/secret-tokens.ts';
export type { SecurityNotice, SecurityNotices } from './shared/security-notice.ts';
export { loggedIn, startSession } from './shared/session-store.ts';
export { daysToThinkAgain, shutOut } from './shared/standing.ts';
