/** The ways out that are not mail. */
export type { ChannelMessage, SentByChannel } from './channel-message.ts';
export { sendSlack } from './slack.ts';
export { sendSms } from './sms.ts';
export { sendTeams } from './teams.ts';
