import type { Content, Words } from './words/words.ts';

/** Text as HTML that shows it, wherever it stands: between tags or in an attribute. */
export const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

export interface Letter {
  language: string;
  sender: string;
  greeting: string;
  content: Content;
  words: Words;
  footer: string;
}

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const paragraph = `${font};margin:0 0 16px;font-size:16px;line-height:1.5;color:#1f2937;overflow-wrap:anywhere`;
const small = `${font};margin:0 0 12px;font-size:14px;line-height:1.5;color:#4b5563;overflow-wrap:anywhere`;

// What is inline is for light mode, and for readers that drop style sheets; these rules turn it dark.
const darkMode = `@media (prefers-color-scheme: dark) {
.page { background: #111827 !important; }
.card { background: #1f2937 !important; border-color: #374151 !important; }
.text, .sender { color: #f3f4f6 !important; }
.small { color: #b6bdc9 !important; }
.link { color: #93c5fd !important; }
.code { background: #111827 !important; color: #f3f4f6 !important; }
.button { background: #2563eb !important; }
.rule { border-color: #374151 !important; }
}`;

const lines = (text: string) => escaped(text).replaceAll('\n', '<br>');

/** The mail as HTML: one column, no image, nothing from elsewhere. */
export function htmlOf({ language, sender, greeting, content, words, footer }: Letter): string {
  const { button, code, notes = [] } = content;
  const texts = [greeting, ...content.paragraphs].map(
    (text) => `<p class="text" style="${paragraph}">${lines(text)}</p>`,
  );
  if (code !== undefined) {
    texts.push(
      `<p style="margin:8px 0 24px;text-align:center"><span class="code" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#f3f4f6;color:#111827;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:28px;font-weight:700;letter-spacing:6px">${escaped(code)}</span></p>`,
    );
  }
  if (button) {
    texts.push(
      `<p style="margin:8px 0 24px"><a class="button" href="${escaped(button.link)}" style="${font};display:inline-block;padding:13px 24px;border-radius:8px;background:#1d4ed8;color:#ffffff;font-size:16px;font-weight:600;line-height:1.25;text-decoration:none">${escaped(button.label)}</a></p>`,
    );
  }
  texts.push(...notes.map((note) => `<p class="small" style="${small}">${lines(note)}</p>`));
  if (button) {
    texts.push(
      `<p class="small" style="${small}">${escaped(words.linkHint)}<br><a class="link" href="${escaped(button.link)}" style="color:#1d4ed8;word-break:break-all">${escaped(button.link)}</a></p>`,
    );
  }
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(content.subject)}</title>
<style>
:root { color-scheme: light dark; }
${darkMode}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f4f6">
<table class="page" role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" style="background:#f3f4f6">
<tr><td align="center" style="padding:24px 12px">
<table class="card" role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" style="max-width:560px;background:#ffffff;border:1px solid #e5e7eb;border-radius:12px;text-align:left">
<tr><td class="sender" style="${font};padding:28px 28px 0;font-size:20px;font-weight:700;line-height:1.3;color:#111827;overflow-wrap:anywhere">${escaped(sender)}</td></tr>
<tr><td style="padding:20px 28px 12px">
${texts.join('\n')}
</td></tr>
<tr><td style="padding:0 28px 20px">
<p class="small rule" style="${small};margin:0;padding-top:16px;border-top:1px solid #e5e7eb;font-size:13px">${escaped(footer)}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

/** The mail as plain text, with all that the HTML says. */
export function textOf({ greeting, content, footer }: Letter): string {
  const { button, code, notes = [] } = content;
  return `${[
    greeting,
    ...content.paragraphs,
    ...(code === undefined ? [] : [code]),
    ...(button ? [`${button.label}:\n${button.link}`] : []),
    ...notes,
    `-- \n${footer}`,
  ].join('\n\n')}\n`;
}
