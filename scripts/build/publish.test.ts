import { describe, expect, test } from 'vitest';
import { discover } from '../generate/discover.ts';
import { headersFile, staticAnswers } from './publish.ts';

describe('what a static host is given', () => {
  test('is what the endpoints answer, where the host looks for it', async () => {
    const published = await staticAnswers(await discover());
    const files = published.map(({ file }) => file);
    expect(files).toEqual(
      expect.arrayContaining(['/docs.html', '/redoc.html', '/api/openapi.json', '/api/routes']),
    );
    expect(files).toContain('/docs/assets/swagger-ui-bundle.js');
    expect(published.every(({ body }) => body.length > 0)).toBe(true);
  });

  test('with the same headers, but for those of one answer only', async () => {
    const text = headersFile(await staticAnswers(await discover()));
    const [docs = ''] = text.split('\n\n').filter((block) => block.startsWith('/docs\n'));
    expect(docs).toContain("\n  content-security-policy: default-src 'none'; script-src 'self'");
    expect(docs).toContain('\n  x-content-type-options: nosniff');
    expect(text).not.toContain('x-request-id');
  });
});
