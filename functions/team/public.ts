/** What other features need of the team. */
export { demandMayReplace, inviteByMail, revokeInvitationsOf } from './shared/invitation-store.ts';
export { memberFilters, memberSorts, membersFrom, membersWhere } from './shared/member.ts';
export { demandAnotherOwner, demandMayTouch, findMember, lockTeam, type Member } from './shared/roster.ts';
export { demandSeat } from './shared/seats.ts';
