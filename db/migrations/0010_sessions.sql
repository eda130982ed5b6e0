-- Sessions: a person logged in, in one company. Its refresh tokens follow one another, each used once; a used one that
-- comes again was stolen, and ends the session. Access tokens carry the session's id.
create table public.sessions (
  id            uuid primary key default private.uuid_v7(),
  user_id       uuid not null references public.users (id) on delete cascade,
  company_id    uuid not null references public.companies (id) on delete cascade,
  ip            text,
  user_agent    text,
  created_at    timestamptz not null default now(),
  last_seen_at  timestamptz not null default now(),
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  ended_reason  text
);
create index sessions_by_user on public.sessions (user_id, last_seen_at desc);
create index sessions_by_company on public.sessions (company_id);

create table public.refresh_tokens (
  hash        bytea primary key,                      -- SHA-256: the token is 256 random bits, so it needs no slow hash
  session_id  uuid not null references public.sessions (id) on delete cascade,
  created_at  timestamptz not null default now(),
  used_at     timestamptz                             -- kept once used: that is how a stolen one is known
);
create index refresh_tokens_by_session on public.refresh_tokens (session_id);

alter table public.sessions enable row level security;
alter table public.sessions force row level security;
alter table public.refresh_tokens enable row level security;
alter table public.refresh_tokens force row level security;

grant select on public.sessions to authenticated;
grant all on public.sessions, public.refresh_tokens to service_role;

create policy "people read their own sessions"
  on public.sessions for select to authenticated
  using (user_id = (select private.caller_id()));
create policy "only the service handles refresh tokens" on public.refresh_tokens for all to authenticated using (false);

-- The companies that the calling person belongs to, beyond the one of the claims: what they can switch to. In plpgsql,
-- which keeps its plans: a function in SQL is planned at each call, three times the rest of what asking who one is costs.
create function private.caller_memberships()
  returns table (company_id uuid, company_name text, role text)
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    return query
      select m.company_id, c.name, m.role
        from public.memberships m join public.companies c on c.id = m.company_id
       where m.user_id = private.caller_id() and m.is_active and c.deleted_at is null
       order by m.created_at, m.id;
  end $$;

create function private.caller_is_platform_admin() returns boolean
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    return coalesce((select u.is_platform_admin from public.users u where u.id = private.caller_id()), false);
  end $$;

revoke execute on function private.caller_memberships(), private.caller_is_platform_admin() from public;
grant execute on function private.caller_memberships(), private.caller_is_platform_admin() to authenticated, service_role;
