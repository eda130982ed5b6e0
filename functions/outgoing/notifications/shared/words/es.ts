import { clock } from '#core/plain-text.ts';
import type { Words } from './content.ts';

const caller = (from: string | null) => from ?? 'Un número desconocido';

export const es: Words = {
  open: 'Abrir',
  phoneCode: (code, minutes) =>
    `${code} es su código de Trunkline. Vale ${minutes} minutos. No se lo diga a nadie.`,
  'call.missed': ({ from }) => ({
    title: 'Llamada perdida',
    message: `${caller(from)} ha llamado y nadie ha contestado.`,
  }),
  'voicemail.received': ({ from, seconds }) => ({
    title: 'Nuevo mensaje de voz',
    message: `${caller(from)} ha dejado un mensaje de voz${seconds === null ? '' : ` (${clock(seconds)})`}.`,
  }),
  'webhook.failing': ({ url, reason }) => ({
    title: 'Un webhook falla',
    message: `No se han podido entregar eventos a ${url}: ${reason ?? 'el receptor no responde'}`,
  }),
  'webhook.disabled': ({ url, reason }) => ({
    title: 'Se ha desactivado un webhook',
    message: `Ya no se envían eventos a ${url}: ${reason ?? 'el receptor no responde'}`,
  }),
  'security.new-sign-in': ({ device, ip }) => ({
    title: 'Nuevo inicio de sesión',
    message: `Alguien ha iniciado sesión en su cuenta desde un dispositivo nuevo: ${device ?? 'desconocido'} (${ip ?? '?'}). Si no ha sido usted, cambie su contraseña.`,
  }),
  'security.password-changed': () => ({
    title: 'Contraseña cambiada',
    message: 'Se ha cambiado la contraseña de su cuenta. Si no ha sido usted, restablézcala ahora.',
  }),
  'security.two-factor-changed': ({ isOn }) => ({
    title: isOn ? 'Verificación en dos pasos activada' : 'Verificación en dos pasos desactivada',
    message: isOn
      ? 'Para iniciar sesión en su cuenta ahora se necesita un código de su aplicación.'
      : 'Para iniciar sesión en su cuenta ya no se necesita un código. Si no lo ha cambiado usted, cambie su contraseña.',
  }),
  'security.account-locked': ({ minutes }) => ({
    title: 'Cuenta bloqueada',
    message: `Tras demasiadas contraseñas incorrectas, su cuenta está bloqueada durante ${minutes} ${minutes === 1 ? 'minuto' : 'minutos'}.`,
  }),
};
