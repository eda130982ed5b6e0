import { clock } from '#core/plain-text.ts';
import type { Words } from './content.ts';

const caller = (from: string | null) => from ?? 'An unknown number';

export const en: Words = {
  open: 'Open',
  phoneCode: (code, minutes) =>
    `${code} is your Trunkline code. It is valid for ${minutes} minutes. Never tell it to anyone.`,
  'call.missed': ({ from }) => ({
    title: 'Missed call',
    message: `${caller(from)} called, and nobody answered.`,
  }),
  'voicemail.received': ({ from, seconds }) => ({
    title: 'New voicemail',
    message: `${caller(from)} left a voicemail${seconds === null ? '' : ` (${clock(seconds)})`}.`,
  }),
  'webhook.failing': ({ url, reason }) => ({
    title: 'A webhook is failing',
    message: `Events could not be delivered to ${url}: ${reason ?? 'the receiver does not answer'}`,
  }),
  'webhook.disabled': ({ url, reason }) => ({
    title: 'A webhook was switched off',
    message: `No more events are sent to ${url}: ${reason ?? 'the receiver does not answer'}`,
  }),
  'security.new-sign-in': ({ device, ip }) => ({
    title: 'New login',
    message: `Somebody logged in to your account from a new device: ${device ?? 'unknown'} (${ip ?? '?'}). If it was not you, change your password.`,
  }),
  'security.password-changed': () => ({
    title: 'Password changed',
    message: 'The password of your account was changed. If it was not you, reset it now.',
  }),
  'security.two-factor-changed': ({ isOn }) => ({
    title: isOn ? 'Two-factor authentication is on' : 'Two-factor authentication is off',
    message: isOn
      ? 'Logging in to your account now needs a code from your app.'
      : 'Logging in to your account no longer needs a code. If you did not change this, change your password.',
  }),
  'security.account-locked': ({ minutes }) => ({
    title: 'Account locked',
    message: `After too many wrong passwords your account is locked for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
  }),
};
