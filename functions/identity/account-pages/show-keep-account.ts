import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { accountPage } from './shared/account-page.ts';
import { logInFields, logInScript } from './shared/log-in.ts';

const form = `${logInFields}
<button>Keep my account</button>`;

const script = `${logInScript}
form.hidden = false;

whenSent(async () => {
  const answer = await askAsPerson('/api/settings/account/keep', {});
  if (answer === undefined) return;
  const { isOk, body } = answer;
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
  isPage: true,
  async handle() {
    return accountPage({
      title: 'Keep your account',
      lead: 'Log in once more, and it will not be deleted.',
      form,
      script,
    });
  },
});
