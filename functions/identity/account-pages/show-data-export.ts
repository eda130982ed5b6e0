import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { accountPage } from './shared/account-page.ts';
import { logInFields, logInScript } from './shared/log-in.ts';

const form = `${logInFields}
<button>Show my export</button>`;

const script = `${logInScript}
if (token === '') {
  say('This link is incomplete: open the link of the mail again, or ask for another export.', 'bad');
} else {
  form.hidden = false;
}

const otherwise = {
  waiting: 'Your export is not ready yet: open the link of the mail again in a few minutes.',
  failed: 'Your export could not be made: ask for another.',
  expired: 'Your export was kept for a day and is deleted: ask for another.',
};

whenSent(async () => {
  const answer = await askAsPerson('/api/settings/export-data/' + encodeURIComponent(token), undefined);
  if (answer === undefined) return;
  const { isOk, body } = answer;
  if (!isOk) return refuse(body);
  if (body.data.status !== 'ready') return finish(otherwise[body.data.status], 'bad');
  finish('Here is your data. The link works for 15 minutes: ', 'good');
  const link = document.createElement('a');
  link.href = body.data.url;
  link.textContent = 'Download (' + Math.ceil(body.data.bytes / 1000).toLocaleString('en') + ' KB)';
  said.append(link);
});
`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/data-export',
  summary: 'Show the page on which a person fetches the export of their data',
  description:
    'Where the mail’s link leads while the deployment has no FRONTEND_URL. It logs in, asks where the file is and logs out.',
  who: ['public'],
  limit: 'none',
  input: z.object({
    token: z
      .string()
      .max(200)
      .optional()
      .describe('The id of the export. The page’s own script reads it; without a login it opens nothing.'),
  }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  async handle() {
    return accountPage({
      title: 'Download your data',
      lead: 'Log in once more, and you get the link to the file.',
      form,
      script,
    });
  },
});
