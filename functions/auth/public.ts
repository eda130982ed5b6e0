/** What other features need of sign-in. */
export { CompanyRole, emailInput, LoggedIn, nameInput, normalEmail } from './shared/account.ts';
export { type EndedReason, endSessions } from './shared/end-sessions.ts';
export { loggedIn, startSession } from './shared/session-store.ts';
