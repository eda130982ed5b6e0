import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { invalidField } from '#core/errors.ts';
import { timeInput } from '#core/http/input.ts';
import { CallStats, callStatsQuery } from './shared/call-stats.ts';

const dayMs = 86_400_000;
const usualDays = 30;
const maxDays = 400;

const isTimezone = (name: string): boolean => {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false; // Intl would take +05:30 as well
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls/stats/summary',
  summary: 'Get the statistics of a period',
  description:
    'Of the calls that the caller may see, by when they started. `answerRate` is answered ÷ offered, of the calls to us: missed calls and voicemails were offered; calls that still wait, were cancelled or failed were not, nor was any outbound call.',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: z.object({
    from: timeInput.optional().describe(`Default: ${usualDays} days before \`to\`.`),
    to: timeInput.optional().describe('Not included. Default: now.'),
    timezone: z
      .string()
      .max(64)
      .refine(isTimezone, 'must be an IANA time zone such as Asia/Kolkata')
      .optional()
      .describe('Of the days. Default: the company’s own.'),
  }),
  output: CallStats,
  query({ input, now }) {
    const to = input.to === undefined ? now : new Date(input.to);
    const from = input.from === undefined ? new Date(to.getTime() - usualDays * dayMs) : new Date(input.from);
    if (from >= to) throw badPeriod('from', 'must be before `to`');
    if (to.getTime() - from.getTime() > maxDays * dayMs)
      throw badPeriod('from', `may be at most ${maxDays} days before \`to\``);
    return oneOf(callStatsQuery({ from, to, timezone: input.timezone }));
  },
});

const badPeriod = (path: string, message: string) => invalidField(path, message);
