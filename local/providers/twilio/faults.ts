import * as z from 'zod';
import { Refusal } from './refusal.ts';

/** What a request meets, instead of an answer. */
export const Fault = z.union([
  z.strictObject({
    status: z.int().min(300).max(599),
    /** Only after it has had its effect: a message is taken, and its sender does not learn it. */
    isAfter: z.boolean().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** It has its effect, and the connection breaks. */
  z.literal('lose-answer'),
  /** It has its effect, and there is no answer. */
  z.literal('hang'),
  /** It has no effect, and the connection breaks. */
  z.literal('reset'),
]);
export type Fault = z.infer<typeof Fault>;

/** The ways in which the stand-in can be made to misbehave, one request each. */
export class Faults {
  #next: Fault[] = [];

  /** The next requests of the API meet these, one each. */
  fail(...faults: Fault[]): void {
    this.#next.push(...faults);
  }

  /** The next so many requests are answered with this status: before they have an effect, or after it. */
  failNext(count: number, status: number, { isAfter = false } = {}): void {
    this.fail(...Array<Fault>(count).fill({ status, isAfter }));
  }

  take(): Fault | undefined {
    return this.#next.shift();
  }
}

const codes = new Map([
  [401, 20003],
  [404, 20404],
  [429, 20429],
]);

export const refusalOf = ({ status, headers }: Exclude<Fault, string>): Refusal =>
  new Refusal(status, codes.get(status) ?? 20500, 'The stand-in was told to fail.', headers);
