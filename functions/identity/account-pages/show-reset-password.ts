import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import {
  accountPage,
  field,
  newPasswordHint,
  showPassword,
  tokenDescription,
} from './shared/account-page.ts';

const newPassword = 'type="password" data-password autocomplete="new-password" required';

const form = `<div id="by-code" hidden>
${field('email', 'E-mail address', 'type="email" autocomplete="username" autocapitalize="none" spellcheck="false" required')}
${field('code', 'Code', 'inputmode="numeric" autocomplete="one-time-code" maxlength="20" required', 'The 6 digits in the mail.')}
</div>
<div>
${field('newPassword', 'New password', newPassword, newPasswordHint)}
${field('repeated', 'New password again', newPassword)}
${showPassword}
</div>
<button>Set new password</button>`;

const script = `
element('by-code').hidden = token !== '';
form.hidden = false;

/** The answer's own sentences, and by name what its owner may want back. */
function describe({ message, data }) {
  const { members, webhooks, integrations } = data.ended.undone;
  const named = [
    ['Members who were deactivated: ', members.map(({ email }) => email)],
    ['Webhooks that were switched off: ', webhooks.map(({ url }) => url)],
    ['Integrations to set up again: ', integrations.map(({ name }) => name)],
  ];
  const told = named.filter(([, names]) => names.length > 0);
  return [message, ...told.map(([title, names]) => title + [...new Set(names)].join(', ') + '.')].join(' ');
}

whenSent(async () => {
  const newPassword = element('newPassword').value;
  if (element('repeated').value !== newPassword) {
    mark(element('repeated'), 'is not the same as the one above');
    return element('repeated').focus();
  }
  const way =
    token === '' ? { email: element('email').value.trim(), code: element('code').value.replace(/\\s/g, '') } : { token };
  const { isOk, body } = await ask('/api/auth/reset-password', { ...way, newPassword, ...knownDevice() });
  if (!isOk) return refuse(body);
  rememberDevice(body.data.deviceToken);
  finish(describe(body), 'good');
});
`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/reset-password',
  summary: 'Show the page on which a person sets a new password',
  description:
    'Where the mail’s link leads while the deployment has no FRONTEND_URL. Without a token, the page asks for the e-mail address and the code of the mail.',
  who: ['public'],
  limit: 'none',
  input: z.object({ token: z.string().max(200).optional().describe(tokenDescription) }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  async handle() {
    return accountPage({
      title: 'Set a new password',
      lead: 'Wherever you are logged in, you will be logged out.',
      form,
      script,
    });
  },
});
