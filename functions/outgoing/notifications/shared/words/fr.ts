import { clock } from '#core/plain-text.ts';
import type { Words } from './content.ts';

const caller = (from: string | null) => from ?? 'Un numéro inconnu';

export const fr: Words = {
  open: 'Ouvrir',
  phoneCode: (code, minutes) =>
    `${code} est votre code Trunkline. Il est valable ${minutes} minutes. Ne le donnez à personne.`,
  'call.missed': ({ from }) => ({
    title: 'Appel manqué',
    message: `${caller(from)} a appelé, et personne n’a répondu.`,
  }),
  'voicemail.received': ({ from, seconds }) => ({
    title: 'Nouveau message vocal',
    message: `${caller(from)} a laissé un message vocal${seconds === null ? '' : ` (${clock(seconds)})`}.`,
  }),
  'webhook.failing': ({ url, reason }) => ({
    title: 'Un webhook échoue',
    message: `Des événements n’ont pas pu être remis à ${url} : ${reason ?? 'le destinataire ne répond pas'}`,
  }),
  'webhook.disabled': ({ url, reason }) => ({
    title: 'Un webhook a été désactivé',
    message: `Plus aucun événement n’est envoyé à ${url} : ${reason ?? 'le destinataire ne répond pas'}`,
  }),
  'security.new-sign-in': ({ device, ip }) => ({
    title: 'Nouvelle connexion',
    message: `Quelqu’un s’est connecté à votre compte depuis un nouvel appareil : ${device ?? 'inconnu'} (${ip ?? '?'}). Si ce n’était pas vous, changez votre mot de passe.`,
  }),
  'security.password-changed': () => ({
    title: 'Mot de passe modifié',
    message:
      'Le mot de passe de votre compte a été modifié. Si ce n’était pas vous, réinitialisez-le maintenant.',
  }),
  'security.two-factor-changed': ({ isOn }) => ({
    title: isOn ? 'Double authentification activée' : 'Double authentification désactivée',
    message: isOn
      ? 'La connexion à votre compte demande désormais un code de votre application.'
      : 'La connexion à votre compte ne demande plus de code. Si vous n’avez pas fait ce changement, changez votre mot de passe.',
  }),
  'security.account-locked': ({ minutes }) => ({
    title: 'Compte verrouillé',
    message: `Après trop de mots de passe erronés, votre compte est verrouillé pendant ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
  }),
};
