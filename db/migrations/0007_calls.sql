-- One row for each conversation, whatever its provider and however many legs it has.
create table public.calls (
  id                    uuid primary key default private.uuid_v7(),
  company_id            uuid not null references public.companies (id) on delete cascade,
  app_id                uuid,
  provider              text not null,
  provider_call_id      text not null,
  direction             text check (direction in ('inbound', 'outbound')),
  status                text not null check (status in ('scheduled', 'queued', 'ringing', 'in_progress', 'on_hold',
                          'completed', 'missed', 'voicemail', 'failed', 'cancelled')),
  from_number           text,
  to_number             text,
  agent_id              uuid,
  provider_agent_id     text,
  agent_name            text,
  customer_id           uuid,
  campaign_id           uuid,
  started_at            timestamptz not null,
  answered_at           timestamptz,
  ended_at              timestamptz,
  duration_ms           bigint check (duration_ms >= 0),
  cost_amount           numeric,                        -- minor units of cost_currency, fractions allowed
  cost_currency         text,
  transcript            text,
  summary               text,
  sentiment             text,
  successful            boolean,
  disconnection_reason  text,
  recording_url         text,                           -- the provider's own address: never shown
  tags                  text[] not null default '{}',
  metadata              jsonb not null default '{}',    -- the client's own
  details               jsonb not null default '{}',    -- the provider's facts with no column of their own
  state_rank            integer not null,               -- the clock of the latest update that was merged …
  state_at              timestamptz not null,
  field_clocks          jsonb not null default '{}',    -- … and of those fields whose value has another one
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  unique (company_id, id),
  unique (company_id, provider, provider_call_id),
  foreign key (company_id, app_id) references public.apps (company_id, id),
  foreign key (company_id, agent_id) references public.agents (company_id, id)
);
create index calls_by_start on public.calls (company_id, started_at desc, id desc);
create index calls_by_status on public.calls (company_id, status, started_at desc, id desc);
create index calls_by_agent on public.calls (company_id, agent_id, started_at desc, id desc) where agent_id is not null;
create index calls_by_app on public.calls (company_id, app_id, started_at desc, id desc) where app_id is not null;
create index calls_by_from on public.calls (company_id, from_number, started_at desc);
create index calls_by_to on public.calls (company_id, to_number, started_at desc);
-- Everything that the figures of a period need, policy included, so that they never read the rows: with 57 000 calls of
-- one company spread over the table 79 ms instead of 218.
create index calls_for_stats on public.calls (company_id, started_at desc)
  include (status, direction, provider, sentiment, duration_ms, cost_amount, cost_currency, app_id, agent_id);

-- The timeline.
create table public.call_events (
  id                uuid primary key default private.uuid_v7(),
  company_id        uuid not null,
  app_id            uuid,
  call_id           uuid not null,
  inbound_event_id  uuid,                               -- none for what a sync or a person did
  type              text not null,
  leg_id            text,
  data              jsonb not null default '{}',
  occurred_at       timestamptz not null,
  created_at        timestamptz not null default now(),
  foreign key (company_id, call_id) references public.calls (company_id, id) on delete cascade
);
create index call_events_by_call on public.call_events (call_id, occurred_at, id);

create table public.messages (
  id                   uuid primary key default private.uuid_v7(),
  company_id           uuid not null references public.companies (id) on delete cascade,
  app_id               uuid,
  provider             text not null,
  provider_message_id  text not null,
  direction            text check (direction in ('inbound', 'outbound')),
  status               text not null check (status in ('queued', 'sent', 'delivered', 'failed', 'received')),
  from_number          text,
  to_numbers           text[] not null default '{}',
  body                 text,
  media_urls           text[] not null default '{}',
  error_code           text,
  provider_agent_id    text,
  sent_at              timestamptz not null,
  state_rank           integer not null,
  state_at             timestamptz not null,
  field_clocks         jsonb not null default '{}',
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  unique (company_id, provider, provider_message_id),
  foreign key (company_id, app_id) references public.apps (company_id, id)
);
create index messages_by_time on public.messages (company_id, sent_at desc, id desc);
create index messages_by_from on public.messages (company_id, from_number, sent_at desc);

create table public.voicemails (
  id                     uuid primary key default private.uuid_v7(),
  company_id             uuid not null references public.companies (id) on delete cascade,
  app_id                 uuid,
  call_id                uuid,
  provider               text not null,
  provider_voicemail_id  text not null,
  provider_call_id       text not null,
  from_number            text,
  to_number              text,
  duration_ms            bigint check (duration_ms >= 0),
  transcript             text,
  recording_url          text,                          -- the provider's own address: never shown
  received_at            timestamptz not null,
  heard_at               timestamptz,                   -- null until first played
  deleted_at             timestamptz,
  state_rank             integer not null,
  state_at               timestamptz not null,
  field_clocks           jsonb not null default '{}',
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  unique (company_id, provider, provider_voicemail_id),
  foreign key (company_id, app_id) references public.apps (company_id, id),
  foreign key (company_id, call_id) references public.calls (company_id, id) on delete cascade
);
create index voicemails_by_time on public.voicemails (company_id, received_at desc, id desc);
create index voicemails_by_call on public.voicemails (call_id) where call_id is not null;

alter table public.calls enable row level security;
alter table public.calls force row level security;
alter table public.call_events enable row level security;
alter table public.call_events force row level security;
alter table public.messages enable row level security;
alter table public.messages force row level security;
alter table public.voicemails enable row level security;
alter table public.voicemails force row level security;

grant select on public.calls, public.call_events, public.messages, public.voicemails to authenticated;
grant all on public.calls, public.call_events, public.messages, public.voicemails to service_role;

-- An app's key sees what came in for that app; an agent sees what is theirs or nobody's.
create policy "members read their company's calls"
  on public.calls for select to authenticated
  using (
    company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and ((select private.caller_role()) <> 'agent' or agent_id is null or agent_id = (select private.caller_agent_id()))
  );
create policy "whoever sees the call reads its timeline"
  on public.call_events for select to authenticated
  using (
    company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and ((select private.caller_role()) <> 'agent' or exists (select from public.calls c where c.id = call_id))
  );
create policy "members read their company's messages"
  on public.messages for select to authenticated
  using (
    company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
  );
create policy "members read their company's voicemails"
  on public.voicemails for select to authenticated
  using (
    company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and ((select private.caller_role()) <> 'agent' or call_id is null or exists (select from public.calls c where c.id = call_id))
  );
