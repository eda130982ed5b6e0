import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { request } from '#core/testing/company.ts';
import * as showAcceptInvitation from './show-accept-invitation.ts';
import * as showDataExport from './show-data-export.ts';
import * as showKeepAccount from './show-keep-account.ts';
import * as showResetPassword from './show-reset-password.ts';
import * as showVerifyEmail from './show-verify-email.ts';

const pages = [
  ...[showVerifyEmail, showResetPassword, showAcceptInvitation, showKeepAccount, showDataExport],
].map((page) => ({
  page,
  path: page.contract.path,
}));

/** What stands in the only element of this name. */
function textIn(tag: string, html: string): string {
  const found = [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, 'g'))];
  expect(found).toHaveLength(1);
  return found[0]?.[1] ?? '';
}
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe.each(pages)('GET $path', ({ page, path }) => {
  test('runs its own script and style, by their hashes, and may talk to nobody but this API', async () => {
    const { status, headers, text } = await request(
      page,
      'token' in page.contract.input.shape ? { token: 'ev_abc' } : {},
    );
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    const policy = (headers.get('content-security-policy') ?? '').split('; ');
    expect(policy.sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      'img-src data:',
      `script-src ${hashOf(textIn('script', text))}`,
      `style-src ${hashOf(textIn('style', text))}`,
    ]);
    expect(() => new Script(textIn('script', text))).not.toThrow();
  });

  test('loads nothing, and holds neither handlers nor styles that the policy would refuse', async () => {
    const { text } = await request(page);
    const markup = text.replace(textIn('script', text), '').replace(textIn('style', text), '');
    expect(markup).not.toMatch(/\son\w+=|\sstyle=|\ssrc=|https?:|javascript:|@import|url\(/i);
    expect(markup.match(/\shref="[^"]*"/g)).toEqual([' href="data:,"']);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  });

  test('gives each field a label, and each word of a description its element', async () => {
    const { text } = await request(page);
    const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [, described = ''] of text.matchAll(/aria-describedby="([^"]+)"/g)) {
      expect(ids).toEqual(expect.arrayContaining(described.split(' ')));
    }
    const labelled = [...text.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id);
    const wrapped = [...text.matchAll(/<label class="choice"><input [^>]*id="([^"]+)"/g)].map(([, id]) => id);
    const inputs = [...text.matchAll(/<input [^>]*?id="([^"]+)"/g)].map(([, id]) => id);
    expect([...labelled, ...wrapped].sort()).toEqual(inputs.sort());
  });

  test.each(['', 'ev_abc', '"><script>alert(1)</script>', '</script><img src=x>', '&lt;', 'x'.repeat(200)])(
    'is the same whatever the token: %j',
    async (token) => {
      if (!('token' in page.contract.input.shape)) return; // it is not told by a token whom it is for
      const { status, text } = await request(page, { token });
      expect(status).toBe(200);
      expect(text).toBe((await request(page)).text);
    },
  );

  test('refuses a token that none could be, without repeating it, and tells a browser by a page', async () => {
    if (!('token' in page.contract.input.shape)) return;
    const tooLong = await request(page, { token: '<b>'.repeat(67) });
    expect([tooLong.status, tooLong.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(tooLong.text).not.toContain('<b>');
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const shown = await request(page, { token: '<b>'.repeat(67) }, { accept });
    expect([shown.status, shown.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
    expect(shown.text).toContain('<h1>This page cannot be shown</h1>');
    expect(shown.text).not.toContain('<b>');
  });

  test('does not mind what mail programs and click trackers add to its address, nor repeat it', async () => {
    const added = 'utm_source=news&utm_source=mail&fbclid=x1&mc_cid=2&next=//evil.example';
    const tracked = await page.serve(new Request(`https://api.example.com${path}?${added}`));
    expect(tracked.status).toBe(200);
    expect(await tracked.text()).toBe((await request(page)).text);
  });

  test('takes no other method and is at no other path', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await page.serve(new Request(`https://api.example.com${path}`, { method }));
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    }
    expect((await page.serve(new Request(`https://api.example.com${path}/more`))).status).toBe(404);
  });
});
