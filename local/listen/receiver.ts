import { createServer, type IncomingMessage, type Server } from 'node:http';
import * as z from 'zod';
import { refusalOf } from './verify.ts';

const maxBytes = 10 * 1024 * 1024;

/** What of an event is worth a line. --json shows all of it. */
const Event = z.object({
  type: z.string().optional(),
  sequence: z.number().optional(),
  data: z
    .looseObject({ from: z.string().nullish(), to: z.union([z.string(), z.array(z.string())]).nullish() })
    .optional(),
});

export interface ReceiverOptions {
  port: number;
  /** Known once the webhook is made: what comes sooner waits for it. */
  secret: Promise<string>;
  showsJson: boolean;
  print: (line: string) => void;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size <= maxBytes ? Buffer.concat(chunks) : undefined;
}

/** Control characters of somebody else's text could repaint a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{C}/gu, '�');

function eventOf(body: Buffer): z.infer<typeof Event> {
  try {
    return Event.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return {};
  }
}

function lineOf(body: Buffer, id: string, refusal: string | undefined, isRepeat: boolean): string {
  const { type = '(no event)', sequence, data } = eventOf(body);
  const parties = data?.from || data?.to ? `${data.from ?? '–'} → ${[data.to ?? '–'].flat().join(', ')}` : '';
  const parts = [
    new Date().toISOString().slice(11, 23),
    refusal === undefined ? '✓ verified' : '✗ refused ',
    type.padEnd(20),
    (sequence === undefined ? '' : `#${sequence}`).padEnd(6),
    id,
    parties,
    isRepeat ? '(again)' : '',
    refusal === undefined ? '' : `: ${refusal}`,
  ];
  return plain(parts.filter((part) => part !== '').join('  '));
}

/**
 * Takes in deliveries on this machine alone and prints a line for each: 200 to the genuine, 401 to all others.
 * @throws Error with one sentence when the port cannot be had.
 */
export async function startReceiver({ port, secret, showsJson, print }: ReceiverOptions): Promise<Server> {
  const seen = new Set<string>();
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405, { allow: 'POST' }).end('Deliveries come by POST.\n');
      return;
    }
    const body = await bodyOf(request).catch(() => undefined);
    if (!body) {
      if (!response.destroyed) response.writeHead(413).end('Too large.\n');
      return;
    }
    const refusal = refusalOf({ headers: request.headers, body }, await secret, new Date());
    const id = String(request.headers['webhook-id'] ?? '(no id)');
    print(lineOf(body, id, refusal, seen.has(id)));
    if (refusal === undefined) seen.add(id);
    if (showsJson) print(body.toString('utf8'));
    response
      .writeHead(refusal === undefined ? 200 : 401)
      .end(refusal === undefined ? 'ok\n' : `Not verified: ${refusal}.\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken by another program: give another one, as in npm run listen -- ${port < 65_535 ? port + 1 : 4000}.`
          : error.code === 'EACCES'
            ? `Port ${port} may only be used by root: give one above 1023, as in npm run listen -- 4000.`
            : error.message;
      reject(new Error(sentence, { cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
