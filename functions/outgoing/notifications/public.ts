/** What other features need of notifications. */

export type { ToldEvent } from './shared/notice.ts';
export { notify } from './shared/notify.ts';
export { notifyOfEvents, toldTypes } from './shared/notify-of-events.ts';
export { sendNotification, sendNotificationKind } from './shared/send-notification.ts';
export { phoneCodeKind, sendPhoneCode } from './shared/send-phone-code.ts';
export { securityNoticeKind, tellSecurity } from './shared/tell-security.ts';
