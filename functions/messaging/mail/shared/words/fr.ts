import { clock } from '#core/plain-text.ts';
import { button, counted, itemLines, lines, type Words } from './words.ts';

const hours = (n: number) => counted(n, 'heure', 'heures');
const minutes = (n: number) => counted(n, 'minute', 'minutes');
const days = (n: number) => counted(n, 'jour', 'jours');
const roles = new Map([
  ['owner', 'propriétaire'],
  ['admin', 'administration'],
  ['manager', 'responsable'],
  ['agent', 'agent'],
  ['viewer', 'lecture seule'],
]);
const wasItYou =
  'Si ce n’était pas vous, réinitialisez immédiatement votre mot de passe et prévenez l’administration de votre entreprise.';
const unknown = 'numéro inconnu';
const states = {
  started: 'a commencé',
  paused: 'est en pause',
  completed: 'est terminée',
  failed: 'a échoué',
};

export const fr: Words = {
  greeting: (name) => (name ? `Bonjour ${name},` : 'Bonjour,'),
  linkHint: 'Si le bouton ne fonctionne pas, ouvrez cette adresse dans votre navigateur :',
  noticeFooter: (sender) =>
    `${sender} vous envoie ce message parce que vos préférences de notification le demandent. Merci de ne pas y répondre.`,
  footer: (sender) =>
    `${sender} vous envoie ce message parce qu’il concerne votre compte. Merci de ne pas y répondre.`,
  customerFooter: (sender) => `Ce message vous est envoyé par ${sender}. Merci de ne pas y répondre.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Confirmez votre adresse e-mail pour ${sender}`,
      paragraphs: [
        'Veuillez confirmer que cette adresse e-mail est bien la vôtre, afin de profiter pleinement de votre compte.',
      ],
      button: { label: 'Confirmer l’adresse', link: d.link },
      notes: [
        `Le lien est valable ${hours(d.hours)} et ne sert qu’une fois.`,
        'Si vous n’avez pas créé de compte, ne confirmez rien : quelqu’un d’autre a utilisé votre adresse. Réinitialisez le mot de passe si vous voulez ce compte pour vous.',
      ],
    }),
    'reset-password': (d, { sender }) => ({
      subject: `Réinitialisez votre mot de passe pour ${sender}`,
      paragraphs: [
        'Quelqu’un a demandé à réinitialiser le mot de passe de votre compte. Utilisez le bouton, ou saisissez ce code :',
      ],
      code: d.code,
      button: { label: 'Choisir un mot de passe', link: d.link },
      notes: [
        `Le lien et le code sont valables ${minutes(d.minutes)} et ne servent qu’une fois. Ne communiquez le code à personne.`,
        'Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire : votre mot de passe reste inchangé.',
      ],
    }),
    invitation: (d, { sender }) => ({
      subject: `${d.inviterName} vous invite à rejoindre ${sender}`,
      paragraphs: [
        `${d.inviterName} vous invite à travailler avec ${sender}. Votre rôle : ${roles.get(d.role) ?? d.role}.`,
      ],
      button: { label: 'Accepter l’invitation', link: d.link },
      notes: [
        `L’invitation est valable ${days(d.days)}.`,
        'Si vous ne savez pas de qui elle vient, vous n’avez rien à faire.',
      ],
    }),
    'password-changed': (_d, { sender }) => ({
      subject: `Votre mot de passe pour ${sender} a été modifié`,
      paragraphs: [
        'Le mot de passe de votre compte vient d’être modifié. Tous les autres appareils ont été déconnectés.',
      ],
      notes: [wasItYou],
    }),
    'new-sign-in': (d, { sender, moment }) => ({
      subject: `Nouvelle connexion à votre compte ${sender}`,
      paragraphs: [
        'Quelqu’un s’est connecté à votre compte depuis un appareil que nous ne connaissions pas :',
        `${d.device}\nAdresse IP ${d.ip}\n${moment(d.at)}`,
        'Si c’était vous, il n’y a rien à faire.',
      ],
      notes: [wasItYou],
    }),
    'two-factor-changed': (d, { sender }) => ({
      subject: d.isOn
        ? `Double authentification activée pour ${sender}`
        : `Double authentification désactivée pour ${sender}`,
      paragraphs: [
        d.isOn
          ? 'La double authentification a été activée pour votre compte. Désormais, il vous faut un code de votre application pour vous connecter. Conservez vos codes de secours en lieu sûr.'
          : 'La double authentification a été désactivée pour votre compte. Votre mot de passe suffit maintenant pour vous connecter.',
      ],
      notes: [wasItYou],
    }),
    'account-locked': (d, { sender }) => ({
      subject: `Votre compte ${sender} est bloqué temporairement`,
      paragraphs: [
        `Après plusieurs tentatives avec un mot de passe erroné, nous avons bloqué votre compte pendant ${minutes(d.minutes)}. Vous pourrez ensuite vous connecter comme d’habitude.`,
      ],
      notes: [
        'Si ces tentatives ne venaient pas de vous, quelqu’un cherche peut-être à entrer : choisissez un nouveau mot de passe robuste.',
      ],
    }),
    'account-deletion': (d, { sender, moment }) => ({
      subject: `Votre compte ${sender} sera supprimé`,
      paragraphs: [
        `Comme vous l’avez demandé, votre compte sera supprimé : ${moment(d.at)}. D’ici là, vous pouvez changer d’avis.`,
      ],
      button: { label: 'Garder mon compte', link: d.link },
      notes: [
        'Si vous ne l’avez pas demandé, gardez votre compte avec le bouton et réinitialisez votre mot de passe.',
      ],
    }),
    'export-ready': (d, { sender }) => ({
      subject: `Votre export de données de ${sender} est prêt`,
      paragraphs: ['L’export de vos données que vous avez demandé est prêt à être téléchargé.'],
      button: { label: 'Télécharger l’export', link: d.link },
      notes: [`Connectez-vous avant de le télécharger. L’export est conservé pendant ${hours(d.hours)}.`],
    }),
    'order-confirmation': (d, telling) => ({
      subject: `Votre commande ${d.orderNumber} chez ${telling.sender}`,
      paragraphs: [
        `Merci pour votre commande. Nous l’avons bien reçue${d.items?.length ? ' :' : '.'}`,
        itemLines(d, telling),
        `Total : ${telling.money(d.total)}`,
      ],
      ...button('Voir votre commande', d.link),
    }),
    'payment-received': (d, { sender, moment, money }) => ({
      subject: `${sender} a reçu votre paiement de ${money(d.amount)}`,
      paragraphs: [
        'Merci pour votre paiement. Nous l’avons bien reçu :',
        lines(money(d.amount), d.reference && `Référence : ${d.reference}`, moment(d.at)),
      ],
      ...button('Voir le paiement', d.link),
    }),
    'payment-failed': (d, { sender, money }) => ({
      subject: `Votre paiement à ${sender} a échoué`,
      paragraphs: [
        `Votre paiement de ${money(d.amount)} n’a pas abouti.`,
        lines(d.reference && `Référence : ${d.reference}`, d.reason),
        'Veuillez réessayer, ou payer d’une autre façon.',
      ],
      ...button('Payer maintenant', d.link),
    }),
    invoice: (d, { sender, day, money }) => ({
      subject: `Facture ${d.invoiceNumber} de ${sender}`,
      paragraphs: [
        `Voici votre facture ${d.invoiceNumber}.`,
        lines(`Montant : ${money(d.amount)}`, d.dueOn && `À régler au plus tard le ${day(d.dueOn)}`),
      ],
      ...button('Voir la facture', d.link),
    }),
    'campaign-status': (d) => ({
      subject: `La campagne ${d.campaign} ${states[d.status]}`,
      paragraphs: [
        `La campagne ${d.campaign} ${states[d.status]}.`,
        d.progress ? `Appels passés : ${d.progress.done} sur ${d.progress.total}` : '',
      ],
      ...button('Voir la campagne', d.link),
    }),
    appointment: (d, { sender, moment }) => ({
      subject:
        d.status === 'created'
          ? `Votre rendez-vous avec ${sender}`
          : `Votre rendez-vous avec ${sender} est annulé`,
      paragraphs: [
        d.status === 'created' ? 'Votre rendez-vous est réservé :' : 'Ce rendez-vous n’aura pas lieu :',
        lines(d.title, moment(d.at), d.place),
      ],
      ...button('Voir le rendez-vous', d.link),
    }),
    'missed-call': (d, { moment }) => ({
      subject: `Appel manqué : ${d.from ?? unknown}`,
      paragraphs: [`Vous avez manqué un appel. Appelant : ${d.from ?? unknown}`, moment(d.at)],
      ...button('Voir l’appel', d.link),
    }),
    voicemail: (d, { moment }) => ({
      subject: `Nouveau message vocal : ${d.from ?? unknown}`,
      paragraphs: [
        `Vous avez un nouveau message vocal. Appelant : ${d.from ?? unknown}`,
        lines(moment(d.at), d.seconds != null && `Durée : ${clock(d.seconds)}`),
      ],
      ...button('L’écouter', d.link),
    }),
    'webhook-failing': (d, { sender }) => ({
      subject: `Un webhook de ${sender} ne fonctionne pas`,
      paragraphs: [
        'Nous ne pouvons pas livrer d’événements à cette adresse :',
        lines(d.url, d.reason),
        'Nous continuons d’essayer. Si rien n’arrive pendant des jours, le webhook sera désactivé.',
      ],
      ...button('Voir le webhook', d.link),
    }),
    'webhook-disabled': (d, { sender }) => ({
      subject: `Un webhook de ${sender} a été désactivé`,
      paragraphs: [
        'Cette adresse ne reçoit plus d’événements :',
        lines(d.url, d.reason),
        'Dès qu’elle fonctionne à nouveau, réactivez le webhook et faites renvoyer les événements manqués.',
      ],
      ...button('Voir le webhook', d.link),
    }),
  },
};
