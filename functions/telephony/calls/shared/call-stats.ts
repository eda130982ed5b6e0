import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { isoTime } from '#core/database/shape.ts';
import { calls } from '#db/schema/calls.ts';
import { companies } from '#db/schema/companies.ts';
import { answeredStatuses, callStatuses, missedIn, statusIn } from '../../model/status.ts';
import { directions } from '../../model/words.ts';
import { CallStatus, Cost } from './call.ts';

const count = z.number().int();
const sentiments = ['positive', 'neutral', 'negative', 'unknown'] as const;
const zeroed = (names: readonly string[]): SQL =>
  sql.raw(`'${JSON.stringify(Object.fromEntries(names.map((name) => [name, 0])))}'::jsonb`);

const status = sql`status`;
const isAnswered = statusIn(status, answeredStatuses);
/** Of the calls to us, as which those of unknown direction count. */
const wasTaken = sql`(${isAnswered} and direction is distinct from 'outbound')`;
const wasMissed = missedIn(status, sql`direction`);

export const CallStats = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    timezone: z.string().describe('Of the days in `byDay`.'),
    total: count.describe('Calls that started in the period.'),
    byStatus: z
      .record(CallStatus, count)
      .describe('Outbound calls that nobody took count in `missed` and `voicemail`, too.'),
    byDirection: z
      .object({ inbound: count, outbound: count, unknown: count })
      .meta({ id: 'CallsByDirection' }),
    byProvider: z.record(z.string(), count),
    offered: count.describe(
      'Calls to us, answered or missed: neither waiting, cancelled, failed nor outbound.',
    ),
    answered: count.describe('Calls to us that were talked to: in progress, on hold or completed.'),
    missed: count.describe('Calls to us that nobody answered, also those with a voicemail.'),
    answerRate: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe('answered ÷ offered; null when none was offered.'),
    durations: z
      .object({
        count,
        meanMs: z.number().int().nullable(),
        p50Ms: z.number().int().nullable(),
        p95Ms: z.number().int().nullable(),
      })
      .meta({ id: 'CallDurations' })
      .describe('Of the calls that were talked to, outbound ones too, whose duration is known.'),
    cost: z.array(Cost).describe('One total for each currency, in minor units.'),
    sentiment: z
      .object({ positive: count, neutral: count, negative: count, unknown: count })
      .meta({ id: 'CallsBySentiment' })
      .describe('`unknown` counts the calls that were not analysed, too.'),
    byDay: z
      .array(
        z
          .object({
            date: z.iso.date(),
            total: count,
            answered: count,
            missed: count,
            offered: count,
            durationMs: count,
          })
          .meta({ id: 'CallStatsDay' }),
      )
      .describe('Every day of the period, also those without a call.'),
  })
  .meta({ id: 'CallStats' });

/**
 * The figures of a period as one statement. One pass over the calls finds them; a day is found among the starts of days,
 * which costs a fraction of a conversion of each time. Gives one row with `item`, the JSON of CallStats.
 */
export function callStatsQuery(given: { from: Date; to: Date; timezone: string | undefined }): SQL {
  const from = sql`${given.from.toISOString()}::timestamptz`;
  const to = sql`${given.to.toISOString()}::timestamptz`;
  return sql`
    with zone as materialized (
      select coalesce(${given.timezone ?? null}::text,
        (select ${companies.timezone} from ${companies} where ${callersCompany(companies.id)}), 'UTC') as name),
    days as materialized (
      select d::date as date, row_number() over (order by d)::int as day, private.day_start(d::date, zone.name) as begins
      from zone, generate_series((${from} at time zone zone.name)::date::timestamp,
        ((${to} - interval '1 microsecond') at time zone zone.name)::date::timestamp, '1 day') d),
    found as materialized (
      select width_bucket(${calls.startedAt}, (select array_agg(begins order by day) from days)) as day,
        ${calls.status} as status, ${calls.direction} as direction, ${calls.provider} as provider,
        ${calls.sentiment} as sentiment, ${calls.costAmount} as amount, ${calls.costCurrency} as currency,
        ${calls.durationMs} as duration
      from ${calls}
      where ${callersCompany(calls.companyId)} and ${calls.startedAt} >= ${from} and ${calls.startedAt} < ${to}),
    groups as materialized (
      select status, direction, provider, sentiment, currency, count(*) as n, sum(amount) as amount,
        ${wasTaken} as answered, ${wasMissed} as missed
      from found group by status, direction, provider, sentiment, currency),
    counted as (
      select day, count(*) as n, count(*) filter (where ${wasTaken}) as answered,
        count(*) filter (where ${wasMissed}) as missed, sum(duration) as duration
      from found group by day),
    totals as (
      select coalesce(sum(n), 0) as total, coalesce(sum(n) filter (where answered), 0) as answered,
        coalesce(sum(n) filter (where missed), 0) as missed
      from groups),
    lengths as (
      select count(*) as n, round(avg(duration)) as mean,
        percentile_disc(array[0.5, 0.95]) within group (order by duration) as p
      from found where ${isAnswered} and duration is not null)
    select json_build_object(
      'from', ${isoTime(from)}, 'to', ${isoTime(to)}, 'timezone', (select name from zone),
      'total', t.total, 'offered', t.answered + t.missed, 'answered', t.answered, 'missed', t.missed,
      'answerRate', round(t.answered / nullif(t.answered + t.missed, 0), 4),
      'byStatus', ${zeroed(callStatuses)} || ${countsBy(sql`status`)},
      'byDirection', ${zeroed([...directions, 'unknown'])} || ${countsBy(sql`coalesce(direction, 'unknown')`)},
      'byProvider', ${countsBy(sql`provider`)},
      'sentiment', ${zeroed(sentiments)} || ${countsBy(knownSentiment)},
      'durations', (select json_build_object('count', l.n, 'meanMs', l.mean, 'p50Ms', l.p[1], 'p95Ms', l.p[2]) from lengths l),
      'cost', (select coalesce(json_agg(json_build_object('amount', c.amount, 'currency', c.currency) order by c.currency), '[]')
        from (select currency, sum(amount) as amount from groups where amount is not null group by currency) c),
      'byDay', (select json_agg(json_build_object('date', d.date, 'total', coalesce(c.n, 0),
          'answered', coalesce(c.answered, 0), 'missed', coalesce(c.missed, 0),
          'offered', coalesce(c.answered, 0) + coalesce(c.missed, 0),
          'durationMs', coalesce(c.duration, 0)) order by d.day)
        from days d left join counted c using (day))
    )::text as item
    from totals t`;
}

const knownSentiment = sql.raw(
  `case when sentiment in (${sentiments.map((name) => `'${name}'`).join(', ')}) then sentiment else 'unknown' end`,
);

/** How many calls for each value of an expression over a group, as a JSON object. */
const countsBy = (key: SQL): SQL =>
  sql`(select coalesce(jsonb_object_agg(b.key, b.n), '{}') from (select ${key} as key, sum(n) as n from groups group by 1) b)`;
