import { sql } from 'drizzle-orm/sql';
import { readTogether } from '#core/database/read-together.ts';
import { type Row, textArray } from '#core/database/statement.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { log } from '#core/log.ts';

/** How often the heads of the logs are looked at while streams are open: events may be dispatched by any process. */
const turnMs = 700;

/** Streams open at once in one instance; of an address on the network, STREAMS_OF_ADDRESS. */
export const maxStreams = { ofUnproved: 2, ofCaller: 20, ofCompany: 100, ofAll: 1_000 };

/** Whose a stream is. */
export interface StreamOwner {
  companyId: string;
  callerId: string;
  /** Anybody can have such an account, or many of them: a person whose e-mail address is not proved. */
  isUnproved: boolean;
  /** As limits count it; '' where the platform does not tell. */
  address: string;
}

const open = new Set<OpenStream>();
let timer: NodeJS.Timeout | undefined;
let isLooking = false;

/** A stream of events that somebody reads, as those see it who know when there is something new. */
export class OpenStream {
  readonly owner: StreamOwner;
  /** Up to where it has read its company's log. */
  position: number;
  /** Its place is another's: it is to end. Until it has, it counts for its owner still, who may not read. */
  isGivenUp = false;
  #isNudged = false;
  #resume: (() => void) | undefined;

  constructor(owner: StreamOwner, position: number) {
    this.owner = owner;
    this.position = position;
  }

  giveUp(): void {
    this.isGivenUp = true;
    this.nudge();
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

const countBy = (keyOf: (owner: StreamOwner) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { owner, isGivenUp } of open)
    if (!isGivenUp) counts.set(keyOf(owner), (counts.get(keyOf(owner)) ?? 0) + 1);
  return counts;
};

/**
 * Of all streams, the oldest one of the company or the address that holds most; among equals, of a person whose address is
 * not proved.
 */
function maxDispensable(): OpenStream | undefined {
  const ofCompany = countBy(({ companyId }) => companyId);
  const ofAddress = countBy(({ address }) => address);
  const weightOf = ({ owner }: OpenStream): number => {
    const company = ofCompany.get(owner.companyId) ?? 0;
    const address = owner.address === '' ? 0 : (ofAddress.get(owner.address) ?? 0);
    // The larger of both decides, then their sum, then the proof: neither count passes 1,000.
    return Math.max(company, address) * 10_000 + (company + address) * 2 + (owner.isUnproved ? 1 : 0);
  };
  let [found, most]: [OpenStream | undefined, number] = [undefined, 0];
  for (const stream of open) {
    const weight = stream.isGivenUp ? 0 : weightOf(stream);
    if (weight > most) [found, most] = [stream, weight];
  }
  return found;
}

/**
 * Takes a place for a stream that has read up to `position`. Where no place is left, the company or address that holds most
 * gives one up, so that nobody is shut out by others.
 * @throws AppError RATE_LIMITED where its caller, its address or its company have as many as they may.
 */
export function openStream(owner: StreamOwner, position: number): OpenStream {
  let [ofCaller, ofCompany, ofAddress, ofAll] = [0, 0, 0, 0];
  for (const { owner: other, isGivenUp } of open) {
    if (other.companyId === owner.companyId) ofCompany++;
    if (other.callerId === owner.callerId) ofCaller++;
    if (other.address === owner.address) ofAddress++;
    if (!isGivenUp) ofAll++;
  }
  const refuse = (whose: string, most: number, how = 'close one first') => {
    throw new AppError('RATE_LIMITED', {
      message: `${whose} ${most} event streams open here already, and may not have more: ${how}.`,
      headers: { 'retry-after': '30' },
    });
  };
  if (owner.isUnproved && ofCaller >= maxStreams.ofUnproved)
    refuse('You have', maxStreams.ofUnproved, 'close one, or prove your e-mail address');
  if (ofCaller >= maxStreams.ofCaller) refuse('You have', maxStreams.ofCaller);
  if (ofCompany >= maxStreams.ofCompany) refuse('Your company has', maxStreams.ofCompany);
  const maxOfAddress = env().STREAMS_OF_ADDRESS;
  if (owner.address !== '' && ofAddress >= maxOfAddress) refuse('Your network address has', maxOfAddress);
  if (ofAll >= maxStreams.ofAll) maxDispensable()?.giveUp();
  const stream = new OpenStream(owner, position);
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
  for (const stream of open) if (companies.has(stream.owner.companyId)) stream.nudge();
}

/** Reads the heads of all companies with streams in one statement. */
async function look(): Promise<void> {
  if (isLooking) return;
  isLooking = true;
  try {
    const ids = [...new Set([...open].map(({ owner }) => owner.companyId))];
    const [heads = []] = await readTogether({ as: 'service', role: 'pipeline' }, [
      sql`select company_id, sequence from event_heads where company_id = any(${textArray(ids)}::uuid[])`,
    ]);
    const headOf = new Map(heads.map((row: Row) => [row.company_id, Number(row.sequence)]));
    for (const stream of open)
      if ((headOf.get(stream.owner.companyId) ?? 0) > stream.position) stream.nudge();
  } catch (error) {
    log().warn({ err: error }, 'the streams could not be told of events; they look again in a moment');
  } finally {
    isLooking = false;
  }
}
