/** What other features need of the team. */
export {
  changeInvited,
  inviteByMail,
  requireInvitable,
  revokeInvitation,
  revokeInvitationsOf,
} from './shared/invitation-store.ts';
export {
  afterLostRights,
  type LeftBehind,
  leftBehind,
  madeBy,
  nothingLeft,
  revokeSentInvitations,
} from './shared/lost-rights.ts';
export { memberFilters, memberSorts, membersFrom, membersWhere } from './shared/member.ts';
export {
  type Actor,
  findMember,
  lockTeam,
  type Member,
  requireAnotherOwner,
  requireMayTouch,
} from './shared/roster.ts';
export { requireSeat } from './shared/seats.ts';
