-- The pipeline: what came in, what must be told, what was synced. The database remembers, the queue only wakes.
create table public.inbound_events (
  id               uuid primary key default private.uuid_v7(),
  provider         text not null,
  dedupe_key       text not null,
  company_id       uuid,                           -- null: nobody's yet; no foreign key, see below
  app_id           uuid,
  type             text not null,
  occurred_at      timestamptz,
  payload          json not null,                  -- json, not jsonb: kept to the letter, NUL escapes and big integers too
  headers          jsonb not null default '{}',
  owners           jsonb not null default '[]',    -- what it may be matched by: [{ kind, externalId }]
  received_at      timestamptz not null default now(),
  status           text not null check (status in ('received', 'processed', 'failed', 'unmatched', 'unrecognised')),
  attempts         integer not null default 0,
  next_attempt_at  timestamptz not null default now(),
  processed_at     timestamptz,
  error            text,
  unique (provider, dedupe_key)
);
-- All that is not done with; small, however many events there ever were.
create index inbound_events_open on public.inbound_events (status, next_attempt_at) where status <> 'processed';
create index inbound_events_by_company on public.inbound_events (company_id, id desc);
-- The owner comes from a link, an app or a company that was just looked up. A foreign key would look it up once more, and
-- lock its row for each event: a seventh of what storing one costs. So the events of a deleted company go by this.
create function private.delete_inbound_events() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    delete from public.inbound_events e where e.company_id = old.id;
    return null;
  end $$;
create trigger delete_inbound_events after delete on public.companies
  for each row execute function private.delete_inbound_events();

create table public.outbox (
  id             uuid primary key default private.uuid_v7(),
  company_id     uuid not null references public.companies (id) on delete cascade,
  app_id         uuid,
  type           text not null,
  subject_id     uuid not null,
  dedupe_key     text not null,                    -- one event of a kind for each thing that happened
  data           jsonb not null,
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default now(),
  dispatched_at  timestamptz,
  unique (company_id, dedupe_key)
);
create index outbox_waiting on public.outbox (id) where dispatched_at is null;

create table public.retell_syncs (
  id             uuid primary key default private.uuid_v7(),
  company_id     uuid not null references public.companies (id) on delete cascade,
  trigger        text not null check (trigger in ('schedule', 'request')),
  status         text not null check (status in ('running', 'completed', 'failed')),
  agent_ids      text[],
  period_from    timestamptz not null,
  period_to      timestamptz not null,
  calls_synced   integer not null default 0,
  calls_updated  integer not null default 0,
  errors         integer not null default 0,
  error          text,
  done_until     timestamptz,                      -- every call that began before this was seen
  failed_ids     text[] not null default '{}',     -- calls that could not be taken: the next sync tries them again
  started_at     timestamptz not null default now(),
  heartbeat_at   timestamptz not null default now(),
  finished_at    timestamptz
);
create index retell_syncs_by_company on public.retell_syncs (company_id, id desc);
-- Never two at once: who comes second is told. A row, not a session's lock, so that it holds through any pooler.
create unique index retell_syncs_running on public.retell_syncs (company_id) where status = 'running';

-- A comparison of the provider's own list with our rows.
create table public.completeness_checks (
  id            uuid primary key default private.uuid_v7(),
  company_id    uuid not null references public.companies (id) on delete cascade,
  app_id        uuid,
  provider      text not null,
  period_from   timestamptz not null,
  period_to     timestamptz not null,
  listed        integer not null,
  missing       integer not null,                  -- listed there, absent here before the refill
  unfinished    integer not null,                  -- here, but behind what is listed there
  filled        integer not null,
  failed        integer not null,
  missing_ids   text[] not null default '{}',      -- the first hundred
  error         text,
  at            timestamptz not null default now()
);
create index completeness_checks_by_company on public.completeness_checks (company_id, at desc);

-- One row for each processed batch; the hourly cleanup adds old ones up. Feeds the metrics of every instance alike.
create table public.processing_tallies (
  id               bigint generated always as identity primary key,
  provider         text not null,
  processed        integer not null,
  failed           integer not null,
  latency_ms_sum   bigint not null,
  latency_buckets  bigint[] not null,              -- counts by upper bound, see functions/inbound/shared/latency.ts
  at               timestamptz not null default now()
);

