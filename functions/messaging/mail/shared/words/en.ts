import { clock } from '#core/plain-text.ts';
import { button, counted, itemLines, lines, type Words } from './words.ts';

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
const unknown = 'an unknown number';
const states = {
  started: 'has started',
  paused: 'is paused',
  completed: 'is completed',
  failed: 'has failed',
};

export const en: Words = {
  greeting: (name) => (name ? `Hello ${name},` : 'Hello,'),
  linkHint: 'If the button does not work, open this address in your browser:',
  noticeFooter: (sender) =>
    `${sender} sent you this message because your notification preferences ask for it. Please do not reply to it.`,
  footer: (sender) =>
    `${sender} sent you this message because it concerns your account. Please do not reply to it.`,
  customerFooter: (sender) => `${sender} sent you this message. Please do not reply to it.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Confirm your e-mail address for ${sender}`,
      paragraphs: [
        'Please confirm that this is your e-mail address, so that you can use your account to the full.',
      ],
      button: { label: 'Confirm e-mail address', link: d.link },
      notes: [
        `The link is valid for ${hours(d.hours)} and works once.`,
        'If you did not create an account, do not confirm it: someone else used your address. Reset the password if you want the account for yourself.',
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
      paragraphs: ['The password of your account was just changed. All other devices have been logged out.'],
      notes: [wasItYou],
    }),
    'new-sign-in': (d, { sender, moment }) => ({
      subject: `New login to your account at ${sender}`,
      paragraphs: [
        'Someone logged in to your account from a device that we did not know:',
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
          ? 'Two-factor authentication was turned on for your account. From now on you need a code from your app to log in. Keep your backup codes in a safe place.'
          : 'Two-factor authentication was turned off for your account. Your password alone is now enough to log in.',
      ],
      notes: [wasItYou],
    }),
    'account-locked': (d, { sender }) => ({
      subject: `Your account at ${sender} is locked for a while`,
      paragraphs: [
        `After several attempts with a wrong password we locked your account for ${minutes(d.minutes)}. After that you can log in as usual.`,
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
      notes: [`You log in before you download it. It is kept for ${hours(d.hours)}.`],
    }),
    'order-confirmation': (d, telling) => ({
      subject: `Your order ${d.orderNumber} at ${telling.sender}`,
      paragraphs: [
        `Thank you for your order. We have received it${d.items?.length ? ':' : '.'}`,
        itemLines(d, telling),
        `Total: ${telling.money(d.total)}`,
      ],
      ...button('View your order', d.link),
    }),
    'payment-received': (d, { sender, moment, money }) => ({
      subject: `${sender} received your payment of ${money(d.amount)}`,
      paragraphs: [
        'Thank you for your payment. We have received it:',
        lines(money(d.amount), d.reference && `Reference: ${d.reference}`, moment(d.at)),
      ],
      ...button('View the payment', d.link),
    }),
    'payment-failed': (d, { sender, money }) => ({
      subject: `Your payment to ${sender} failed`,
      paragraphs: [
        `Your payment of ${money(d.amount)} did not go through.`,
        lines(d.reference && `Reference: ${d.reference}`, d.reason),
        'Please try again, or pay in another way.',
      ],
      ...button('Pay now', d.link),
    }),
    invoice: (d, { sender, day, money }) => ({
      subject: `Invoice ${d.invoiceNumber} from ${sender}`,
      paragraphs: [
        `Here is your invoice ${d.invoiceNumber}.`,
        lines(`Amount: ${money(d.amount)}`, d.dueOn && `Due on ${day(d.dueOn)}`),
      ],
      ...button('View the invoice', d.link),
    }),
    'campaign-status': (d) => ({
      subject: `The campaign ${d.campaign} ${states[d.status]}`,
      paragraphs: [
        `The campaign ${d.campaign} ${states[d.status]}.`,
        d.progress ? `Calls made: ${d.progress.done} of ${d.progress.total}` : '',
      ],
      ...button('View the campaign', d.link),
    }),
    appointment: (d, { sender, moment }) => ({
      subject:
        d.status === 'created'
          ? `Your appointment with ${sender}`
          : `Your appointment with ${sender} is cancelled`,
      paragraphs: [
        d.status === 'created' ? 'Your appointment is booked:' : 'This appointment will not take place:',
        lines(d.title, moment(d.at), d.place),
      ],
      ...button('View the appointment', d.link),
    }),
    'missed-call': (d, { moment }) => ({
      subject: `Missed call from ${d.from ?? unknown}`,
      paragraphs: [`You missed a call from ${d.from ?? unknown}.`, moment(d.at)],
      ...button('View the call', d.link),
    }),
    voicemail: (d, { moment }) => ({
      subject: `New voicemail from ${d.from ?? unknown}`,
      paragraphs: [
        `You have a new voicemail from ${d.from ?? unknown}.`,
        lines(moment(d.at), d.seconds != null && `Length: ${clock(d.seconds)}`),
      ],
      ...button('Listen to it', d.link),
    }),
    'webhook-failing': (d, { sender }) => ({
      subject: `A webhook of ${sender} is failing`,
      paragraphs: [
        'We cannot deliver events to this address:',
        lines(d.url, d.reason),
        'We keep trying. If nothing gets through for days, the webhook is switched off.',
      ],
      ...button('View the webhook', d.link),
    }),
    'webhook-disabled': (d, { sender }) => ({
      subject: `A webhook of ${sender} was switched off`,
      paragraphs: [
        'This address receives no more events:',
        lines(d.url, d.reason),
        'Once it works again, switch the webhook on and have the missed events sent again.',
      ],
      ...button('View the webhook', d.link),
    }),
  },
};
