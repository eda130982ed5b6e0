import type { Sql } from 'postgres';
import { hashApiKey } from '#core/callers/api-key.ts';
import { organizationOf } from '../../faults/shared/dialpad-traffic.ts';
import type { Tenant } from './tenants.ts';

/** Companies, each with a person, a key and its linked Dialpad organisation. */
export async function insertTenants(sql: Sql, tenants: readonly Tenant[]): Promise<void> {
  for (const { number, companyId, userId, keyId, apiKey } of tenants) {
    await sql`insert into companies (id, name) values (${companyId}, ${`Tenant ${number}`}) on conflict do nothing`;
    const email = `owner-${number}@bench.test`;
    await sql`insert into users (id, email, email_normal, name) values (${userId}, ${email}, ${email}, 'Owner')
      on conflict do nothing`;
    await sql`insert into memberships (company_id, user_id, role) values (${companyId}, ${userId}, 'owner')
      on conflict do nothing`;
    await sql`insert into api_keys (id, company_id, name, prefix, key_hash, scopes)
      values (${keyId}, ${companyId}, 'Bench', ${apiKey.slice(0, 16)}, ${hashApiKey(apiKey)}, '{*}')
      on conflict (id) do update set key_hash = excluded.key_hash`;
    await sql`insert into provider_links (company_id, provider, kind, external_id, proof, proved_at)
      values (${companyId}, 'dialpad', 'organization', ${organizationOf(number)}, 'operator', now()) on conflict do nothing`;
  }
}

/**
 * A year of calls in the order in which they happened, so that each company's rows lie scattered over the table, as
 * they would. 60 % are completed; each has a transcript of 1 KB. Indexes are made afterwards, which is faster.
 */
export async function insertCalls(sql: Sql, tenants: readonly Tenant[], calls: number): Promise<void> {
  const bounds: number[] = [];
  let sum = 0;
  for (const { share } of tenants.slice(0, -1)) {
    sum += share;
    bounds.push(sum);
  }
  const indexes = await sql<{ name: string; definition: string }[]>`
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i where i.indrelid = 'calls'::regclass
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`;
  await sql.begin(async (tx) => {
    await tx`set local maintenance_work_mem = '1GB'`;
    for (const { name } of indexes) await tx.unsafe(`drop index ${name}`);
    await tx`select setseed(0.42)`;
    await tx`
      insert into calls (company_id, provider, provider_call_id, direction, status, from_number, to_number,
        provider_agent_id, agent_name, started_at, answered_at, ended_at, duration_ms, cost_amount, cost_currency,
        transcript, summary, sentiment, successful, disconnection_reason, recording_url, details, state_rank, state_at)
      select (${tenants.map(({ companyId }) => companyId)}::uuid[])[1 + width_bucket(c.tenant, ${bounds}::float8[])],
        'retell', 'call_' || md5(n::text), case when c.a < 0.7 then 'inbound' else 'outbound' end,
        case when c.b < 0.6 then 'completed' when c.b < 0.8 then 'missed' when c.b < 0.9 then 'voicemail'
          when c.b < 0.97 then 'failed' else 'cancelled' end,
        '+1415555' || lpad((c.a * 9999)::int::text, 4, '0'), '+1628555' || lpad((c.b * 9999)::int::text, 4, '0'),
        'agent_' || (c.a * 20)::int, 'Agent ' || (c.a * 20)::int, c.start, c.start + interval '4 s',
        c.start + interval '4 s' + c.b * interval '9 min', (c.b * 540000)::bigint, round((c.b * 90)::numeric, 2), 'USD',
        repeat(md5((n * 7)::text) || ' ', 31), 'The caller asked about order ' || n || ' and was told when it comes.',
        case when c.a < 0.5 then 'positive' else 'neutral' end, c.b < 0.6, 'user_hangup',
        'https://recordings.example.com/' || n || '.wav', '{"callType":"phone_call","latencyMs":812}', 120, c.start
      from generate_series(1, ${calls}::int) n
      cross join lateral (select random() as tenant, random() as a, random() as b, n as same,
        now() - interval '365 days' + (n::float8 / ${calls}::int) * interval '365 days' as start) c`;
    for (const { definition } of indexes) await tx.unsafe(definition);
  });
  await sql`vacuum (analyze) calls`;
}
