/** An event as a client of the stream gets it. */
export interface Received {
  id: string | undefined;
  event: string | undefined;
  data: string | undefined;
  /** The block as it came. */
  text: string;
}

export interface Follower {
  status: number;
  headers: Headers;
  /** Every block so far, also those without data. */
  blocks: Received[];
  /** The events so far: blocks that a client's handler is called with. */
  events: Received[];
  /** What a client would come back with. */
  lastEventId(): string | undefined;
  /** Until there are so many events. @throws when the stream ends before that. */
  until(count: number): Promise<Received[]>;
  /** Until a block holds this text. */
  untilText(text: string): Promise<void>;
  ended: Promise<void>;
  close(): void;
}

function parsed(text: string): Received {
  const fields: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    fields[name] = [...(fields[name] ?? []), value];
  }
  return { id: fields.id?.at(-1), event: fields.event?.at(-1), data: fields.data?.join('\n'), text };
}

/** Reads a stream as the standard says a client does (WHATWG HTML, server-sent events). */
export async function follow(url: string, headers: Record<string, string>): Promise<Follower> {
  const end = new AbortController();
  return follower(await fetch(url, { headers, signal: end.signal }), () => end.abort());
}

export function follower(response: Response, close: () => void): Follower {
  const blocks: Received[] = [];
  const events: Received[] = [];
  const waiting = new Set<() => void>();
  let isOver = false;
  async function read(): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        rest += decoder.decode(chunk, { stream: true });
        const parts = rest.split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts.map(parsed)) {
          blocks.push(part);
          if (part.data !== undefined) events.push(part);
        }
        for (const look of waiting) look();
      }
    } catch {
      // the connection was closed: by us, or by the server
    }
    isOver = true;
    for (const look of waiting) look();
  }
  const ended = response.ok ? read() : Promise.resolve();
  const untilTrue = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (isTrue()) resolve();
        else if (isOver) reject(new Error(`The stream ended: ${blocks.map(({ text }) => text).join(' | ')}`));
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  return {
    status: response.status,
    headers: response.headers,
    blocks,
    events,
    lastEventId: () => blocks.findLast(({ id }) => id !== undefined)?.id,
    async until(count) {
      await untilTrue(() => events.length >= count);
      return events;
    },
    untilText: (text) => untilTrue(() => blocks.some((block) => block.text.includes(text))),
    ended,
    close,
  };
}
