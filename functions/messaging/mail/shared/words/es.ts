import { clock } from '#core/plain-text.ts';
import { button, counted, itemLines, lines, type Words } from './words.ts';

const hours = (n: number) => counted(n, 'hora', 'horas');
const minutes = (n: number) => counted(n, 'minuto', 'minutos');
const days = (n: number) => counted(n, 'día', 'días');
const roles = new Map([
  ['owner', 'propiedad'],
  ['admin', 'administración'],
  ['manager', 'supervisión'],
  ['agent', 'agente'],
  ['viewer', 'solo lectura'],
]);
const wasItYou =
  'Si no ha sido usted, restablezca su contraseña de inmediato y avise a la administración de su empresa.';
const unknown = 'un número desconocido';
const states = {
  started: 'ha comenzado',
  paused: 'está en pausa',
  completed: 'ha terminado',
  failed: 'ha fallado',
};

export const es: Words = {
  greeting: (name) => (name ? `Hola, ${name}:` : 'Hola:'),
  linkHint: 'Si el botón no funciona, abra esta dirección en su navegador:',
  noticeFooter: (sender) =>
    `${sender} le envía este mensaje porque así lo piden sus preferencias de notificación. Por favor, no responda a él.`,
  footer: (sender) =>
    `${sender} le envía este mensaje porque afecta a su cuenta. Por favor, no responda a él.`,
  customerFooter: (sender) => `${sender} le envía este mensaje. Por favor, no responda a él.`,
  templates: {
    'verify-email': (d, { sender }) => ({
      subject: `Confirme su dirección de correo para ${sender}`,
      paragraphs: ['Confirme que esta es su dirección de correo para poder usar su cuenta por completo.'],
      button: { label: 'Confirmar dirección', link: d.link },
      notes: [
        `El enlace es válido durante ${hours(d.hours)} y funciona una sola vez.`,
        'Si no ha creado ninguna cuenta, no confirme nada: otra persona ha usado su dirección. Restablezca la contraseña si quiere la cuenta para usted.',
      ],
    }),
    'reset-password': (d, { sender }) => ({
      subject: `Restablezca su contraseña de ${sender}`,
      paragraphs: [
        'Alguien ha pedido restablecer la contraseña de su cuenta. Use el botón o escriba este código:',
      ],
      code: d.code,
      button: { label: 'Elegir otra contraseña', link: d.link },
      notes: [
        `El enlace y el código son válidos durante ${minutes(d.minutes)} y funcionan una sola vez. No diga el código a nadie.`,
        'Si no lo ha pedido usted, no tiene que hacer nada: su contraseña no cambia.',
      ],
    }),
    invitation: (d, { sender }) => ({
      subject: `${d.inviterName} le invita a ${sender}`,
      paragraphs: [
        `${d.inviterName} le invita a trabajar con ${sender}. Su función: ${roles.get(d.role) ?? d.role}.`,
      ],
      button: { label: 'Aceptar la invitación', link: d.link },
      notes: [
        `La invitación es válida durante ${days(d.days)}.`,
        'Si no sabe de quién viene, no tiene que hacer nada.',
      ],
    }),
    'password-changed': (_d, { sender }) => ({
      subject: `Se ha cambiado su contraseña de ${sender}`,
      paragraphs: [
        'La contraseña de su cuenta acaba de cambiarse. Se ha cerrado la sesión en todos los demás dispositivos.',
      ],
      notes: [wasItYou],
    }),
    'new-sign-in': (d, { sender, moment }) => ({
      subject: `Nuevo inicio de sesión en su cuenta de ${sender}`,
      paragraphs: [
        'Alguien ha iniciado sesión en su cuenta desde un dispositivo que no conocíamos:',
        `${d.device}\nDirección IP ${d.ip}\n${moment(d.at)}`,
        'Si ha sido usted, no hay nada que hacer.',
      ],
      notes: [wasItYou],
    }),
    'two-factor-changed': (d, { sender }) => ({
      subject: d.isOn
        ? `Verificación en dos pasos activada en ${sender}`
        : `Verificación en dos pasos desactivada en ${sender}`,
      paragraphs: [
        d.isOn
          ? 'Se ha activado la verificación en dos pasos en su cuenta. A partir de ahora necesita un código de su aplicación para iniciar sesión. Guarde sus códigos de recuperación en un lugar seguro.'
          : 'Se ha desactivado la verificación en dos pasos en su cuenta. Ahora basta su contraseña para iniciar sesión.',
      ],
      notes: [wasItYou],
    }),
    'account-locked': (d, { sender }) => ({
      subject: `Su cuenta de ${sender} está bloqueada temporalmente`,
      paragraphs: [
        `Tras varios intentos con una contraseña incorrecta hemos bloqueado su cuenta durante ${minutes(d.minutes)}. Después podrá iniciar sesión como siempre.`,
      ],
      notes: [
        'Si esos intentos no eran suyos, puede que alguien quiera entrar: elija una contraseña nueva y segura.',
      ],
    }),
    'account-deletion': (d, { sender, moment }) => ({
      subject: `Su cuenta de ${sender} se eliminará`,
      paragraphs: [
        `Como ha pedido, su cuenta se eliminará: ${moment(d.at)}. Hasta entonces puede cambiar de opinión.`,
      ],
      button: { label: 'Conservar mi cuenta', link: d.link },
      notes: ['Si no lo ha pedido usted, conserve su cuenta con el botón y restablezca su contraseña.'],
    }),
    'export-ready': (d, { sender }) => ({
      subject: `Su exportación de datos de ${sender} está lista`,
      paragraphs: ['La exportación de sus datos que ha pedido está lista para descargar.'],
      button: { label: 'Descargar la exportación', link: d.link },
      notes: [`Antes de descargarla, inicie sesión. La exportación se conserva durante ${hours(d.hours)}.`],
    }),
    'order-confirmation': (d, telling) => ({
      subject: `Su pedido ${d.orderNumber} en ${telling.sender}`,
      paragraphs: [
        `Gracias por su pedido. Lo hemos recibido${d.items?.length ? ':' : '.'}`,
        itemLines(d, telling),
        `Total: ${telling.money(d.total)}`,
      ],
      ...button('Ver su pedido', d.link),
    }),
    'payment-received': (d, { sender, moment, money }) => ({
      subject: `${sender} ha recibido su pago de ${money(d.amount)}`,
      paragraphs: [
        'Gracias por su pago. Lo hemos recibido:',
        lines(money(d.amount), d.reference && `Referencia: ${d.reference}`, moment(d.at)),
      ],
      ...button('Ver el pago', d.link),
    }),
    'payment-failed': (d, { sender, money }) => ({
      subject: `Su pago a ${sender} ha fallado`,
      paragraphs: [
        `No se ha podido realizar su pago de ${money(d.amount)}.`,
        lines(d.reference && `Referencia: ${d.reference}`, d.reason),
        'Inténtelo de nuevo o pague de otra forma.',
      ],
      ...button('Pagar ahora', d.link),
    }),
    invoice: (d, { sender, day, money }) => ({
      subject: `Factura ${d.invoiceNumber} de ${sender}`,
      paragraphs: [
        `Aquí tiene su factura ${d.invoiceNumber}.`,
        lines(`Importe: ${money(d.amount)}`, d.dueOn && `Vence el ${day(d.dueOn)}`),
      ],
      ...button('Ver la factura', d.link),
    }),
    'campaign-status': (d) => ({
      subject: `La campaña ${d.campaign} ${states[d.status]}`,
      paragraphs: [
        `La campaña ${d.campaign} ${states[d.status]}.`,
        d.progress ? `Llamadas realizadas: ${d.progress.done} de ${d.progress.total}` : '',
      ],
      ...button('Ver la campaña', d.link),
    }),
    appointment: (d, { sender, moment }) => ({
      subject: d.status === 'created' ? `Su cita con ${sender}` : `Su cita con ${sender} se ha cancelado`,
      paragraphs: [
        d.status === 'created' ? 'Su cita está reservada:' : 'Esta cita no tendrá lugar:',
        lines(d.title, moment(d.at), d.place),
      ],
      ...button('Ver la cita', d.link),
    }),
    'missed-call': (d, { moment }) => ({
      subject: `Llamada perdida de ${d.from ?? unknown}`,
      paragraphs: [`Tiene una llamada perdida de ${d.from ?? unknown}.`, moment(d.at)],
      ...button('Ver la llamada', d.link),
    }),
    voicemail: (d, { moment }) => ({
      subject: `Nuevo mensaje de voz de ${d.from ?? unknown}`,
      paragraphs: [
        `Tiene un nuevo mensaje de voz de ${d.from ?? unknown}.`,
        lines(moment(d.at), d.seconds != null && `Duración: ${clock(d.seconds)}`),
      ],
      ...button('Escucharlo', d.link),
    }),
    'webhook-failing': (d, { sender }) => ({
      subject: `Un webhook de ${sender} está fallando`,
      paragraphs: [
        'No podemos entregar eventos en esta dirección:',
        lines(d.url, d.reason),
        'Seguimos intentándolo. Si durante días no llega nada, el webhook se desactivará.',
      ],
      ...button('Ver el webhook', d.link),
    }),
    'webhook-disabled': (d, { sender }) => ({
      subject: `Se ha desactivado un webhook de ${sender}`,
      paragraphs: [
        'Esta dirección ya no recibe eventos:',
        lines(d.url, d.reason),
        'Cuando vuelva a funcionar, active el webhook y pida que se reenvíen los eventos perdidos.',
      ],
      ...button('Ver el webhook', d.link),
    }),
  },
};
