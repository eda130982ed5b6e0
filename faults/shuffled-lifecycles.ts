import { run } from '../functions/integrations/inbound/process-inbound.worker.ts';
import { described, differences, isCorrectedEnd, madeOf, untoldEnds } from './shared/canonical.ts';
import { type Counts, demand, type Ground, makeCompany, withAdmin } from './shared/ground.ts';
import { lifecyclesOfBoth } from './shared/lifecycles-of-both.ts';
import { type RandomOrder, randomOrder } from './shared/random-order.ts';
import { statusCounts, storeEvents } from './shared/store-events.ts';

/** Every id once, a third of them twice, in batches of random sizes. */
function randomBatches(ids: readonly string[], random: RandomOrder): string[][] {
  const all = random.shuffled([...ids, ...ids.filter(() => random.next() < 0.33)]);
  const batches: string[][] = [];
  while (all.length > 0) batches.push(all.splice(0, random.between(1, 60)));
  return batches;
}

/**
 * Calls of both providers whose events come swapped, twice and to several workers at once end as the calls whose events
 * came in order.
 */
export async function shuffledLifecycles(
  ground: Ground,
  size: { calls: number; workers: number; seed: number },
): Promise<Counts> {
  const random = randomOrder(size.seed);
  return await withAdmin(ground, async (sql) => {
    const [ordered, shuffled] = [await makeCompany(sql), await makeCompany(sql)];
    const inOrder = await storeEvents(sql, lifecyclesOfBoth(size.calls, size.seed, ordered.id).flat());
    for (let i = 0; i < inOrder.length; i += 100) await run(inOrder.slice(i, i + 100));

    const events = lifecyclesOfBoth(size.calls, size.seed, shuffled.id).flat();
    // Stored in another order, too: within a batch the worker goes by the order of receipt.
    const ids = await storeEvents(sql, random.shuffled(events));
    const batches = randomBatches(ids, random);
    const given = batches.length;
    const worker = async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) await run(batch);
    };
    await Promise.all(Array.from({ length: size.workers }, worker));
    // Locked by one worker when another came by, an event waits for the sweep: here, for one more look.
    const [left] =
      await sql`select count(*)::int as n from inbound_events where company_id = ${shuffled.id} and status = 'received'`;
    await run(ids.filter((_, index) => index < 1_000));

    const statuses = await statusCounts(sql, shuffled.id);
    demand(statuses.processed === ids.length, `Of ${ids.length} events: ${JSON.stringify(statuses)}`);
    const wanted = await madeOf(sql, ordered.id);
    const different = differences(wanted, await madeOf(sql, shuffled.id));
    const found = different.filter((difference) => !isCorrectedEnd(difference));
    demand(found.length === 0, `${found.length} differences.\n${described(found)}`);
    const untold = await untoldEnds(sql, shuffled.id);
    demand(untold === 0, `${untold} calls were not told to have ended as they did.`);
    return {
      calls: size.calls,
      events: ids.length,
      batches: given,
      workers: size.workers,
      'left for the sweep': Number(left?.n),
      'rows compared': wanted.rows.size,
      'timelines compared': wanted.timeline.size,
      'outbox compared': wanted.outbox.size,
      different: found.length,
      'ends that were not told': untold,
      'told to have ended otherwise before': different.length,
    };
  });
}
