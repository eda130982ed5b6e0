import { createHash } from 'node:crypto';
import { pageStyle } from '#core/http/page-style.ts';
import { RawReply } from '#core/http/reply.ts';
import { pageScript } from './page-script.ts';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** A field of a page, by the name that the API gives it. `more` are further attributes. */
export const field = (id: string, label: string, more: string, hint?: string): string => `<div class="field">
<label for="${id}" id="${id}-label">${label}</label>
<input id="${id}" ${more} aria-describedby="${hint ? `${id}-hint ` : ''}${id}-error">
${hint ? `<p class="hint" id="${id}-hint">${hint}</p>\n` : ''}<p class="error" id="${id}-error" hidden></p>
</div>`;

/** Of every field with `data-password`. */
export const showPassword =
  '<label class="choice"><input type="checkbox" id="show"> <span>Show what I type</span></label>';

/** What a new password must be, as a hint. */
export const newPasswordHint = '12 characters or more. A few words that only you put together do well.';

/** Of the `token` that a mail’s link carries. */
export const tokenDescription =
  'Of the mail. The page’s own script reads it; the answer is the same without it, and opening it changes nothing.';

/**
 * A page that a mail links to. The answer holds nothing of the request, so nobody's text can be in it, and runs one
 * script and one style: these very texts, by their hashes. It loads nothing, and talks to no one but this API.
 */
export function accountPage(page: { title: string; lead: string; form: string; script: string }): RawReply {
  const script = `${pageScript}${page.script}`;
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(pageStyle)}`,
    "connect-src 'self'",
    'img-src data:', // the empty icon
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return new RawReply({
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${page.title}</h1>
<noscript><p>This page needs JavaScript. Switch it on, then load the page again.</p></noscript>
<form id="form" novalidate hidden>
<p>${page.lead}</p>
${page.form}
</form>
<p id="said" class="said" role="status" aria-live="polite" tabindex="-1"></p>
</main>
<script type="module">${script}</script>
</body>
</html>
`,
  });
}