do $$
declare
  t text;
begin
  foreach t in array array['inbound_events', 'outbox', 'retell_syncs', 'completeness_checks', 'processing_tallies'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('alter table public.%I force row level security', t);
    execute format('grant all on public.%I to service_role', t);
    execute format('create policy "only the service" on public.%I for all to authenticated using (false)', t);
  end loop;
end $$;
grant usage on all sequences in schema public to service_role;

-- Stores one verified event, in one round trip and with no other right than this one. The owner is, in this order:
-- the hook's own app, the first linked candidate, the deployment's default company; else it waits as unmatched.
create function private.receive_event(
  p_id uuid, p_provider text, p_dedupe_key text, p_type text, p_occurred_at timestamptz, p_payload json,
  p_headers jsonb, p_owners jsonb, p_company_id uuid, p_app_id uuid, p_default_company_id uuid, p_recognised boolean
) returns text
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    v_company uuid := p_company_id;
    v_app uuid := p_app_id;
    v_owner jsonb;
    v_status text;
  begin
    if v_app is null then
      -- One after the other: the first is nearly always the one, and a join of the list costs ten times as much.
      for i in 0 .. jsonb_array_length(p_owners) - 1 loop
        v_owner := p_owners -> i;
        select l.company_id, l.app_id into v_company, v_app from public.provider_links l
         where l.provider = p_provider and l.kind = v_owner ->> 'kind' and l.external_id = v_owner ->> 'externalId'
           and (p_company_id is null or l.company_id = p_company_id);
        exit when found;
      end loop;
      if v_company is null then
        v_company := p_company_id;
      end if;
    end if;
    if v_company is null and p_default_company_id is not null then
      -- A default company that does not exist must not cost the event: it waits as unmatched.
      select c.id into v_company from public.companies c where c.id = p_default_company_id;
    end if;
    v_status := case when not p_recognised then 'unrecognised' when v_company is null then 'unmatched' else 'received' end;
    insert into public.inbound_events
      (id, provider, dedupe_key, company_id, app_id, type, occurred_at, payload, headers, owners, status)
    values
      (p_id, p_provider, p_dedupe_key, v_company, v_app, p_type, p_occurred_at, p_payload, p_headers, p_owners, v_status)
    on conflict (provider, dedupe_key) do nothing;
    if not found then
      return 'repeated';
    end if;
    return v_status;
  end $$;

-- The secrets that may have signed a provider's hooks, still encrypted. An instance keeps them for a minute.
create function private.hook_secrets(p_provider text)
  returns table (company_id uuid, app_id uuid, secret text, kind text, external_id text)
  language sql stable security definer set search_path = ''
  as $$
    select h.company_id, h.app_id, h.secret, 'hook', h.external_id
      from public.provider_hooks h where h.provider = p_provider and h.deleted_at is null
    union all
    select l.company_id, l.app_id, l.secret, l.kind, l.external_id
      from public.provider_links l where l.provider = p_provider and l.secret is not null
  $$;

-- Which company an app belongs to, for a hook URL that names the app.
create function private.company_of_app(p_app_id uuid) returns uuid
  language sql stable security definer set search_path = ''
  as $$ select a.company_id from public.apps a where a.id = p_app_id $$;

revoke execute on all functions in schema private from public;
grant execute on function
  private.receive_event(uuid, text, text, text, timestamptz, json, jsonb, jsonb, uuid, uuid, uuid, boolean),
  private.hook_secrets(text), private.company_of_app(uuid)
  to trunkline_api;

-- How many rows the planner expects of a statement, for totals that would take too long to count. Runs as the caller
-- and only plans; callable from inside the database's own API schema by nobody else.
create function private.estimated_rows(p_query text) returns bigint
  language plpgsql volatile set search_path = 'public'
  as $$
  declare
    plan json;
  begin
    execute 'explain (format json) ' || p_query into plan;
    return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
  end $$;
revoke execute on function private.estimated_rows(text) from public;
grant execute on function private.estimated_rows(text) to authenticated, service_role;
