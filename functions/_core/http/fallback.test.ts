import { describe, expect, test } from 'vitest';
import { forgetEnv } from '../env.ts';
import { makeFallback } from './fallback.ts';

const { serve } = makeFallback([
  { method: 'GET', path: '/api/calls' },
  { method: 'POST', path: '/api/calls' },
  { method: 'GET', path: '/api/calls/:id' },
  { method: 'DELETE', path: '/api/calls/scheduled' },
]);
const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  serve(new Request(`https://api.example.com${path}`, { method, headers }));

describe('what no endpoint answers', () => {
  test('is 404 with the envelope on an unknown path', async () => {
    const response = await ask('GET', '/api/nothing', { 'x-request-id': 'abc' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ success: false, code: 'NOT_FOUND', requestId: 'abc' });
    expect(response.headers.get('x-request-id')).toBe('abc');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('is 405 that names the methods a known path takes', async () => {
    const response = await ask('PUT', '/api/calls');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST, OPTIONS');
    expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  test('counts every pattern that fits the path', async () => {
    const response = await ask('PATCH', '/api/calls/scheduled');
    expect(response.headers.get('allow')).toBe('DELETE, GET, OPTIONS');
  });

  test('is a preflight for an allowed origin', async () => {
    process.env.ALLOWED_ORIGINS = 'https://app.example.com';
    forgetEnv();
    const response = await ask('OPTIONS', '/api/calls', { origin: 'https://app.example.com' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    delete process.env.ALLOWED_ORIGINS;
    forgetEnv();
  });

  test('is a preflight without permission for any other origin', async () => {
    const response = await ask('OPTIONS', '/api/calls', { origin: 'https://evil.example.com' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
