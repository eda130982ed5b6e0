-- Agents: the people and the AI that handle calls. `provider_agent_id` is what events name them by.
create table public.agents (
  id                 uuid primary key default private.uuid_v7(),
  company_id         uuid not null references public.companies (id) on delete cascade,
  kind               text not null check (kind in ('human', 'ai')),
  name               text not null default '',
  provider           text,
  provider_agent_id  text,
  user_id            uuid references public.users (id) on delete set null,
  status             text not null default 'active' check (status in ('active', 'inactive')),
  details            jsonb not null default '{}',      -- the provider's facts: voice, response engine, version
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  unique (company_id, id),
  unique (company_id, provider, provider_agent_id)
);
create index agents_by_user on public.agents (user_id, company_id) where user_id is not null;
create trigger touch before update on public.agents for each row execute function private.touch_updated_at();

alter table public.agents enable row level security;
alter table public.agents force row level security;
grant select on public.agents to authenticated;
grant insert (company_id, kind, name, provider, provider_agent_id, user_id, status, details) on public.agents to authenticated;
grant update (name, status, details, user_id) on public.agents to authenticated;
grant all on public.agents to service_role;

create policy "members read their company's agents"
  on public.agents for select to authenticated
  using (company_id = (select private.caller_company_id()));
create policy "managers add agents"
  on public.agents for insert to authenticated
  with check (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('manager')));
create policy "managers change agents"
  on public.agents for update to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('manager')))
  with check (company_id = (select private.caller_company_id()));

-- The agent that the calling person is in this company; asked once for the statement. Null for keys.
create function private.caller_agent_id() returns uuid
  language sql stable security definer set search_path = ''
  as $$
    select a.id from public.agents a
     where a.user_id = private.caller_id() and a.company_id = private.caller_company_id()
     limit 1
  $$;
revoke execute on all functions in schema private from public;
grant execute on function private.caller_agent_id() to authenticated, service_role;
