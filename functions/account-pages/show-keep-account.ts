import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { accountPage, field, showPassword } from './shared/account-page.ts';

const form = `<div>
${field('email', 'E-mail address', 'type="email" autocomplete="username" autocapitalize="none" spellcheck="false" required')}
${field('password', 'Password', 'type="password" data-password autocomplete="current-password" required')}
${showPassword}
</div>
<div id="second-factor" hidden>
${field('code', 'Code', 'autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="64" required', 'Of your authenticator, or a backup code.')}
</div>
<button>Keep my account</button>`;

const script = `
form.hidden = false;

whenSent(async () => {
  const given = { email: element('email').value.trim(), password: element('password').value };
  if (!element('second-factor').hidden) given.code = element('code').value.trim();
  const login = await ask('/api/auth/login', given);
  if (login.body.code === 'TWO_FACTOR_REQUIRED' && element('second-factor').hidden) {
    element('second-factor').hidden = false;
    return element('code').focus();
  }
  if (!login.isOk) return refuse(login.body);
  const { isOk, body } = await ask('/api/settings/account/keep', {}, login.body.token);
  await ask('/api/auth/logout', {}, login.body.token); // this page keeps nobody logged in
  if (isOk) return finish('Your account stays. Log in as before.', 'good');
  if (body.code === 'CONFLICT') return finish('Your account is not going to be deleted. Log in as before.', 'good');
  refuse(body);
});
`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/keep-account',
  summary: 'Show the page on which a person keeps an account that was to be deleted',
  description:
    'Where the mail’s link leads while the deployment has no FRONTEND_URL. It logs in, takes the deletion back and logs out.',
  who: ['public'],
  limit: 'none',
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  async handle() {
    return accountPage({
      title: 'Keep your account',
      lead: 'Log in once more, and it will not be deleted.',
      form,
      script,
    });
  },
});
