/** What other features need of the team. */
export { type InvitationSender, inviteByMail, revokeInvitationsOf } from './shared/invitation-store.ts';
export {
  type Actor,
  demandAnotherOwner,
  demandMayTouch,
  findMember,
  lockTeam,
  type Member,
} from './shared/roster.ts';
