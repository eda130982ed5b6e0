import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { onTestFinished } from 'vitest';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Somebody's server that webhooks go to, on an address of this machine, until the test ends. */
export async function aReceiver(
  answer: (response: ServerResponse, received: Received, count: number) => void = (response) =>
    response.end(),
  host = '127.0.0.1',
): Promise<{ url: string; received: Received[]; connections: { open: number; most: number } }> {
  const received: Received[] = [];
  const connections = { open: 0, most: 0 };
  const server = createServer((request, response) => {
    connections.most = Math.max(connections.most, ++connections.open);
    response.on('close', () => connections.open--);
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { headers: request.headers, body };
      received.push(one);
      answer(response, one, received.length);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  return { url: `http://${host}:${port}/hook`, received, connections };
}

/** Whether a receiver with this secret takes it, by the reference library of Standard Webhooks. */
export function verifies(secret: string, { headers, body }: Received): boolean {
  const shown = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  try {
    new Webhook(secret).verify(body, shown);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
