import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathPattern } from '#core/path.ts';
import * as getDocsAsset from './get-docs-asset.ts';
import * as getDocsPage from './get-docs-page.ts';
import * as getOpenapi from './get-openapi.ts';
import * as getRedocAsset from './get-redoc-asset.ts';
import * as getRedocPage from './get-redoc-page.ts';

const browserPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const endpoints = [getDocsPage, getRedocPage, getDocsAsset, getRedocAsset, getOpenapi];

describe.skipIf(!existsSync(browserPath))('in a browser', () => {
  let server: Server;
  let base: string;
  let browser: Browser;
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const endpoint = endpoints.find(({ contract }) => pathPattern(contract.path).match(url.pathname));
      const answer = await endpoint?.serve(new Request(url));
      response.writeHead(answer?.status ?? 404, Object.fromEntries(answer?.headers ?? []));
      response.end(answer ? Buffer.from(await answer.arrayBuffer()) : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    browser = await chromium.launch({
      executablePath: browserPath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  test.each([
    { path: '/docs', width: 1280, shows: '.opblock-tag' },
    { path: '/docs', width: 390, shows: '.opblock-tag' },
    { path: '/redoc', width: 1280, shows: '[data-section-id]' },
    { path: '/redoc', width: 390, shows: '[data-section-id]' },
  ])(
    '$path fits $width px, breaks no policy and loads nothing from elsewhere',
    async ({ path, width, shows }) => {
      const page = await browser.newPage({ viewport: { width, height: 850 } });
      const troubles: string[] = [];
      page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(base))
          troubles.push(request.url());
      });
      await page.goto(base + path);
      await page.waitForSelector(shows, { timeout: 15_000 });
      if (path === '/docs') {
        await page.locator('.opblock-tag').first().click();
        await page.locator('.opblock-summary-control').first().click();
        await page.waitForSelector('.opblock-body');
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
