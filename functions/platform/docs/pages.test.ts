import { expect, test } from 'vitest';
import { describeInBrowser } from '#core/testing/browser.ts';
import * as getDocsAsset from './get-docs-asset.ts';
import * as getDocsPage from './get-docs-page.ts';
import * as getOpenapi from './get-openapi.ts';
import * as getRedocAsset from './get-redoc-asset.ts';
import * as getRedocPage from './get-redoc-page.ts';

const endpoints = [getDocsPage, getRedocPage, getDocsAsset, getRedocAsset, getOpenapi];

describeInBrowser(endpoints, (ground) => {
  test.each([
    { path: '/docs', width: 1280, shows: '.opblock-tag' },
    { path: '/docs', width: 390, shows: '.opblock-tag' },
    { path: '/redoc', width: 1280, shows: '[data-section-id]' },
    { path: '/redoc', width: 390, shows: '[data-section-id]' },
  ])(
    '$path fits $width px, breaks no policy and loads nothing from elsewhere',
    async ({ path, width, shows }) => {
      const page = await ground.browser.newPage({ viewport: { width, height: 850 } });
      const troubles: string[] = [];
      page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(ground.base))
          troubles.push(request.url());
      });
      await page.goto(ground.base + path);
      await page.waitForSelector(shows, { timeout: 90_000 });
      if (path === '/docs') {
        await page.locator('.opblock-tag').first().click();
        await page.locator('.opblock-summary-control').first().click();
        await page.waitForSelector('.opblock-body', { timeout: 90_000 });
      }
      const shown = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(troubles).toEqual([]);
      expect(shown).toBeLessThanOrEqual(width);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}${path.replace('/', '/page-')}-${width}.png`,
        });
      }
      await page.close();
    },
  );
});
