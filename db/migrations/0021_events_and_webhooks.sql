-- What goes out: each company's log of events, and the deliveries of its webhooks.

-- Ids made within one millisecond sort by time too: the twelve bits behind the version are its fraction.
create or replace function private.uuid_v7() returns uuid
  language sql volatile parallel safe set search_path = ''
  as $$
    select encode(
      set_byte(set_byte(
        overlay(uuid_send(gen_random_uuid()) placing substring(int8send(floor(t.ms)::bigint) from 3) from 1 for 6),
        6, 112 + floor((t.ms - floor(t.ms)) * 16)::int),
        7, (floor((t.ms - floor(t.ms)) * 4096)::int) % 256),
      'hex')::uuid
    from (select extract(epoch from clock_timestamp()) * 1000 as ms) t
  $$;

-- `data` is what receivers get, and signatures are made over it: json keeps the text as it was written.
alter table public.outbox
  alter column data type json using data::json,
  add column sequence bigint;                        -- the event's place in its company's log; null: told to nobody
drop index public.outbox_waiting;
create index outbox_waiting on public.outbox (company_id, id) where dispatched_at is null;
create unique index outbox_by_sequence on public.outbox (company_id, sequence) where sequence is not null;
-- Of no use for what waits: while little does, Postgres would take this index for it, and keep to it when much does.
create index outbox_by_dispatch on public.outbox (dispatched_at) where dispatched_at is not null;

-- The last place taken. Whoever dispatches for a company holds its row to the end of the transaction, so that places are
-- without gaps, and none becomes visible before a smaller one.
create table public.event_heads (
  company_id  uuid primary key references public.companies (id) on delete cascade,
  sequence    bigint not null default 0
);

-- An event as it is sent: always the same bytes.
create function private.event_body(e public.outbox) returns text
  language sql stable set search_path = ''
  return '{"id":"' || e.id || '","type":' || pg_catalog.to_json(e.type) || ',"sequence":' || e.sequence
    || ',"timestamp":"' || pg_catalog.to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","data":' || e.data || '}';
revoke execute on function private.event_body(public.outbox) from public;
grant execute on function private.event_body(public.outbox) to service_role;

alter table public.webhook_endpoints
  add column host                   text not null default '',   -- of the URL: shares its connections with its like
  add column headers                text,                       -- { name: value } that go along; encrypted like the secret
  add column header_names           text[] not null default '{}',
  add column previous_secret        text,                       -- signs along until …
  add column rotation_ends_at       timestamptz,
  add column failures               integer not null default 0, -- attempts in a row that failed
  add column failing_since          timestamptz,                -- the first of them
  add column paused_until           timestamptz,                -- the circuit breaker is open
  add column told_at                timestamptz;                -- when its owner was told that it fails
update public.webhook_endpoints set host = rtrim(lower(substring(url from '^https?://(\[[^\]]*\]|[^/:?#]+)')), '.');
alter table public.webhook_endpoints alter column host drop default;
drop trigger touch on public.webhook_endpoints;
create trigger touch before update on public.webhook_endpoints for each row
  when ((old.url, old.events, old.description, old.secret, old.headers, old.is_active)
    is distinct from (new.url, new.events, new.description, new.secret, new.headers, new.is_active))
  execute function private.touch_updated_at();
create index webhook_endpoints_by_host on public.webhook_endpoints (company_id, host);

create table public.webhook_deliveries (
  id               uuid primary key default private.uuid_v7(),
  company_id       uuid not null,
  endpoint_id      uuid not null,
  event_id         uuid not null,                    -- in outbox; of a test, nowhere
  type             text not null,
  body             text,                             -- of a test: an event's is private.event_body
  status           text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
  attempts         integer not null default 0,       -- begun, this one included
  round            integer not null default 0,       -- of them, how many came before a person asked for it again
  next_attempt_at  timestamptz not null default now(),   -- while an attempt runs: when its lease is over
  leased_until     timestamptz,                      -- an attempt runs
  created_at       timestamptz not null default now(),
  finished_at      timestamptz,
  unique (endpoint_id, event_id),
  unique (company_id, id),
  foreign key (company_id, endpoint_id) references public.webhook_endpoints (company_id, id) on delete cascade
);
create index webhook_deliveries_due on public.webhook_deliveries (endpoint_id, next_attempt_at, id) where status = 'waiting';
create index webhook_deliveries_leased on public.webhook_deliveries (endpoint_id) where leased_until is not null;
create index webhook_deliveries_by_endpoint on public.webhook_deliveries (endpoint_id, id desc);

-- Each request that was sent, and what came of it.
create table public.webhook_attempts (
  id            uuid primary key default private.uuid_v7(),
  company_id    uuid not null,
  delivery_id   uuid not null,
  number        integer not null,
  at            timestamptz not null,                -- as the header webhook-timestamp has it, but for the milliseconds
  duration_ms   integer not null,
  status        integer,                             -- HTTP; null where no answer came
  error         text,                                -- why it counts as failed, for people
  answer        text,                                -- its first 4 KB
  signature     text not null,                       -- the header webhook-signature
  foreign key (company_id, delivery_id) references public.webhook_deliveries (company_id, id) on delete cascade
);
create index webhook_attempts_by_delivery on public.webhook_attempts (delivery_id, number);

alter table public.event_heads enable row level security;
alter table public.event_heads force row level security;
alter table public.webhook_deliveries enable row level security;
alter table public.webhook_deliveries force row level security;
alter table public.webhook_attempts enable row level security;
alter table public.webhook_attempts force row level security;

drop policy "only the service" on public.outbox;
grant select (id, company_id, app_id, sequence, type, subject_id, data, occurred_at, dispatched_at)
  on public.outbox to authenticated;
grant select on public.event_heads to authenticated;
grant select (host, header_names, rotation_ends_at, failures, failing_since, paused_until)
  on public.webhook_endpoints to authenticated;
grant select on public.webhook_deliveries, public.webhook_attempts to authenticated;
grant all on public.event_heads, public.webhook_deliveries, public.webhook_attempts to service_role;

-- An agent learns of those calls and voicemails that they see; by then, not as it was when it happened.
create policy "members read their company's events"
  on public.outbox for select to authenticated
  using (
    company_id = (select private.caller_company_id()) and sequence is not null
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and ((select private.caller_role()) <> 'agent' or case split_part(type, '.', 1)
      when 'call' then exists (select from public.calls c where c.id = subject_id)
      when 'voicemail' then exists (select from public.voicemails v where v.id = subject_id)
      else true end)
  );
create policy "members read how far their company's log goes"
  on public.event_heads for select to authenticated
  using (company_id = (select private.caller_company_id()));
create policy "admins read their company's deliveries"
  on public.webhook_deliveries for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
create policy "admins read their company's attempts at deliveries"
  on public.webhook_attempts for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
