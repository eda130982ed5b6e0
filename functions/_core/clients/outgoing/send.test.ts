import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type LookupFunction,
  type Socket,
} from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { OutgoingError, sendOutgoing } from './send.ts';
import { refusalOfUrl } from './url.ts';

const open = { allowsHttp: true, allowsPrivate: true };
const guarded = { allowsHttp: true, allowsPrivate: false };

const sendTo = (url: string, given: Partial<Parameters<typeof sendOutgoing>[0]> = {}) =>
  sendOutgoing({ url, headers: {}, body: '{}', timeoutMs: 60_000, rules: open, ...given });

const failureOf = async (sent: Promise<unknown>): Promise<OutgoingError> => {
  const error = await sent.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof OutgoingError))
    throw new Error('The request did not fail as it should.', { cause: error });
  return error;
};

async function listening(
  server: Server | ReturnType<typeof createTcpServer>,
  host = '127.0.0.1',
): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const aServer = async (listener: RequestListener) =>
  `http://127.0.0.1:${await listening(createServer(listener))}/hook`;

/** A receiver below HTTP. */
async function aSocketServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  const port = await listening(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${port}/hook`;
}

describe('hostile addresses', () => {
  let canary: Server;
  let port: number;
  let reached = 0;
  beforeAll(async () => {
    canary = createServer((_request, response) => response.end());
    canary.on('connection', () => reached++);
    canary.listen(0, '::'); // IPv4 too
    await once(canary, 'listening');
    port = (canary.address() as AddressInfo).port;
  });
  afterAll(() => void canary.close());

  const hosts = [
    // the same four numbers, written in every way
    ...[
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f000001',
      '0x7f.0.0.1',
      '0x7f.1',
      '0177.0.0.1',
      '0177.1',
    ],
    ...['017700000001', '127.0.0.1.', '127.000.000.001', '0x7F.0x0.0x0.0x1', '127.255.255.254', '127.0.0.2'],
    ...['０１２７.0.0.1', '127。0。0。1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1'],
    ...['0', '0.0.0.0', '0x0', '00', '0.1.2.3', '0.0.0.0.'],
    // private, shared, link-local and metadata, documentation, benchmarks, multicast, reserved
    ...[
      '10.0.0.1',
      '10.255.255.255',
      '012.1.2.3',
      '167772161',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
    ],
    ...['192.168.255.255', '3232235521', '0xc0a80001', '100.64.0.1', '100.127.255.255', '169.254.169.254'],
    ...[
      '2852039166',
      '0xa9fea9fe',
      '0251.0376.0251.0376',
      '169.254.170.2',
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
    ],
    ...[
      '198.18.0.1',
      '198.19.255.255',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '239.255.255.255',
      '240.0.0.1',
    ],
    ...['255.255.255.255', '4294967295'],
    // IPv6
    ...[
      '[::]',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[::0001]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::FFFF:127.0.0.1]',
    ],
    ...[
      '[0:0:0:0:0:ffff:7f00:0001]',
      '[::ffff:10.0.0.1]',
      '[::ffff:169.254.169.254]',
      '[::ffff:0:0]',
      '[::127.0.0.1]',
    ],
    ...[
      '[::7f00:1]',
      '[::ffff:0:127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b:1::7f00:1]',
    ],
    ...[
      '[2002:7f00:1::]',
      '[2001:0:7f00:1::]',
      '[fc00::1]',
      '[fd00::8]',
      '[fd00:ec2::254]',
      '[fe80::1]',
      '[feb0::1]',
    ],
    ...['[fec0::1]', '[ff02::1]', '[ff0e::1]', '[100::1]', '[2001:db8::1]', '[3fff::1]'],
    // names
    ...[
      'localhost',
      'LOCALHOST',
      'localhost.',
      'LocalHost.',
      'a.localhost',
      'ｌocalhost',
      'loc\u00adalhost',
      'lo%63alhost',
    ],
    ...['metadata.google.internal', 'printer.local', 'intranet', 'db.lan', 'nas.home.arpa', 'xn--localhost-'],
  ];
  const urls = [
    ...hosts.map((host) => (at: number) => `http://${host}:${at}/hook`),
    (at: number) => `http://user@127.0.0.1:${at}/`,
    (at: number) => `http://example.com@127.0.0.1:${at}/`,
    (at: number) => `http://example.com:80@127.0.0.1:${at}/`,
    (at: number) => `http://127.0.0.1:${at}\\@example.com/`,
    (at: number) => `http:127.0.0.1:${at}/`,
    (at: number) => `http:///127.0.0.1:${at}/`,
    (at: number) => `http:\\\\127.0.0.1:${at}/`,
    (at: number) => `\thttp://127.0.0.1:${at}/`,
    (at: number) => `http://127.0.0.1:${at}/#example.com`,
    (at: number) => `ftp://127.0.0.1:${at}/`,
    (at: number) => `file://127.0.0.1:${at}/etc/passwd`,
    (at: number) => `gopher://127.0.0.1:${at}/`,
    (at: number) => `javascript:fetch('http://127.0.0.1:${at}')`,
    (at: number) => `//127.0.0.1:${at}/`,
  ];

  test(`none of ${urls.length} reaches this machine, as it is given or as it is sent to`, async () => {
    expect(urls.length).toBeGreaterThanOrEqual(100);
    const accepted = urls.map((make) => make(port)).filter((url) => refusalOfUrl(url, guarded) === undefined);
    const before = reached;
    const codes = await Promise.all(
      urls.map(
        async (make) => (await failureOf(sendTo(make(port), { rules: guarded, timeoutMs: 10_000 }))).code,
      ),
    );
    expect(reached).toBe(before);
    console.log(
      `hostile addresses: ${urls.length} tried, ${urls.length - accepted.length} refused as given, 0 reached`,
    );
    expect(codes.filter((code) => code === 'REFUSED_ADDRESS').length).toBeGreaterThanOrEqual(urls.length - 1);
    // the same canary is reached where private addresses are allowed: it is there
    expect((await sendTo(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(reached).toBe(before + 1);
  });

  /** A name server that answers each question with what `answer` says. */
  async function aNameServer(answer: () => string[]): Promise<LookupFunction> {
    const server = createSocket('udp4');
    server.on('message', (query, from) => {
      const type = query.readUInt16BE(query.indexOf(0, 12) + 1);
      const questionEnd = query.indexOf(0, 12) + 5;
      const addresses = type === 1 ? answer() : [];
      const head = Buffer.from(query.subarray(0, 12));
      head.writeUInt16BE(0x8180, 2);
      head.writeUInt16BE(1, 4);
      head.writeUInt16BE(addresses.length, 6);
      head.writeUInt32BE(0, 8);
      const records = addresses.map((address) =>
        Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
      );
      server.send(
        Buffer.concat([head, query.subarray(12, questionEnd), ...records]),
        from.port,
        from.address,
      );
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const resolver = new Resolver({ timeout: 60_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    return (hostname, _options, callback) =>
      resolver.resolve4(hostname, (error, found) =>
        error
          ? callback(error, '', 0)
          : callback(
              null,
              found.map((address) => ({ address, family: 4 })),
            ),
      );
  }

  test('a name that changes its mind after it was looked up gains nothing', async () => {
    // 192.0.1.1 is nobody's either, but may be asked for: the connection hangs, or is refused, and is given up.
    let address = '';
    const lookup = await aNameServer(() => [address]);
    const before = reached;
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) {
      const isHarmless = i % 2 === 0;
      address = isHarmless ? '192.0.1.1' : '127.0.0.1';
      const given = { rules: guarded, lookup, timeoutMs: isHarmless ? 500 : 60_000 };
      const sent = sendTo(`http://rebinding.example:${port}/`, given);
      codes.push((await failureOf(sent)).code);
    }
    expect(reached).toBe(before);
    expect(codes.filter((_, index) => index % 2 === 1)).toEqual(Array(3).fill('REFUSED_ADDRESS'));
    expect(codes.filter((_, index) => index % 2 === 0)).not.toContain('REFUSED_ADDRESS'); // it did look up, and try
  });

  test('of a name with public and private addresses, only the public ones are tried', async () => {
    const lookup = await aNameServer(() => ['127.0.0.1', '192.0.1.1', '10.0.0.1']);
    const before = reached;
    const { code } = await failureOf(
      sendTo(`http://both.example:${port}/`, { rules: guarded, lookup, timeoutMs: 300 }),
    );
    expect(code).not.toBe('REFUSED_ADDRESS');
    expect(reached).toBe(before);
    expect((await sendTo(`http://both.example:${port}/`, { lookup })).status).toBe(200);
  });
});

describe('answers', () => {
  test('come with status, headers and body; redirects are not followed', async () => {
    let followed = 0;
    const target = await aServer((_request, response) => {
      followed++;
      response.end();
    });
    const url = await aServer((request, response) => {
      request.on('data', () => {});
      request.on('end', () => response.writeHead(307, { location: target, 'retry-after': '7' }).end('moved'));
    });
    const answer = await sendTo(url);
    expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([
      307,
      '7',
      'moved',
    ]);
    expect(followed).toBe(0);
  });

  test('are read to 64 KB, and the connection is closed then', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    let written = 0;
    const closed = new Promise<void>((resolve) => {
      void aServer((_request, response) => {
        response.on('close', resolve);
        const pump = () => {
          while (written < 1600 && !response.destroyed) {
            written++;
            if (!response.write(chunk)) return void response.once('drain', pump);
          }
          response.end();
        };
        pump();
      }).then(async (url) => {
        const { status, body } = await sendTo(url);
        expect([status, body.length]).toEqual([200, 65_536]);
      });
    });
    await closed;
    expect(written).toBeLessThan(1600); // of 100 MB
  });

  test('are not decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const url = await aServer((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await sendTo(url)).body.equals(bomb.subarray(0, 65_536))).toBe(true);
  });
});

describe('receivers that do not answer', () => {
  const failing: [string, (socket: Socket) => void, string][] = [
    ['hangs', () => {}, 'TIMEOUT'],
    ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'ECONNRESET'],
    ['closes', (socket) => socket.once('data', () => socket.end()), 'ECONNRESET'],
    [
      'speaks no HTTP',
      (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')),
      'HPE_INVALID_CONSTANT',
    ],
    [
      'asks for another protocol',
      (socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        ),
      'UPGRADED',
    ],
    [
      'sends headers without end',
      (socket) =>
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n');
          socket.write(`x: ${'y'.repeat(40_000)}\r\n`);
        }),
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'sends a byte now and then',
      (socket) =>
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
          const timer = setInterval(() => socket.write('x'), 20);
          socket.on('close', () => clearInterval(timer));
        }),
      'TIMEOUT',
    ],
    [
      'breaks off',
      (socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nhalf')),
      'ECONNRESET',
    ],
  ];
  test.each(failing)('one that %s fails in time', async (_what, onConnection, code) => {
    const url = await aSocketServer(onConnection);
    // Those that time out would never end by themselves.
    const error = await failureOf(sendTo(url, code === 'TIMEOUT' ? { timeoutMs: 400 } : {}));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^[A-Z].*\.$/s);
  });

  test('one that refuses, that nobody knows, that has no TLS', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect((await failureOf(sendTo(`http://127.0.0.1:${port}/`))).message).toBe(
      'The connection was refused.',
    );
    const unknown: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), '', 0);
    const noName = await failureOf(sendTo('http://nobody.example/', { lookup: unknown }));
    expect(noName.message).toBe('The name of the host was not found.');
    const plain = (await aServer((_request, response) => response.end())).replace('http:', 'https:');
    expect((await failureOf(sendTo(plain))).message).toMatch(/^The TLS connection failed/);
  });
});
