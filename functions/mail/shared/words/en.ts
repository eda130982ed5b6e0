import { counted, type Words } from './words.ts';

const hours = (n: number) => counted(n, 'hour', 'hours');
const minutes = (n: number) => counted(n, 'minute', 'minutes');
const days = (n: number) => counted(n, 'day', 'days');
const roles = new Map([
  ['owner', 'owner'],
  ['admin', 'administrator'],
  ['manager', 'manager'],
  ['agent', 'agent'],
  ['viewer', 'viewer'],
]);
const wasItYou =
  'If this was not you, reset your password right away and tell an administrator of your company.';

export const en: Words = {
  greeting: (name) => (name ? `Hello ${name},` : 'Hello,'),
  linkHint: 'If the button does not work, open this address in your browser:',
  footer: (sender) =>
    `${sender} sent you this message because it concerns your account. Please do not reply to it.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Confirm your e-mail address for ${sender}`,
      paragraphs: [
        'Please confirm that this is your e-mail address, so that you can use your account to the full.',
      ],
      button: { label: 'Confirm e-mail address', link: d.link },
      notes: [
        `The link is valid for ${hours(d.hours)} and works once.`,
        'If you did not create an account, you need not do anything.',
      ],
    }),
    'reset-password': (d, { sender }) => ({
      subject: `Reset your password for ${sender}`,
      paragraphs: ['Someone asked to reset the password of your account. Use the button, or type this code:'],
      code: d.code,
      button: { label: 'Choose a new password', link: d.link },
      notes: [
        `Link and code are valid for ${minutes(d.minutes)} and work once. Never tell the code to anyone.`,
        'If you did not ask for this, you need not do anything: your password stays as it is.',
      ],
    }),
    invitation: (d, { sender }) => ({
      subject: `${d.inviterName} invites you to ${sender}`,
      paragraphs: [
        `${d.inviterName} invites you to work with ${sender}. Your role will be: ${roles.get(d.role) ?? d.role}.`,
      ],
      button: { label: 'Accept the invitation', link: d.link },
      notes: [
        `The invitation is valid for ${days(d.days)}.`,
        'If you do not know who this is from, you need not do anything.',
      ],
    }),
    'password-changed': (_d, { sender }) => ({
      subject: `Your password for ${sender} was changed`,
      paragraphs: ['The password of your account was just changed. All other devices have been signed out.'],
      notes: [wasItYou],
    }),
    'new-sign-in': (d, { sender, moment }) => ({
      subject: `New sign-in to your account at ${sender}`,
      paragraphs: [
        'Someone signed in to your account from a device that we did not know:',
        `${d.device}\nIP address ${d.ip}\n${moment(d.at)}`,
        'If this was you, there is nothing to do.',
      ],
      notes: [wasItYou],
    }),
    'two-factor-changed': (d, { sender }) => ({
      subject: d.isOn
        ? `Two-factor authentication is on for ${sender}`
        : `Two-factor authentication is off for ${sender}`,
      paragraphs: [
        d.isOn
          ? 'Two-factor authentication was turned on for your account. From now on you need a code from your app to sign in. Keep your backup codes in a safe place.'
          : 'Two-factor authentication was turned off for your account. Your password alone is now enough to sign in.',
      ],
      notes: [wasItYou],
    }),
    'account-locked': (d, { sender }) => ({
      subject: `Your account at ${sender} is locked for a while`,
      paragraphs: [
        `After several attempts with a wrong password we locked your account for ${minutes(d.minutes)}. After that you can sign in as usual.`,
      ],
      notes: [
        'If these attempts were not yours, someone may be trying to get in: choose a new, strong password.',
      ],
    }),
    'account-deletion': (d, { sender, moment }) => ({
      subject: `Your account at ${sender} will be deleted`,
      paragraphs: [
        `As you asked, your account will be deleted on ${moment(d.at)}. Until then you can change your mind.`,
      ],
      button: { label: 'Keep my account', link: d.link },
      notes: [
        'If you did not ask for this, keep your account with the button above and reset your password.',
      ],
    }),
    'export-ready': (d, { sender }) => ({
      subject: `Your data export from ${sender} is ready`,
      paragraphs: ['The export of your data that you asked for is ready to download.'],
      button: { label: 'Download the export', link: d.link },
      notes: [
        `The link is valid for ${hours(d.hours)}. Do not pass it on: it opens your data to whoever has it.`,
      ],
    }),
  },
};
