import { createHash } from 'node:crypto';
import type { HeaderFields } from './incoming.ts';
import { pageStyle } from './page-style.ts';
import { RawReply } from './reply.ts';

const styleHash = createHash('sha256').update(pageStyle).digest('base64');

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** Whether a page is asked for by name: browsers do. */
export const wantsPage = (headers: HeaderFields): boolean =>
  /\btext\/html\b/i.test(headers.get('accept') ?? '');

/**
 * A page for a person in the middle of something: text and at most one form, no script, nothing from elsewhere.
 * @param page.form A button, and the origin (`https://dialpad.com`) that its answer leads to; where it is sent is this
 * page's own address.
 */
export function plainPage(page: {
  status: number;
  title: string;
  sentences: readonly string[];
  list?: readonly string[];
  form?: { button: string; leadsTo: string };
}): RawReply {
  const { status, title, sentences, list = [], form } = page;
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    'img-src data:', // the empty icon
    "base-uri 'none'",
    `form-action ${form ? `'self' ${form.leadsTo}` : "'none'"}`, // Chromium asks it of the redirect too
    "frame-ancestors 'none'",
  ];
  const items = list.map((item) => `<li>${escaped(item)}</li>`).join('');
  return new RawReply({
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'same-origin', // with no-referrer, a browser says of its own form: `Origin: null`
      'x-robots-tag': 'noindex',
      vary: 'Accept',
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n')}
${items ? `<ul>${items}</ul>` : ''}
${form ? `<form method="post"><button>${escaped(form.button)}</button></form>` : ''}
</main>
</body>
</html>
`,
  });
}
