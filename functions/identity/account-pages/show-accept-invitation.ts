import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import {
  accountPage,
  field,
  newPasswordHint,
  showPassword,
  tokenDescription,
} from './shared/account-page.ts';

const form = `<fieldset>
<legend>Do you already have an account?</legend>
<label class="choice"><input type="radio" name="account" id="is-new" checked> <span>No, make one for me</span></label>
<label class="choice"><input type="radio" name="account" id="is-known"> <span>Yes, I have a password</span></label>
</fieldset>
<div id="of-new">
${field('name', 'Your name', 'autocomplete="name" maxlength="200" required', 'As your colleagues will see it.')}
</div>
<div>
${field('password', 'Password', 'type="password" data-password autocomplete="new-password" required', newPasswordHint)}
${showPassword}
</div>
<div id="of-guarded" hidden>
${field('code', 'Code', 'autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="64" required', 'Of your authenticator app, or a backup code.')}
</div>
<button>Accept invitation</button>`;

const script = `
if (token === '') {
  say('This link is incomplete: open the link of the mail again, or ask the person who invited you for another.', 'bad');
} else {
  void introduce();
}

/** Names the company. The name of the person is asked for where the invitation has none. */
async function introduce() {
  const { isOk, status, body } = await ask('/api/team/invitations/' + encodeURIComponent(token) + '/preview');
  if (status === 404) return say(body.message, 'bad');
  if (isOk) {
    form.querySelector('p').textContent = body.data.companyName + ' invites you to join them.';
    if (body.data.name !== null) {
      element('name').required = false;
      element('name-hint').textContent = 'Leave it empty to keep the name in the invitation: ' + body.data.name + '.';
    }
  }
  form.hidden = false;
}

function showChoice() {
  const isNew = element('is-new').checked;
  element('of-new').hidden = !isNew;
  element('password-hint').hidden = !isNew;
  element('password').autocomplete = isNew ? 'new-password' : 'current-password';
}
element('is-new').addEventListener('change', showChoice);
element('is-known').addEventListener('change', showChoice);

/** The session that accepting opens serves to learn the company's name, and ends: this page keeps nobody logged in. */
async function describe(accepted) {
  const me = await ask('/api/auth/me', undefined, accepted.token);
  await ask('/api/auth/logout', {}, accepted.token);
  const { companyId, email, role } = accepted.data;
  const found = me.isOk && me.body.data.memberships.find((membership) => membership.companyId === companyId);
  const company = found ? found.companyName : 'the company that invited you';
  return 'Welcome: you now belong to ' + company + ', with the role ' + role + '. Log in with ' + email + ' and your password.';
}

whenSent(async () => {
  const given = { password: element('password').value };
  const name = element('name').value.trim();
  const code = element('code').value.trim();
  if (element('is-new').checked && name !== '') given.name = name;
  if (!element('of-guarded').hidden) given.code = code;
  const { isOk, body } = await ask('/api/team/invitations/' + encodeURIComponent(token) + '/accept', given);
  if (isOk) {
    rememberDevice(body.deviceToken);
    return finish(await describe(body), 'good');
  }
  if (body.code === 'TWO_FACTOR_REQUIRED') {
    element('is-known').checked = true;
    showChoice();
    element('of-guarded').hidden = false;
    said.className = 'said';
    said.textContent = 'This account has a second factor: enter its code too.';
    return element('code').focus();
  }
  refuse(body);
});
`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/accept-invitation',
  summary: 'Show the page on which a person accepts an invitation',
  description:
    'Where the mail’s link leads while the deployment has no FRONTEND_URL. The page logs out again: to use the product, log in.',
  who: ['public'],
  limit: 'none',
  input: z.object({ token: z.string().max(200).optional().describe(tokenDescription) }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  async handle() {
    return accountPage({
      title: 'Accept your invitation',
      lead: 'Join the company that invited you.',
      form,
      script,
    });
  },
});
