import { clock } from '#core/plain-text.ts';
import type { Words } from './content.ts';

const caller = (from: string | null) => from ?? 'Eine unbekannte Nummer';

export const de: Words = {
  open: 'Öffnen',
  phoneCode: (code, minutes) =>
    `${code} ist Ihr Code für Trunkline. Er gilt ${minutes} Minuten. Geben Sie ihn an niemanden weiter.`,
  'call.missed': ({ from }) => ({
    title: 'Verpasster Anruf',
    message: `${caller(from)} hat angerufen, und niemand hat abgenommen.`,
  }),
  'voicemail.received': ({ from, seconds }) => ({
    title: 'Neue Sprachnachricht',
    message: `${caller(from)} hat eine Sprachnachricht hinterlassen${seconds === null ? '' : ` (${clock(seconds)})`}.`,
  }),
  'webhook.failing': ({ url, reason }) => ({
    title: 'Ein Webhook schlägt fehl',
    message: `Ereignisse konnten nicht an ${url} zugestellt werden: ${reason ?? 'der Empfänger antwortet nicht'}`,
  }),
  'webhook.disabled': ({ url, reason }) => ({
    title: 'Ein Webhook wurde abgeschaltet',
    message: `An ${url} werden keine Ereignisse mehr gesendet: ${reason ?? 'der Empfänger antwortet nicht'}`,
  }),
  'security.new-sign-in': ({ device, ip }) => ({
    title: 'Neue Anmeldung',
    message: `Jemand hat sich mit einem neuen Gerät an Ihrem Konto angemeldet: ${device ?? 'unbekannt'} (${ip ?? '?'}). Wenn Sie es nicht waren, ändern Sie Ihr Passwort.`,
  }),
  'security.password-changed': () => ({
    title: 'Passwort geändert',
    message: 'Das Passwort Ihres Kontos wurde geändert. Wenn Sie es nicht waren, setzen Sie es jetzt zurück.',
  }),
  'security.two-factor-changed': ({ isOn }) => ({
    title: isOn ? 'Zwei-Faktor-Anmeldung ist an' : 'Zwei-Faktor-Anmeldung ist aus',
    message: isOn
      ? 'Die Anmeldung an Ihrem Konto braucht jetzt einen Code aus Ihrer App.'
      : 'Die Anmeldung an Ihrem Konto braucht keinen Code mehr. Wenn Sie das nicht geändert haben, ändern Sie Ihr Passwort.',
  }),
  'security.account-locked': ({ minutes }) => ({
    title: 'Konto gesperrt',
    message: `Nach zu vielen falschen Passwörtern ist Ihr Konto für ${minutes} ${minutes === 1 ? 'Minute' : 'Minuten'} gesperrt.`,
  }),
};
