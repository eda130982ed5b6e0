import { randomUUID } from 'node:crypto';
import { run } from '../functions/integrations/inbound/process-inbound.worker.ts';
import { type Counts, demand, type Ground, makeCompany, withAdmin } from './shared/ground.ts';
import { lifecyclesOfBoth } from './shared/lifecycles-of-both.ts';
import { randomOrder } from './shared/random-order.ts';
import { statusCounts, storeEvents } from './shared/store-events.ts';

const attempts = 6;

/** One event in ten can never be processed: the other nine are done once, it is given up after six attempts. */
export async function poisonEvents(ground: Ground, size: { calls: number; seed: number }): Promise<Counts> {
  return await withAdmin(ground, async (sql) => {
    const company = await makeCompany(sql);
    const other = await makeCompany(sql);
    const [app] =
      await sql`insert into apps (company_id, name) values (${other.id}, 'Another company’s') returning id`;
    const lifecycles = lifecyclesOfBoth(size.calls, size.seed, company.id);
    // Whole calls go bad, so that no good event shares its call's row with a bad one.
    const bad = lifecycles.filter((_, index) => index % 10 === 0).flat();
    const good = lifecycles.filter((_, index) => index % 10 !== 0).flat();
    const goodIds = await storeEvents(sql, good);
    const badIds = await storeEvents(sql, bad);
    // Half is refused by the translator (no such provider), half by the database (an app of another company).
    await sql`update inbound_events set provider = 'nobody', dedupe_key = ${randomUUID()} || id
      where id = any(${badIds.filter((_, index) => index % 2 === 0)})`;
    await sql`update inbound_events set app_id = ${app?.id} where id = any(${badIds.filter((_, index) => index % 2 === 1)})`;

    const all = randomOrder(size.seed).shuffled([...goodIds, ...badIds]);
    for (let attempt = 1; attempt <= attempts + 1; attempt++) {
      await sql`update inbound_events set next_attempt_at = now() where company_id = ${company.id} and status = 'received'`;
      for (let i = 0; i < all.length; i += 100) await run(all.slice(i, i + 100));
    }
    const wrong = await sql`
      select id, status, attempts, error from inbound_events where company_id = ${company.id} and not (
        (id = any(${goodIds}) and status = 'processed' and attempts = 1)
        or (id = any(${badIds}) and status = 'failed' and attempts = ${attempts} and error is not null))`;
    demand(wrong.length === 0, `${wrong.length} events are not as they must be: ${JSON.stringify(wrong[0])}`);
    const [lines] = await sql`select count(*)::int as n, count(distinct inbound_event_id)::int as events
      from call_events where company_id = ${company.id}`;
    const [ofBad] =
      await sql`select count(*)::int as n from call_events where inbound_event_id = any(${badIds})`;
    demand(ofBad?.n === 0, `${ofBad?.n} lines of the timeline come of events that failed.`);
    demand(lines?.n === lines?.events, `The timeline has ${lines?.n} lines of ${lines?.events} events.`);
    const { processed, failed } = await statusCounts(sql, company.id);
    return {
      good: goodIds.length,
      'done once': processed ?? 0,
      bad: badIds.length,
      [`failed after ${attempts} attempts`]: failed ?? 0,
    };
  });
}
