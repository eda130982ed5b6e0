import { counted, type Words } from './words.ts';

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

export const fr: Words = {
  greeting: (name) => (name ? `Bonjour ${name},` : 'Bonjour,'),
  linkHint: 'Si le bouton ne fonctionne pas, ouvrez cette adresse dans votre navigateur :',
  footer: (sender) =>
    `${sender} vous envoie ce message parce qu’il concerne votre compte. Merci de ne pas y répondre.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Confirmez votre adresse e-mail pour ${sender}`,
      paragraphs: [
        'Veuillez confirmer que cette adresse e-mail est bien la vôtre, afin de profiter pleinement de votre compte.',
      ],
      button: { label: 'Confirmer l’adresse', link: d.link },
      notes: [
        `Le lien est valable ${hours(d.hours)} et ne sert qu’une fois.`,
        'Si vous n’avez pas créé de compte, vous n’avez rien à faire.',
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
      notes: [
        `Le lien est valable ${hours(d.hours)}. Ne le partagez pas : quiconque le possède peut lire vos données.`,
      ],
    }),
  },
};
