import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { httpClient } from './http-client.ts';

let server: Server;
let baseUrl = '';
/** Bytes that the server could send before its reader left. */
let sent = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/small') return response.end('{"is":"small"}');
    const chunk = Buffer.alloc(64 * 1024, 'x');
    response.on('error', () => {});
    const write = () => {
      if (response.destroyed) return;
      sent += chunk.length;
      response.write(chunk, () => setImmediate(write));
    };
    write();
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('an answer without an end is given up once it is longer than an answer may be', async () => {
  const maxAnswerBytes = 1024 * 1024;
  const client = httpClient({ provider: 'test', baseUrl, headers: {}, maxAttempts: 1, maxAnswerBytes });
  const asked = client.request('GET', '/endless', { answer: z.unknown() });
  await expect(asked).rejects.toMatchObject({ name: 'ProviderError', status: 0 });
  expect(sent).toBeLessThan(64 * maxAnswerBytes);
  const answer = z.object({ is: z.string() });
  expect(await client.request('GET', '/small', { answer })).toEqual({ is: 'small' });
});
