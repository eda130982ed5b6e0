import { RawReply } from '#core/http/reply.ts';
import release from '../../../../package.json' with { type: 'json' };
import { publicForMinutes } from './caching.ts';

/** An HTML page of nothing but its assets, under the tightest content policy that they run with. */
export function pageReply(page: {
  title: string;
  folder: string;
  styles: readonly string[];
  scripts: readonly string[];
  policy: string;
}): RawReply {
  const address = (file: string) => `${page.folder}/${file}?v=${release.version}`;
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<link rel="icon" type="image/svg+xml" href="${address('icon.svg')}">
${page.styles.map((file) => `<link rel="stylesheet" href="${address(file)}">`).join('\n')}
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript; the document itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
${page.scripts.map((file) => `<script src="${address(file)}"></script>`).join('\n')}
</body>
</html>
`;
  return new RawReply({
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; ${page.policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      ...publicForMinutes,
    },
    body,
  });
}
