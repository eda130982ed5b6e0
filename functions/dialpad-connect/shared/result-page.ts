import { createHash } from 'node:crypto';
import { RawReply } from '#core/http/reply.ts';

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#1a1a1a}h1{font-size:1.4rem}';
const styleHash = createHash('sha256').update(style).digest('base64');

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** What the person who comes back from Dialpad sees: text only, no script, nothing from elsewhere. */
export function resultPage(status: number, title: string, sentence: string): RawReply {
  return new RawReply({
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'`,
      vary: 'Accept',
    },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><h1>${escaped(title)}</h1><p>${escaped(sentence)}</p></body></html>
`,
  });
}
