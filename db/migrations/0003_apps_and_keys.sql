-- Apps: a company's programs, each with keys. A key is random, so its keyed SHA-256 is stored, not a slow hash.
create table public.apps (
  id          uuid primary key default private.uuid_v7(),
  company_id  uuid not null references public.companies (id) on delete cascade,
  name        text not null check (length(name) between 1 and 200),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (company_id, id)
);

create table public.api_keys (
  id            uuid primary key default private.uuid_v7(),
  company_id    uuid not null references public.companies (id) on delete cascade,
  app_id        uuid,                                        -- null: sees the whole company
  user_id       uuid,                                        -- the person whose key it is: it can do no more than they
  name          text not null default '',
  prefix        text not null,                               -- the public part, for people to recognise it by
  key_hash      bytea not null unique,                       -- HMAC-SHA-256 of the whole key with API_KEY_SECRET
  scopes        text[] not null default '{}',
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz,                                 -- to the minute
  expires_at    timestamptz,                                 -- also the end of a rotated key's grace
  revoked_at    timestamptz,
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade,
  foreign key (company_id, user_id) references public.memberships (company_id, user_id) on delete cascade
);
create index api_keys_by_app on public.api_keys (app_id, created_at desc);
create index api_keys_by_company on public.api_keys (company_id, created_at desc);

create table public.api_key_audit (
  id          uuid primary key default private.uuid_v7(),
  company_id  uuid not null references public.companies (id) on delete cascade,
  app_id      uuid,
  key_id      uuid,                                          -- no foreign key: the audit outlives the key
  action      text not null check (action in ('created', 'rotated', 'revoked', 'refused')),
  reason      text,
  ip          text,
  at          timestamptz not null default now()
);
create index api_key_audit_by_app on public.api_key_audit (app_id, id desc);
create index api_key_audit_by_company on public.api_key_audit (company_id, id desc);

create trigger touch before update on public.apps for each row execute function private.touch_updated_at();

alter table public.apps enable row level security;
alter table public.apps force row level security;
alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;
alter table public.api_key_audit enable row level security;
alter table public.api_key_audit force row level security;

grant select on public.apps to authenticated;
grant select (id, company_id, app_id, user_id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at)
  on public.api_keys to authenticated;
grant select on public.api_key_audit to authenticated;
grant all on public.apps, public.api_keys, public.api_key_audit to service_role;
revoke update, delete, truncate on public.api_key_audit from service_role;   -- append-only

create policy "members read their company's apps"
  on public.apps for select to authenticated
  using (company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or id = (select private.caller_app_id())));
create policy "people read their own keys, admins their company's"
  on public.api_keys for select to authenticated
  using (company_id = (select private.caller_company_id())
    and (user_id = (select private.caller_id()) or (select private.caller_is_at_least('admin')))
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id())));
create policy "admins read their company's key audit"
  on public.api_key_audit for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id())));
