import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Endpoint } from '../endpoint.ts';
import { pathPattern } from '../http/path.ts';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Endpoints at an address of their own, and a browser to look at them. Both are there while tests run, not before. */
export interface BrowserGround {
  /** Where the endpoints are, with no slash at its end. */
  readonly base: string;
  readonly browser: Browser;
}

type Served = Pick<Endpoint, 'contract' | 'serve'>;

function serverOf(endpoints: readonly Served[]) {
  const routes = endpoints.map(({ contract, serve }) => ({
    method: contract.method,
    match: pathPattern(contract.path).match,
    serve,
  }));
  return createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const { method = 'GET' } = incoming;
    const route = routes.find((each) => each.method === method && each.match(url.pathname));
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null;
    const answer = await route?.serve(new Request(url, { method, headers, body }));
    outgoing.writeHead(answer?.status ?? 404, Object.fromEntries(answer?.headers ?? []));
    outgoing.end(answer ? Buffer.from(await answer.arrayBuffer()) : '');
  });
}

/**
 * Tests that look at endpoints in Chromium. They are skipped where there is none: CHROMIUM_PATH says where it is, if not
 * at /usr/bin/chromium.
 */
export function describeInBrowser(
  endpoints: readonly Served[],
  tests: (ground: BrowserGround) => void,
): void {
  describe.skipIf(!existsSync(executablePath))('in a browser', () => {
    const server = serverOf(endpoints);
    let base = '';
    let browser: Browser | undefined;
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is an AddressInfo
      const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
      browser = await chromium.launch({ executablePath, args });
    });
    afterAll(async () => {
      await browser?.close();
      server.closeAllConnections();
      server.close();
    });
    tests({
      get base() {
        return base;
      },
      get browser() {
        if (!browser) throw new Error('The browser is there from beforeAll on.');
        return browser;
      },
    });
  });
}
