import { clock } from '#core/plain-text.ts';
import { button, counted, itemLines, lines, type Words } from './words.ts';

const hours = (n: number) => counted(n, 'Stunde', 'Stunden');
const minutes = (n: number) => counted(n, 'Minute', 'Minuten');
const days = (n: number) => counted(n, 'Tag', 'Tage');
const roles = new Map([
  ['owner', 'Inhaber/in'],
  ['admin', 'Administrator/in'],
  ['manager', 'Leitung'],
  ['agent', 'Agent/in'],
  ['viewer', 'Lesezugriff'],
]);
const wasItYou =
  'Wenn Sie das nicht waren, setzen Sie bitte sofort Ihr Passwort zurück und informieren Sie die Administration Ihrer Firma.';
const unknown = 'einer unbekannten Nummer';
const states = {
  started: 'hat begonnen',
  paused: 'ist unterbrochen',
  completed: 'ist abgeschlossen',
  failed: 'ist fehlgeschlagen',
};

export const de: Words = {
  greeting: (name) => (name ? `Guten Tag, ${name},` : 'Guten Tag,'),
  linkHint: 'Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse in Ihrem Browser:',
  noticeFooter: (sender) =>
    `Sie erhalten diese Nachricht von ${sender}, weil Ihre Benachrichtigungen so eingestellt sind. Bitte antworten Sie nicht darauf.`,
  footer: (sender) =>
    `Sie erhalten diese Nachricht von ${sender}, weil sie Ihr Konto betrifft. Bitte antworten Sie nicht darauf.`,
  customerFooter: (sender) => `Diese Nachricht kommt von ${sender}. Bitte antworten Sie nicht darauf.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Bestätigen Sie Ihre E-Mail-Adresse für ${sender}`,
      paragraphs: [
        'Bitte bestätigen Sie, dass dies Ihre E-Mail-Adresse ist, damit Sie Ihr Konto in vollem Umfang nutzen können.',
      ],
      button: { label: 'E-Mail-Adresse bestätigen', link: d.link },
      notes: [
        `Der Link ist ${hours(d.hours)} gültig und kann einmal verwendet werden.`,
        'Wenn Sie kein Konto angelegt haben, bestätigen Sie nichts: Jemand anderes hat Ihre Adresse verwendet. Setzen Sie das Passwort zurück, wenn Sie das Konto selbst haben möchten.',
      ],
    }),
    'reset-password': (d, { sender }) => ({
      subject: `Setzen Sie Ihr Passwort für ${sender} zurück`,
      paragraphs: [
        'Jemand möchte das Passwort Ihres Kontos zurücksetzen. Verwenden Sie die Schaltfläche, oder geben Sie diesen Code ein:',
      ],
      code: d.code,
      button: { label: 'Neues Passwort wählen', link: d.link },
      notes: [
        `Link und Code sind ${minutes(d.minutes)} gültig und können einmal verwendet werden. Geben Sie den Code an niemanden weiter.`,
        'Wenn Sie das nicht waren, brauchen Sie nichts zu tun: Ihr Passwort bleibt, wie es ist.',
      ],
    }),
    invitation: (d, { sender }) => ({
      subject: `${d.inviterName} lädt Sie zu ${sender} ein`,
      paragraphs: [
        `${d.inviterName} lädt Sie zur Zusammenarbeit bei ${sender} ein. Ihre Rolle: ${roles.get(d.role) ?? d.role}.`,
      ],
      button: { label: 'Einladung annehmen', link: d.link },
      notes: [
        `Die Einladung gilt ${days(d.days)}.`,
        'Wenn Sie den Absender nicht kennen, brauchen Sie nichts zu tun.',
      ],
    }),
    'password-changed': (_d, { sender }) => ({
      subject: `Ihr Passwort für ${sender} wurde geändert`,
      paragraphs: ['Das Passwort Ihres Kontos wurde soeben geändert. Alle anderen Geräte wurden abgemeldet.'],
      notes: [wasItYou],
    }),
    'new-sign-in': (d, { sender, moment }) => ({
      subject: `Neue Anmeldung in Ihrem Konto bei ${sender}`,
      paragraphs: [
        'Jemand hat sich von einem Gerät, das wir noch nicht kannten, in Ihrem Konto angemeldet:',
        `${d.device}\nIP-Adresse ${d.ip}\n${moment(d.at)}`,
        'Wenn Sie das waren, ist nichts zu tun.',
      ],
      notes: [wasItYou],
    }),
    'two-factor-changed': (d, { sender }) => ({
      subject: d.isOn
        ? `Zwei-Faktor-Anmeldung für ${sender} eingeschaltet`
        : `Zwei-Faktor-Anmeldung für ${sender} ausgeschaltet`,
      paragraphs: [
        d.isOn
          ? 'Für Ihr Konto wurde die Zwei-Faktor-Anmeldung eingeschaltet. Ab jetzt brauchen Sie zum Anmelden einen Code aus Ihrer App. Bewahren Sie Ihre Wiederherstellungscodes sicher auf.'
          : 'Für Ihr Konto wurde die Zwei-Faktor-Anmeldung ausgeschaltet. Zum Anmelden genügt jetzt Ihr Passwort.',
      ],
      notes: [wasItYou],
    }),
    'account-locked': (d, { sender }) => ({
      subject: `Ihr Konto bei ${sender} ist vorübergehend gesperrt`,
      paragraphs: [
        `Nach mehreren Versuchen mit falschem Passwort haben wir Ihr Konto gesperrt. Die Sperre dauert ${minutes(d.minutes)}, danach können Sie sich wie gewohnt anmelden.`,
      ],
      notes: [
        'Wenn diese Versuche nicht von Ihnen kamen, will vielleicht jemand in Ihr Konto: Wählen Sie ein neues, sicheres Passwort.',
      ],
    }),
    'account-deletion': (d, { sender, moment }) => ({
      subject: `Ihr Konto bei ${sender} wird gelöscht`,
      paragraphs: [
        `Wie von Ihnen gewünscht, wird Ihr Konto gelöscht: ${moment(d.at)}. Bis dahin können Sie es sich anders überlegen.`,
      ],
      button: { label: 'Mein Konto behalten', link: d.link },
      notes: [
        'Wenn Sie das nicht gewünscht haben, behalten Sie Ihr Konto über die Schaltfläche und setzen Sie Ihr Passwort zurück.',
      ],
    }),
    'export-ready': (d, { sender }) => ({
      subject: `Ihr Datenexport von ${sender} ist fertig`,
      paragraphs: ['Der von Ihnen gewünschte Export Ihrer Daten kann heruntergeladen werden.'],
      button: { label: 'Export herunterladen', link: d.link },
      notes: [`Vor dem Herunterladen melden Sie sich an. Der Export wird ${hours(d.hours)} aufbewahrt.`],
    }),
    'order-confirmation': (d, telling) => ({
      subject: `Ihre Bestellung ${d.orderNumber} bei ${telling.sender}`,
      paragraphs: [
        `Vielen Dank für Ihre Bestellung. Sie ist bei uns eingegangen${d.items?.length ? ':' : '.'}`,
        itemLines(d, telling),
        `Summe: ${telling.money(d.total)}`,
      ],
      ...button('Bestellung ansehen', d.link),
    }),
    'payment-received': (d, { sender, moment, money }) => ({
      subject: `${sender} hat Ihre Zahlung von ${money(d.amount)} erhalten`,
      paragraphs: [
        'Vielen Dank für Ihre Zahlung. Sie ist bei uns eingegangen:',
        lines(money(d.amount), d.reference && `Verwendungszweck: ${d.reference}`, moment(d.at)),
      ],
      ...button('Zahlung ansehen', d.link),
    }),
    'payment-failed': (d, { sender, money }) => ({
      subject: `Ihre Zahlung an ${sender} ist fehlgeschlagen`,
      paragraphs: [
        `Ihre Zahlung von ${money(d.amount)} konnte nicht ausgeführt werden.`,
        lines(d.reference && `Verwendungszweck: ${d.reference}`, d.reason),
        'Bitte versuchen Sie es erneut, oder zahlen Sie auf anderem Weg.',
      ],
      ...button('Jetzt zahlen', d.link),
    }),
    invoice: (d, { sender, day, money }) => ({
      subject: `Rechnung ${d.invoiceNumber} von ${sender}`,
      paragraphs: [
        `Hier ist Ihre Rechnung ${d.invoiceNumber}.`,
        lines(`Betrag: ${money(d.amount)}`, d.dueOn && `Fällig am ${day(d.dueOn)}`),
      ],
      ...button('Rechnung ansehen', d.link),
    }),
    'campaign-status': (d) => ({
      subject: `Die Kampagne ${d.campaign} ${states[d.status]}`,
      paragraphs: [
        `Die Kampagne ${d.campaign} ${states[d.status]}.`,
        d.progress ? `Getätigte Anrufe: ${d.progress.done} von ${d.progress.total}` : '',
      ],
      ...button('Kampagne ansehen', d.link),
    }),
    appointment: (d, { sender, moment }) => ({
      subject: d.status === 'created' ? `Ihr Termin bei ${sender}` : `Ihr Termin bei ${sender} ist abgesagt`,
      paragraphs: [
        d.status === 'created' ? 'Ihr Termin ist vereinbart:' : 'Dieser Termin findet nicht statt:',
        lines(d.title, moment(d.at), d.place),
      ],
      ...button('Termin ansehen', d.link),
    }),
    'missed-call': (d, { moment }) => ({
      subject: `Verpasster Anruf von ${d.from ?? unknown}`,
      paragraphs: [`Sie haben einen Anruf von ${d.from ?? unknown} verpasst.`, moment(d.at)],
      ...button('Anruf ansehen', d.link),
    }),
    voicemail: (d, { moment }) => ({
      subject: `Neue Sprachnachricht von ${d.from ?? unknown}`,
      paragraphs: [
        `Sie haben eine neue Sprachnachricht von ${d.from ?? unknown}.`,
        lines(moment(d.at), d.seconds != null && `Dauer: ${clock(d.seconds)}`),
      ],
      ...button('Anhören', d.link),
    }),
    'webhook-failing': (d, { sender }) => ({
      subject: `Ein Webhook von ${sender} schlägt fehl`,
      paragraphs: [
        'An diese Adresse können wir keine Ereignisse zustellen:',
        lines(d.url, d.reason),
        'Wir versuchen es weiter. Kommt tagelang nichts an, wird der Webhook abgeschaltet.',
      ],
      ...button('Webhook ansehen', d.link),
    }),
    'webhook-disabled': (d, { sender }) => ({
      subject: `Ein Webhook von ${sender} wurde abgeschaltet`,
      paragraphs: [
        'Diese Adresse erhält keine Ereignisse mehr:',
        lines(d.url, d.reason),
        'Sobald sie wieder antwortet, schalten Sie den Webhook ein und lassen Sie versäumte Ereignisse nachsenden.',
      ],
      ...button('Webhook ansehen', d.link),
    }),
  },
};
