-- Settings: of a company by sections, of a person, the secrets of integrations, and where webhooks go. A section holds
-- only what was set; everything else is the default that the code has.
create table public.company_settings (
  company_id     uuid primary key references public.companies (id) on delete cascade,
  general        jsonb not null default '{}',
  notifications  jsonb not null default '{}',
  voice          jsonb not null default '{}',
  ai             jsonb not null default '{}',
  integrations   jsonb not null default '{}',       -- what of an integration is no secret
  quotas         jsonb not null default '{}',       -- limits that platform admins set; absent: unlimited
  updated_at     timestamptz,                       -- null: the row is there to be locked, nothing was ever set
  updated_by     uuid references public.users (id) on delete set null
);

-- Written, used, never read back.
create table public.company_integration_secrets (
  company_id   uuid not null references public.companies (id) on delete cascade,
  integration  text not null check (integration in ('slack', 'teams', 'twilio', 'retell', 'dialpad', 'razorpay')),
  name         text not null,                       -- 'authToken'
  secret       text not null,                       -- AES-256-GCM with ENCRYPTION_KEY
  hint         text,                                -- its last four characters, where they give nothing away
  updated_at   timestamptz not null default now(),
  updated_by   uuid references public.users (id) on delete set null,
  primary key (company_id, integration, name)
);

-- A person's own, whatever the company. Their language and timezone are in users.
create table public.user_preferences (
  user_id        uuid primary key references public.users (id) on delete cascade,
  display        jsonb not null default '{}',
  notifications  jsonb not null default '{}',       -- where they differ from the company's
  updated_at     timestamptz not null default now()
);

create table public.webhook_endpoints (
  id               uuid primary key default private.uuid_v7(),
  company_id       uuid not null references public.companies (id) on delete cascade,
  url              text not null,
  events           text[] not null default '{*}',
  description      text,
  secret           text not null,                   -- AES-256-GCM with ENCRYPTION_KEY: deliveries are signed with it
  is_active        boolean not null default true,
  created_by       uuid references public.users (id) on delete set null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  disabled_at      timestamptz,                     -- not by a person: it failed for too long
  disabled_reason  text,
  unique (company_id, id)
);
create index webhook_endpoints_by_company on public.webhook_endpoints (company_id, id desc);

create index api_keys_by_user on public.api_keys (company_id, user_id, id desc) where user_id is not null;

create trigger touch before update on public.webhook_endpoints for each row execute function private.touch_updated_at();

alter table public.company_settings enable row level security;
alter table public.company_settings force row level security;
alter table public.company_integration_secrets enable row level security;
alter table public.company_integration_secrets force row level security;
alter table public.user_preferences enable row level security;
alter table public.user_preferences force row level security;
alter table public.webhook_endpoints enable row level security;
alter table public.webhook_endpoints force row level security;

grant select on public.company_settings to authenticated;
grant select (company_id, integration, name, hint, updated_at) on public.company_integration_secrets to authenticated;
grant select on public.user_preferences to authenticated;
grant select (id, company_id, url, events, description, is_active, created_by, created_at, updated_at, disabled_at,
  disabled_reason) on public.webhook_endpoints to authenticated;
grant all on public.company_settings, public.company_integration_secrets, public.user_preferences,
  public.webhook_endpoints to service_role;

create policy "members read their company's settings"
  on public.company_settings for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null);
create policy "members see which secrets of integrations are set"
  on public.company_integration_secrets for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null);
create policy "people read their own preferences"
  on public.user_preferences for select to authenticated
  using (user_id = (select private.caller_id()));
create policy "admins read their company's webhooks"
  on public.webhook_endpoints for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
