import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type BadRequest, badRequests, brokenHttp, signedNonsense } from './shared/bad-requests.ts';
import { type Counts, demand, type Ground, makeCompany, withAdmin } from './shared/ground.ts';
import { type RawAnswer, sendRaw } from './shared/raw-http.ts';
import { startStackServer } from './shared/stack-server.ts';

const Envelope = z.object({
  success: z.literal(false),
  error: z.string(),
  message: z.string(),
  code: z.string(),
  requestId: z.string(),
});

const isEnvelope = (body: string): boolean => {
  try {
    return Envelope.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
};

/** @returns what is wrong with the answer, if anything is. */
function complaintOf({ what, expect }: BadRequest, { status, body }: RawAnswer): string | undefined {
  const said = `${what}: ${status} ${body.slice(0, 200)}`;
  if (status >= 500) return said;
  if (expect === 'http') return status === 0 || status >= 400 || what === 'a star' ? undefined : said;
  if (status === 0) return `${what}: closed without an answer`;
  if (status >= 400) return isEnvelope(body) ? undefined : `${said} (no envelope)`;
  return expect === 'refused' ? said : undefined;
}

const atOnce = 8;
const rssMegabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** Connections that never finish their request hold nobody up, and are closed in the end. */
async function slowloris(
  url: string,
  port: number,
  connections: number,
  isPatient: boolean,
): Promise<{ slowestMs: number; closed: number }> {
  const sockets: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    socket.write('POST /api/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ');
    sockets.push(socket);
  }
  let slowestMs = 0;
  const until = performance.now() + (isPatient ? 75_000 : 1_000);
  while (performance.now() < until && closed < connections) {
    for (const socket of sockets) if (socket.writable) socket.write('x');
    const started = performance.now();
    const { status } = await fetch(`${url}/health/live`);
    demand(status === 200, `/health/live was answered ${status} beside slow connections`);
    slowestMs = Math.max(slowestMs, performance.now() - started);
    await sleep(200);
  }
  for (const socket of sockets) socket.destroy();
  if (isPatient)
    demand(closed === connections, `${connections - closed} slow connections are still open after 75 s.`);
  return { slowestMs: Math.round(slowestMs), closed };
}

/** The answer to any bytes is a 4xx with the envelope, or what HTTP itself does; never a 5xx, and memory stays flat. */
export async function badInput(
  ground: Ground,
  size: { rounds: number; everyNth: number; slowConnections: number; isPatient: boolean },
): Promise<Counts> {
  const company = await withAdmin(ground, makeCompany);
  const server = await startStackServer({
    databaseUrl: ground.url,
    adminUrl: ground.adminUrl,
    logFile: ground.logFile,
    nodeFlags: ['--expose-gc'],
    // What nobody has linked is this company's, so that the worker is given the nonsense, too.
    env: { LOG_LEVEL: 'error', DEFAULT_COMPANY_ID: company.id },
  });
  try {
    for (const headers of [{ 'x-api-key': company.apiKey }, { authorization: `Bearer ${company.token}` }]) {
      const { status } = await fetch(`${server.url}/api/calls`, { headers });
      demand(
        status === 200,
        `A good request was answered ${status}: the bad ones would not get past the door.`,
      );
    }
    const some = (await badRequests(company)).filter((_, index) => index % size.everyNth === 0);
    const all = [...some, ...signedNonsense(), ...brokenHttp()];
    const complaints: string[] = [];
    const answers: RawAnswer[] = [];
    for (let i = 0; i < all.length; i += atOnce) {
      await Promise.all(
        all.slice(i, i + atOnce).map(async (request) => {
          const answer = await sendRaw(server.port, request.bytes);
          answers.push(answer);
          const complaint = complaintOf(request, answer);
          if (complaint !== undefined) complaints.push(complaint);
        }),
      );
    }
    const answered = (least: number) =>
      answers.filter(({ status }) => status >= least && status < least + 100).length;
    demand(
      complaints.length === 0,
      `${complaints.length} of ${all.length}:\n${complaints.slice(0, 40).join('\n')}`,
    );

    const slow = await slowloris(server.url, server.port, size.slowConnections, size.isPatient);
    const memory: number[] = [];
    // Bodies of 10 MB come and go: what counts is whether it keeps growing once the heap has its size.
    for (let round = 0; round < size.rounds; round++) {
      const part = all.filter((_, index) => index % size.rounds === round || index % 7 === 0);
      for (let i = 0; i < part.length; i += atOnce) {
        await Promise.all(part.slice(i, i + atOnce).map((request) => sendRaw(server.port, request.bytes)));
      }
      await server.ask('gc');
      memory.push(server.rssBytes());
    }
    const settled = Math.max(...memory.slice(0, Math.ceil(memory.length / 2)));
    const last = memory.at(-1) ?? 0;
    const mayStillSettle = size.rounds < 10;
    demand(
      mayStillSettle || last <= settled * 1.15,
      `Memory grows: ${memory.map(rssMegabytes).join(', ')} MB.`,
    );
    return {
      'kinds of request': all.length,
      '4xx': answered(400),
      '5xx': answered(500),
      rounds: size.rounds,
      'MB at half time, at most': rssMegabytes(settled),
      'MB at the end': rssMegabytes(last),
      'slow connections': size.slowConnections,
      'of them closed by the server': slow.closed,
      'slowest answer beside them, ms': slow.slowestMs,
    };
  } finally {
    await server.stop();
  }
}
