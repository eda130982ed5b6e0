import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { accountPage, tokenDescription } from './shared/account-page.ts';

const form = '<button>Confirm e-mail address</button>';

const script = `
if (token === '') {
  say('This link is incomplete: open the link of the mail again, or log in and have another mail sent.', 'bad');
} else {
  form.hidden = false;
}

whenSent(async () => {
  const { isOk, body } = await ask('/api/auth/verify-email', { token });
  if (!isOk) return refuse(body);
  const { email, ended } = body.data;
  const others = ended.sessions + ended.apiKeys > 0 || ended.secondFactor
    ? ' Other sessions, API keys and the second factor of the time before have ended.' : '';
  finish('Thank you: ' + email + ' is confirmed.' + others + ' You can close this page.', 'good');
});
`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/verify-email',
  summary: 'Show the page on which a person proves their e-mail address',
  description:
    'Where the mail’s link leads while the deployment has no FRONTEND_URL. Mail scanners open links: the address is proved when the person presses the button.',
  who: ['public'],
  limit: 'none',
  input: z.object({ token: z.string().max(200).optional().describe(tokenDescription) }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  async handle() {
    return accountPage({
      title: 'Confirm your e-mail address',
      lead: 'Did you make this account? Then press the button to show that the address of the mail is yours. If somebody else made it, close this page.',
      form,
      script,
    });
  },
});
