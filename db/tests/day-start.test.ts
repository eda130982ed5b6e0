import { expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';

const quarterMs = 15 * 60_000;
const hourMs = 4 * quarterMs;

/** Zones with a year in which something is odd about their midnights, or nothing is. */
const years: [zone: string, year: number][] = [
  ['America/Sao_Paulo', 2018], // no midnight
  ['Asia/Beirut', 2021], // no midnight
  ['Africa/Cairo', 2014], // no midnight
  ['America/Santiago', 2019], // no midnight
  ['America/Havana', 2019], // none, and two
  ['Atlantic/Azores', 2020], // none, and two
  ['Pacific/Apia', 2011], // no such day
  ['Antarctica/Casey', 2010], // put back by three hours, over midnight
  ['Australia/Lord_Howe', 2022], // by half an hour
  ['America/St_Johns', 2010], // one minute after midnight
  ['Asia/Kathmandu', 2022], // 5:45
  ['Europe/Berlin', 2024],
  ['UTC', 2024],
];

const dayMs = 24 * hourMs;
const isoDay = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The first quarter of an hour of each local day, by the other tables of zones that there are: those of Intl. */
function beginningsOf(zone: string, year: number): Map<string, number> {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  const beginnings = new Map<string, number>();
  for (let at = Date.UTC(year, 0, 0); at < Date.UTC(year + 1, 0, 3); at += quarterMs) {
    const day = format.format(at);
    if (!beginnings.has(day)) beginnings.set(day, at);
  }
  return beginnings;
}

test.each(years)('each day of %s in %d begins at the first instant that is of it', async (zone, year) => {
  const beginnings = beginningsOf(zone, year);
  const rows = await adminSql()<{ day: string; start: Date }[]>`
    select d::date::text as day, private.day_start(d::date, ${zone}) as start
      from generate_series(${`${year}-01-01`}::timestamp, ${`${year}-12-31`}::timestamp, interval '1 day') d`;
  expect(rows.length).toBeGreaterThanOrEqual(365);
  const wrong: unknown[] = [];
  for (const { day, start } of rows) {
    const next = isoDay(Date.parse(day) + dayMs);
    const expected = beginnings.get(day) ?? beginnings.get(next); // a day that does not exist is empty
    if (start.getTime() !== expected) wrong.push({ day, start, expected: new Date(expected ?? 0) });
  }
  expect(wrong).toEqual([]);
});

test('what Postgres takes for midnight is the second one where there are two', async () => {
  const [row] = await adminSql()<{ start: string; plain: string }[]>`
    select (private.day_start('2019-11-03', 'America/Havana') at time zone 'UTC')::text as start,
      ('2019-11-03'::timestamp at time zone 'America/Havana' at time zone 'UTC')::text as plain`;
  expect(row).toEqual({ start: '2019-11-03 04:00:00', plain: '2019-11-03 05:00:00' });
});

test.each([
  ['2018-11-04', 'America/Sao_Paulo', '2018-11-04 03:00:00'], // 01:00 there
  ['2021-03-28', 'Asia/Beirut', '2021-03-27 22:00:00'], // 01:00 there
  ['2011-12-30', 'Pacific/Apia', '2011-12-30 10:00:00'], // 2011-12-31 there
  ['2011-12-31', 'Pacific/Apia', '2011-12-30 10:00:00'],
])('%s begins in %s at %s UTC', async (day, zone, start) => {
  const [row] =
    await adminSql()`select (private.day_start(${day}::date, ${zone}) at time zone 'UTC')::text as start`;
  expect(row).toEqual({ start });
});

test('a zone that is none is an error, and no day is no instant', async () => {
  await expect(adminSql()`select private.day_start('2024-01-01', 'Mars/Olympus')`).rejects.toThrow(
    'time zone',
  );
  expect(await adminSql()`select private.day_start(null, 'UTC') as start`).toEqual([{ start: null }]);
});
