import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { request } from '#core/testing/company.ts';
import * as getDocsAsset from './get-docs-asset.ts';
import * as getDocsPage from './get-docs-page.ts';
import * as getOpenapi from './get-openapi.ts';
import * as getRedocAsset from './get-redoc-asset.ts';
import * as getRedocPage from './get-redoc-page.ts';
import * as listRoutes from './list-routes.ts';
import { type AssetName, assets } from './shared/assets.ts';

describe('GET /api/routes', () => {
  test('lists every endpoint, itself too, and no file names', async () => {
    const { status, body } = await request(listRoutes);
    expect(status).toBe(200);
    expect(body.data).toContainEqual({
      method: 'GET',
      path: '/api/routes',
      summary: 'List the endpoints',
      who: ['public'],
      role: null,
      scope: null,
      feature: 'docs',
    });
  });
});

describe('GET /api/openapi.json', () => {
  test('is a valid OpenAPI 3.1 document of the listed routes', async () => {
    const { status, headers, body } = await request(getOpenapi);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(body.openapi).toBe('3.1.0');
    const routes = (await request(listRoutes)).body.data;
    for (const { method, path } of routes) {
      expect(body.paths[path.replaceAll(/:(\w+)/g, '{$1}')]).toHaveProperty(method.toLowerCase());
    }
    expect((await new Validator().validate(body)).valid).toBe(true);
  });
});

describe.each([
  { page: getDocsPage, asset: getDocsAsset },
  { page: getRedocPage, asset: getRedocAsset },
])('$page.contract.path', ({ page, asset }) => {
  test('is a page without inline script or style, under a policy that allows none', async () => {
    const { status, headers, text } = await request(page);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/);
    expect(text).not.toMatch(/https?:/);
  });

  test('finds each of its assets here, for a long time', async () => {
    const { text } = await request(page);
    const addresses = [...text.matchAll(/(?:src|href)="(\/[^"]*assets\/[^"]+)"/g)].map(
      ([, address]) => address ?? '',
    );
    expect(addresses.length).toBeGreaterThan(2);
    for (const address of addresses) {
      const url = new URL(address, 'http://localhost');
      const file = url.pathname.split('/').at(-1) as AssetName; // the page names only these
      const {
        status,
        headers,
        text: content,
      } = await request(asset, { file, v: url.searchParams.get('v') ?? '' });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe(assets[file].type);
      expect(headers.get('cache-control')).toContain('immutable');
      expect(content).not.toContain('cdn.redoc.ly');
    }
  });

  test('gives no other file', async () => {
    for (const file of ['package.json', '..%2fpackage.json', 'swagger-ui-bundle.js.map']) {
      expect((await request(asset, { file })).status).toBe(400);
    }
  });
});
