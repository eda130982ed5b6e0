import { field, showPassword } from './account-page.ts';

/** The fields of a page on which a person logs in; those of the second factor are shown when they are asked for. */
export const logInFields = `<div>
${field('email', 'E-mail address', 'type="email" autocomplete="username" autocapitalize="none" spellcheck="false" required')}
${field('password', 'Password', 'type="password" data-password autocomplete="current-password" required')}
${showPassword}
</div>
<div id="second-factor" hidden>
${field('code', 'Code', 'autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="64" required', 'Of your authenticator, or a backup code.')}
</div>`;

/** What the script of such a page begins with. */
export const logInScript = `
/**
 * Asks as the person who logs in, and logs out again: the page keeps nobody logged in. Gives nothing where the form
 * says what it still needs.
 */
async function askAsPerson(path, given) {
  const shown = { email: element('email').value.trim(), password: element('password').value, ...knownDevice() };
  if (!element('second-factor').hidden) shown.code = element('code').value.trim();
  const login = await ask('/api/auth/login', shown);
  if (login.body.code === 'TWO_FACTOR_REQUIRED' && element('second-factor').hidden) {
    element('second-factor').hidden = false;
    element('code').focus();
    return undefined;
  }
  if (!login.isOk) {
    refuse(login.body);
    return undefined;
  }
  rememberDevice(login.body.deviceToken);
  const answer = await ask(path, given, login.body.token);
  await ask('/api/auth/logout', {}, login.body.token);
  return answer;
}
`;
