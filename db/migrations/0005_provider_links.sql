-- What at a provider belongs to which company and app, the hooks that were made there, and the OAuth connections.
create table public.provider_links (
  id           uuid primary key default private.uuid_v7(),
  company_id   uuid not null references public.companies (id) on delete cascade,
  app_id       uuid,
  provider     text not null,
  kind         text not null check (kind in ('agent', 'organization', 'number', 'company')),
  external_id  text not null,
  secret       text,                                   -- encrypted; signs this owner's webhooks where it has its own
  created_at   timestamptz not null default now(),
  unique (provider, kind, external_id),                -- a thing at a provider has one owner
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);
create index provider_links_by_company on public.provider_links (company_id);

create table public.provider_hooks (
  id             uuid primary key default private.uuid_v7(),
  company_id     uuid not null references public.companies (id) on delete cascade,
  app_id         uuid not null,
  provider       text not null,
  external_id    text not null,                        -- the provider's id of the webhook
  hook_url       text not null,
  secret         text not null,                        -- encrypted
  subscriptions  jsonb not null default '[]',          -- [{ id, type, ... }] as the provider answered
  created_at     timestamptz not null default now(),
  deleted_at     timestamptz,
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);
create index provider_hooks_by_app on public.provider_hooks (app_id, id desc);

create table public.provider_connections (
  id             uuid primary key default private.uuid_v7(),
  company_id     uuid not null references public.companies (id) on delete cascade,
  app_id         uuid not null,
  provider       text not null,
  access_token   text not null,                        -- encrypted
  refresh_token  text,                                 -- encrypted
  expires_at     timestamptz,
  scopes         text not null default '',
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (app_id, provider),
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);

create table public.oauth_states (
  state_hash     bytea primary key,                    -- SHA-256: the state itself is known to the browser only
  company_id     uuid not null references public.companies (id) on delete cascade,
  app_id         uuid not null,
  provider       text not null,
  code_verifier  text not null,                        -- encrypted
  expires_at     timestamptz not null,
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);

create table public.user_mappings (
  id                uuid primary key default private.uuid_v7(),
  company_id        uuid not null references public.companies (id) on delete cascade,
  app_id            uuid not null,
  provider          text not null,
  provider_user_id  text not null,
  external_user_id  text not null,                     -- the client's own id of the person
  name              text,
  email             text,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  unique (app_id, provider, provider_user_id),
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);

create trigger touch before update on public.provider_connections for each row execute function private.touch_updated_at();
create trigger touch before update on public.user_mappings for each row execute function private.touch_updated_at();

alter table public.provider_links enable row level security;
alter table public.provider_links force row level security;
alter table public.provider_hooks enable row level security;
alter table public.provider_hooks force row level security;
alter table public.provider_connections enable row level security;
alter table public.provider_connections force row level security;
alter table public.oauth_states enable row level security;
alter table public.oauth_states force row level security;
alter table public.user_mappings enable row level security;
alter table public.user_mappings force row level security;

grant select (id, company_id, app_id, provider, kind, external_id, created_at) on public.provider_links to authenticated;
grant select on public.user_mappings to authenticated;
grant all on public.provider_links, public.provider_hooks, public.provider_connections, public.oauth_states,
  public.user_mappings to service_role;

create policy "managers read their company's provider links"
  on public.provider_links for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('manager')));
create policy "members read their company's user mappings"
  on public.user_mappings for select to authenticated
  using (company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id())));
create policy "only the service handles hooks" on public.provider_hooks for all to authenticated using (false);
create policy "only the service handles connections" on public.provider_connections for all to authenticated using (false);
create policy "only the service handles oauth states" on public.oauth_states for all to authenticated using (false);
