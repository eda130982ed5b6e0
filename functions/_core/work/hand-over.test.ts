import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { env } from '../env.ts';
import { setSettings } from '../testing/settings.ts';
import { handOver } from './hand-over.ts';

const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
let status = 200;
let server: Server;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  setSettings({ PUBLIC_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }); // a TCP server's
});
afterAll(() => server.close());

test('asks the function that has the work, as the deployment itself', async () => {
  await handOver('jobs', ['a', 'b']);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/internal/jobs/run', body: '{"ids":["a","b"]}' });
  expect(seen[0]?.headers['x-internal-secret']).toBe(env().INTERNAL_API_SECRET);
});

test('fails when that does, so that the sweep knows', async () => {
  status = 503;
  await expect(handOver('jobs', ['a'])).rejects.toThrow('answered 503');
});
