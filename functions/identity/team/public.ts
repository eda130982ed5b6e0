/** What other features need of the team. */
export {
  changeInvited,
  demandInvitable,
  inviteByMail,
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
  demandAnotherOwner,
  demandMayTouch,
  findMember,
  lockTeam,
  type Member,
} from './shared/roster.ts';
export { demandSeat } from './shared/seats.ts';
