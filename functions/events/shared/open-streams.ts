import { sql } from 'drizzle-orm/sql';
import { type Row, readTogether, textArray } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { log } from '#core/log.ts';

/** How often the heads of the logs are looked at while streams are open: events may be dispatched by any process. */
const turnMs = 700;

/** Streams open at once in one instance. */
export const mostStreams = { ofCaller: 20, ofCompany: 100, ofAll: 1_000 };

const open = new Set<OpenStream>();
let timer: NodeJS.Timeout | undefined;
let isLooking = false;

/** A stream of events that somebody reads, as those see it who know when there is something new. */
export class OpenStream {
  readonly companyId: string;
  readonly callerId: string;
  /** Up to where it has read its company's log. */
  position: number;
  #isNudged = false;
  #resume: (() => void) | undefined;

  constructor(companyId: string, callerId: string, position: number) {
    this.companyId = companyId;
    this.callerId = callerId;
    this.position = position;
  }

  nudge(): void {
    this.#isNudged = true;
    this.#resume?.();
  }

  /** Until there may be something new, the time is over, or the signal. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isNudged && !signal.aborted && ms > 0) {
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, ms);
        this.#resume = () => {
          clearTimeout(timeout);
          resolve();
        };
        signal.addEventListener('abort', this.#resume, { once: true });
      });
      if (this.#resume) signal.removeEventListener('abort', this.#resume);
      this.#resume = undefined;
    }
    this.#isNudged = false;
  }

  close(): void {
    open.delete(this);
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }
}

/**
 * Takes a place for a stream that has read up to `position`.
 * @throws AppError RATE_LIMITED where its caller, its company or everybody together have as many as they may.
 */
export function openStream(companyId: string, callerId: string, position: number): OpenStream {
  let [ofCaller, ofCompany] = [0, 0];
  for (const stream of open) {
    if (stream.companyId === companyId) ofCompany++;
    if (stream.callerId === callerId) ofCaller++;
  }
  const refuse = (whose: string, most: number) => {
    throw new AppError('RATE_LIMITED', {
      message: `${whose} ${most} event streams open here already, and may not have more: close one first.`,
      headers: { 'retry-after': '30' },
    });
  };
  if (ofCaller >= mostStreams.ofCaller) refuse('You have', mostStreams.ofCaller);
  if (ofCompany >= mostStreams.ofCompany) refuse('Your company has', mostStreams.ofCompany);
  if (open.size >= mostStreams.ofAll) refuse('All companies together have', mostStreams.ofAll);
  const stream = new OpenStream(companyId, callerId, position);
  open.add(stream);
  timer ??= setInterval(look, turnMs).unref();
  return stream;
}

/** How many streams are open in this process. */
export const openStreamCount = (): number => open.size;

/** Lets this process's streams of these companies look at once, rather than at their next turn. */
export function nudgeStreams(companyIds: readonly string[]): void {
  if (open.size === 0) return;
  const companies = new Set(companyIds);
  for (const stream of open) if (companies.has(stream.companyId)) stream.nudge();
}

/** One statement for all streams, whatever their number. */
async function look(): Promise<void> {
  if (isLooking) return;
  isLooking = true;
  try {
    const ids = [...new Set([...open].map(({ companyId }) => companyId))];
    const [heads = []] = await readTogether({ as: 'service' }, [
      sql`select company_id, sequence from event_heads where company_id = any(${textArray(ids)}::uuid[])`,
    ]);
    const headOf = new Map(heads.map((row: Row) => [row.company_id, Number(row.sequence)]));
    for (const stream of open) if ((headOf.get(stream.companyId) ?? 0) > stream.position) stream.nudge();
  } catch (error) {
    log().warn({ err: error }, 'the streams could not be told of events; they look again in a moment');
  } finally {
    isLooking = false;
  }
}
