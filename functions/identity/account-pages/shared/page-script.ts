/**
 * What the script of every page begins with. It takes the token out of the address, and knows how to ask the API and to
 * say what came of it. Texts become text nodes, never markup.
 */
export const pageScript = `
const token = (new URLSearchParams(location.search).get('token') ?? '').trim();
history.replaceState(null, '', location.pathname);

const element = (id) => document.getElementById(id);
const form = element('form');
const said = element('said');
const button = form.querySelector('button');

function say(text, kind) {
  said.textContent = text;
  said.className = 'said ' + kind;
  said.focus();
}

function finish(text, kind) {
  form.hidden = true;
  form.reset();
  say(text, kind);
}

/** The device token of the last account that this browser used here; a browser that keeps nothing has none. */
const deviceKey = 'trunkline-device-token';
function knownDevice() {
  try {
    const deviceToken = localStorage.getItem(deviceKey);
    return deviceToken ? { deviceToken } : {};
  } catch {
    return {};
  }
}
function rememberDevice(deviceToken) {
  try {
    if (typeof deviceToken === 'string') localStorage.setItem(deviceKey, deviceToken);
  } catch {} // next time, this is a device that nobody knows
}

async function ask(path, given, accessToken) {
  const headers = accessToken === undefined ? {} : { authorization: 'Bearer ' + accessToken };
  if (given !== undefined) headers['content-type'] = 'application/json';
  const method = given === undefined ? 'GET' : 'POST';
  const body = given === undefined ? undefined : JSON.stringify(given);
  try {
    const answer = await fetch(path, { method, headers, body, credentials: 'omit', cache: 'no-store' });
    return { isOk: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return { isOk: false, body: { message: 'The server did not answer. Check the connection, then try again.' } };
  }
}

function mark(input, fault) {
  const error = element(input.id + '-error');
  error.textContent = element(input.id + '-label').textContent + ' ' + fault + '.';
  error.hidden = false;
  input.setAttribute('aria-invalid', 'true');
}

function unmarkAll() {
  said.textContent = '';
  for (const error of form.querySelectorAll('.error')) error.hidden = true;
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}

const isShown = (input) => input instanceof HTMLInputElement && input.closest('[hidden]') === null;

/** At the fields that the API names; as the API's own sentence where it names another. */
function refuse(body) {
  const faults = (body.details ?? []).map(({ path, message }) => ({ input: element(path), message }));
  if (faults.length === 0 || !faults.every(({ input }) => isShown(input))) return say(body.message, 'bad');
  for (const { input, message } of faults) mark(input, message);
  faults[0].input.focus();
}

function isComplete() {
  const missing = [...form.querySelectorAll('input[required]')].filter((input) => isShown(input) && input.value === '');
  for (const input of missing) mark(input, 'is needed');
  missing[0]?.focus();
  return missing.length === 0;
}

/** One press is one request, however often it is pressed. */
function whenSent(act) {
  let isBusy = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isBusy) return;
    unmarkAll();
    if (!isComplete()) return;
    const label = button.textContent;
    isBusy = true;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = 'One moment…';
    try {
      await act();
    } finally {
      isBusy = false;
      button.removeAttribute('aria-disabled');
      button.textContent = label;
    }
  });
}

element('show')?.addEventListener('change', ({ target }) => {
  for (const input of form.querySelectorAll('[data-password]')) input.type = target.checked ? 'text' : 'password';
});
`;
