-- Companies are the tenants; users belong to them through memberships, which hold their role.
create table public.companies (
  id             uuid primary key default private.uuid_v7(),
  name           text not null check (length(name) between 1 and 200),
  timezone       text not null default 'UTC',
  ip_allowlist   cidr[],                           -- from where people and keys may come; null: from anywhere
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  deleted_at     timestamptz                       -- 30 days later it is erased
);

create table public.users (
  id                uuid primary key default private.uuid_v7(),
  email             text not null,                              -- as the person wrote it
  email_normal      text not null unique,                       -- lower case: what is looked up
  name              text not null check (length(name) between 1 and 200),
  password_hash     text,                                       -- argon2id, PHC string; null: cannot log in by password
  phone             text,
  timezone          text not null default 'UTC',
  language          text not null default 'en',
  is_platform_admin boolean not null default false,
  is_active         boolean not null default true,
  email_verified_at timestamptz,
  last_login_at     timestamptz,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);

create table public.memberships (
  id          uuid primary key default private.uuid_v7(),
  company_id  uuid not null references public.companies (id) on delete cascade,
  user_id     uuid not null references public.users (id) on delete cascade,
  role        text not null check (role in ('owner', 'admin', 'manager', 'agent', 'viewer')),
  is_active   boolean not null default true,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (company_id, user_id)
);
create index memberships_by_user on public.memberships (user_id);

create trigger touch before update on public.companies for each row execute function private.touch_updated_at();
create trigger touch before update on public.users for each row execute function private.touch_updated_at();
create trigger touch before update on public.memberships for each row execute function private.touch_updated_at();

alter table public.companies enable row level security;
alter table public.companies force row level security;
alter table public.users enable row level security;
alter table public.users force row level security;
alter table public.memberships enable row level security;
alter table public.memberships force row level security;

grant select on public.companies to authenticated;
grant select (id, email, name, phone, timezone, language, is_active, email_verified_at, last_login_at,
  created_at, updated_at) on public.users to authenticated;
grant select on public.memberships to authenticated;
grant all on public.companies, public.users, public.memberships to service_role;

create policy "members read their company"
  on public.companies for select to authenticated
  using (id = (select private.caller_company_id()));
create policy "members read their colleagues' memberships"
  on public.memberships for select to authenticated
  using (company_id = (select private.caller_company_id()));
-- The list of colleagues is read once for the statement, not once for each row.
create policy "members read their colleagues"
  on public.users for select to authenticated
  using (
    id = (select private.caller_id())
    or id in (select m.user_id from public.memberships m where m.company_id = (select private.caller_company_id()))
  );
