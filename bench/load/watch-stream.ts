import { get } from 'node:http';
import type { OpenJob } from './open-loop.ts';

/**
 * Reads an event stream, and notes when it told of each mark.
 * @returns once the stream is open. `all` gives the times by index when every mark was told of, and throws after so long.
 */
export async function watchStream(
  port: number,
  { path, headers, marks }: NonNullable<OpenJob['watched']>,
  fail: (error: Error) => void,
): Promise<{ all(withinMs: number): Promise<Map<number, number>>; stop(): void }> {
  const waiting = new Map(marks.map(({ index, text }) => [text, index]));
  const toldAt = new Map<number, number>();
  let done = () => {};
  const request = get({
    host: '127.0.0.1',
    port,
    path,
    headers: { accept: 'text/event-stream', ...headers },
  });
  request.on('error', fail);
  await new Promise<void>((resolve, reject) => {
    request.once('response', (response) => {
      if (response.statusCode !== 200)
        return reject(new Error(`The stream was answered ${response.statusCode}.`));
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const at = performance.now();
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (!line.startsWith('data:')) continue;
          for (const [text, index] of waiting) {
            if (!line.includes(text)) continue;
            waiting.delete(text);
            toldAt.set(index, at);
          }
        }
        if (waiting.size === 0) done();
      });
      resolve();
    });
  });
  return {
    async all(withinMs) {
      if (waiting.size > 0) {
        await new Promise<void>((resolve, reject) => {
          done = resolve;
          setTimeout(
            reject,
            withinMs,
            new Error(`The stream told nothing of ${waiting.size} calls.`),
          ).unref();
        });
      }
      return toldAt;
    },
    stop: () => void request.destroy(),
  };
}
