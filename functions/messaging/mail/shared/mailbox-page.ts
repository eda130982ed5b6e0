import { RawReply } from '#core/http/reply.ts';
import { escaped } from './layout.ts';
import type { KeptMail } from './mailbox.ts';

const style = `
:root { color-scheme: light dark; --line: #d7dbe2; --soft: #5b6472; --link: #1d4ed8; --paper: #fff; --ground: #f3f4f6; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4352; --soft: #aab2c0; --link: #93c5fd; --paper: #1f2937; --ground: #111827; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 56rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; background: var(--ground); }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.35rem; }
header form { display: flex; gap: .5rem; flex: 1 1 14rem; min-width: 0; max-width: 26rem; }
input[type=search] { flex: 1 1 0; width: 0; min-width: 0; font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px; }
input::placeholder { color: var(--soft); opacity: 1; }
button { font: inherit; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: 6px; }
a { color: var(--link); }
.soft { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
details { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; margin-bottom: .6rem; overflow: hidden; }
summary { cursor: pointer; padding: .7rem 1rem; list-style-position: outside; margin-left: 1.7rem; padding-left: .3rem; }
summary strong { display: block; overflow-wrap: anywhere; }
summary .soft { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; }
.parts { display: grid; grid-template-columns: auto auto 1fr; border-top: 1px solid var(--line); }
.parts > input { position: absolute; opacity: 0; pointer-events: none; }
.parts > label { padding: .5rem 1rem; cursor: pointer; color: var(--soft); border-bottom: 3px solid transparent; }
.parts > input:checked + label { color: inherit; border-color: var(--link); }
.parts > input:focus-visible + label { outline: 2px solid var(--link); outline-offset: -2px; }
.part { display: none; grid-column: 1 / -1; border-top: 1px solid var(--line); }
.plain { border-top: 1px solid var(--line); }
.html:checked ~ iframe.part, .text:checked ~ pre.part { display: block; }
iframe { width: 100%; height: 42rem; max-height: 85vh; border: 0; }
pre { margin: 0; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 15px/1.5 ui-monospace, monospace; }
`;

// The frames inherit this policy. A mail's styles stand in its tags, which no hash can allow; scripts run nowhere.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Addresses in plain text as links, all else as it is. */
function withLinks(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, i) =>
      i % 2 === 1
        ? `<a href="${escaped(part)}" target="_blank" rel="noreferrer">${escaped(part)}</a>`
        : escaped(part),
    )
    .join('');
}

/** The mail's page for a frame: what it links to opens beside. */
const framed = (html: string) => html.replace(/<head>/i, '<head><base target="_blank">');

/** To a telephone number: text alone. */
const isSms = (to: string): boolean => to.startsWith('+');

function item({ id, to, subject, text, html, at }: KeptMail, isOpen: boolean): string {
  const time = `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
  return `<details${isOpen ? ' open' : ''}>
<summary><strong>${escaped(subject)}</strong><span class="soft"><span>to ${escaped(to)}</span><time datetime="${at}">${time}</time></span></summary>
${isSms(to) ? `<pre class="plain">${withLinks(text)}</pre>` : tabs(id, subject, text, html)}
</details>`;
}

function tabs(id: string, subject: string, text: string, html: string): string {
  return `<div class="parts">
<input type="radio" class="html" name="p-${id}" id="h-${id}" checked><label for="h-${id}">Mail</label>
<input type="radio" class="text" name="p-${id}" id="t-${id}"><label for="t-${id}">Plain text</label>
<iframe class="part" title="${escaped(subject)}" loading="lazy" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escaped(framed(html))}"></iframe>
<pre class="part">${withLinks(text)}</pre>
</div>`;
}

/** The local mailbox, to be read by people: no script, each mail in a frame that may do nothing but open its links. */
export function mailboxPage(mails: readonly KeptMail[], to: string | undefined): RawReply {
  const nothing = to
    ? `No mail was sent to ${escaped(to)}. <a href="/dev/mailbox">Show all mails</a>`
    : 'No mail was sent yet. Mails stay here while neither RESEND_API_KEY nor SMTP_URL is set.';
  const items = mails.map((mail, i) => item(mail, i === 0));
  return new RawReply({
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      vary: 'Accept',
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local mailbox</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Local mailbox</h1>
<form method="get" action="/dev/mailbox" role="search"><input type="search" name="to" value="${escaped(to ?? '')}" placeholder="name@example.com" aria-label="Mails to this address"><button>Show</button></form>
</header>
<main>
${items.length > 0 ? items.join('\n') : `<p class="soft">${nothing}</p>`}
</main>
</body>
</html>
`,
  });
}
