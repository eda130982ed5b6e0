-- Two ways to read as a person, told apart. `trunkline_member` is what each transaction of the API takes on for a person
-- or a key, after private.enter_user or private.enter_key has asked what is true of them now. `authenticated` is what
-- PostgREST and Realtime take on for a token, of which nobody has asked anything: it writes nothing, reads the columns
-- that the endpoints show, and only while the token's bearer is still who the token says.
do $$
begin
  if not exists (select from pg_roles where rolname = 'trunkline_member') then
    create role trunkline_member nologin noinherit nobypassrls;
  end if;
exception
  when duplicate_object or unique_violation then null; -- two databases of one cluster migrated at once
end $$;

do $$
begin
  if not exists (select from pg_auth_members
                  where member = 'trunkline_api'::regrole and roleid = 'trunkline_member'::regrole) then
    execute 'grant trunkline_member to trunkline_api'
      || case when current_setting('server_version_num')::int >= 160000 then ' with inherit false, set true' else '' end;
  end if;
exception
  when unique_violation then null;
  when others then
    if sqlerrm not like '%tuple concurrently updated%' then raise; end if;
end $$;

grant usage on schema public, private to trunkline_member;

-- What `authenticated` had goes to `trunkline_member`, by the same columns: reading everywhere, and the two writes on agents.
do $$
declare
  g record;
  f regprocedure;
begin
  for g in
    select c.oid::regclass as t, a.privilege_type as privilege, null as columns
      from pg_class c, aclexplode(c.relacl) a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.grantee = 'authenticated'::regrole
    union all
    select c.oid::regclass, a.privilege_type, string_agg(quote_ident(t.attname), ', ' order by t.attnum)
      from pg_class c join pg_attribute t on t.attrelid = c.oid and not t.attisdropped, aclexplode(t.attacl) a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.grantee = 'authenticated'::regrole
     group by 1, 2
  loop
    execute format('grant %s %s on %s to trunkline_member', g.privilege, '(' || g.columns || ')', g.t);
    if g.columns is null then
      execute format('revoke %s on %s from authenticated', g.privilege, g.t);
    else
      execute format('revoke %s (%s) on %s from authenticated', g.privilege, g.columns, g.t);
    end if;
  end loop;
  for g in select tablename, policyname from pg_policies where schemaname = 'public' and roles = '{authenticated}' loop
    execute format('alter policy %I on public.%I to authenticated, trunkline_member', g.policyname, g.tablename);
  end loop;
  for f in
    select p.oid from pg_proc p, aclexplode(p.proacl) a
     where p.pronamespace = 'private'::regnamespace and a.grantee = 'authenticated'::regrole
  loop
    execute format('grant execute on function %s to trunkline_member', f);
    execute format('revoke execute on function %s from authenticated', f);
  end loop;
end $$;

-- What policies ask.
grant execute on function
  private.claims(), private.caller_id(), private.caller_company_id(), private.caller_app_id(), private.caller_role(),
  private.role_rank(text), private.caller_is_at_least(text), private.caller_agent_id() to authenticated;

-- Whether the addresses that a request came by are in a company's list. PostgREST and Realtime leave the headers of the
-- request. A client may write X-Forwarded-For itself, and each proxy adds to its end: so every address in it must be in the
-- list, or be a proxy of the deployment (the setting trunkline.proxies: CIDRs with commas between), and one in the list.
create function private.forwarded_is_within(p_allowlist cidr[]) returns boolean
  language plpgsql stable set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_forwarded constant text :=
      nullif(current_setting('request.headers', true), '')::json ->> 'x-forwarded-for';
    v_proxies constant cidr[] :=
      string_to_array(nullif(replace(current_setting('trunkline.proxies', true), ' ', ''), ''), ',');
  begin
    return coalesce((
      select bool_and(coalesce(a.ip <<= any (p_allowlist) or a.ip <<= any (v_proxies), false))
         and bool_or(coalesce(a.ip <<= any (p_allowlist), false))
        from (select private.as_inet(trim(f)) as ip from unnest(string_to_array(v_forwarded, ',')) f) a), false);
  end $$;
revoke execute on function private.forwarded_is_within(cidr[]) from public;

-- Whether the bearer of a token is still who it says: asked by policies for `authenticated`, once for each table of a
-- statement, and by Realtime when a channel is joined and when a token is renewed. A token of Supabase Auth has its
-- session over there, where this does not look; all else is asked of it as well. A token may show less than the member
-- could see, never more: an agent sees fewer calls than a viewer, so an agent's token must say agent.
create function private.caller_is_live() returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_claims constant jsonb := private.claims();
    v_role constant text := private.caller_role();
    v record;
  begin
    select m.role, c.ip_allowlist into v
      from public.memberships m
      join public.users u on u.id = m.user_id
      join public.companies c on c.id = m.company_id
      left join public.sessions s on s.id = nullif(v_claims ->> 'session_id', '')::uuid and s.user_id = m.user_id
     where m.user_id = private.caller_id() and m.company_id = private.caller_company_id()
       and m.is_active and u.is_active and c.deleted_at is null
       and case when s.id is null then coalesce(v_claims ->> 'iss', '') like '%/auth/v1'
         else s.ended_at is null and s.expires_at > now() end;
    return found
      and (v_role = v.role or v.role <> 'agent' and private.role_rank(v_role) < private.role_rank(v.role))
      and (v.ip_allowlist is null or private.forwarded_is_within(v.ip_allowlist));
  end $$;
revoke execute on function private.caller_is_live() from public;
grant execute on function private.caller_is_live() to authenticated;

-- What PostgREST may show: of each table the columns that its endpoint shows, and the company, which is the caller's own.
-- What is in no line here is shown by the API alone. Never a recording's address, which the API shows to nobody.
grant select (id, name, timezone, language, business_hours, ip_allowlist, created_at, updated_at) on public.companies to authenticated;
grant select (id, email, name, last_login_at) on public.users to authenticated;
grant select (company_id, user_id, role, is_active, created_at) on public.memberships to authenticated;
grant select (id, company_id, device, user_agent, ip, created_at, last_seen_at, expires_at) on public.sessions to authenticated;
grant select (id, company_id, provider_agent_id, name, status, created_at, updated_at) on public.agents to authenticated;
grant select (id, company_id, app_id, provider, provider_call_id, direction, status, from_number, to_number, agent_id,
  provider_agent_id, agent_name, customer_id, campaign_id, started_at, answered_at, ended_at, duration_ms, cost_amount,
  cost_currency, transcript, summary, sentiment, successful, disconnection_reason, tags, metadata, details, created_at,
  updated_at) on public.calls to authenticated;
grant select (id, company_id, call_id, type, leg_id, data, occurred_at, created_at) on public.call_events to authenticated;
grant select (id, company_id, app_id, provider, provider_message_id, direction, status, from_number, to_numbers, body,
  media_urls, error_code, provider_agent_id, sent_at, created_at, updated_at) on public.messages to authenticated;
grant select (id, company_id, app_id, call_id, provider, provider_voicemail_id, from_number, to_number, duration_ms,
  transcript, heard_at, received_at, created_at, updated_at) on public.voicemails to authenticated;
grant select (id, company_id, sequence, type, subject_id, data, occurred_at) on public.outbox to authenticated;
grant select (id, company_id, category, type, title, message, link, data, event_id, is_urgent, read_at, created_at)
  on public.notifications to authenticated;
grant select (id, company_id, email, role, name, invited_by, created_at, sent_at, expires_at) on public.invitations to authenticated;
grant select (id, company_id, url, events, description, is_active, header_names, created_by, created_at, updated_at, failing_since,
  disabled_at, disabled_reason) on public.webhook_endpoints to authenticated;
grant select (id, company_id, number, at, action, actor_type, actor_id, actor_name, ip, user_agent, request_id, resource_type,
  resource_id, before, after, prev_digest, digest) on public.audit_logs to authenticated;

do $$
declare
  t text;
begin
  foreach t in array array['companies', 'users', 'memberships', 'sessions', 'agents', 'calls', 'call_events', 'messages',
    'voicemails', 'outbox', 'notifications', 'invitations', 'webhook_endpoints', 'audit_logs']
  loop
    execute format('create policy "a token shows what its bearer may see now" on public.%I as restrictive for select
      to authenticated using ((select private.caller_is_live()))', t);
  end loop;
end $$;

-- Where the endpoint leaves rows out by itself.
create policy "viewers see no colleagues" on public.users as restrictive for select to authenticated
  using (id = (select private.caller_id()) or (select private.caller_is_at_least('agent')));
create policy "viewers see no colleagues" on public.memberships as restrictive for select to authenticated
  using (user_id = (select private.caller_id()) or (select private.caller_is_at_least('agent')));
create policy "sessions that are over are not shown" on public.sessions as restrictive for select to authenticated
  using (ended_at is null and expires_at > now());
create policy "only Retell agents are shown" on public.agents as restrictive for select to authenticated
  using (provider = 'retell');
create policy "deleted voicemails are not shown" on public.voicemails as restrictive for select to authenticated
  using (deleted_at is null);
create policy "admins see open invitations" on public.invitations as restrictive for select to authenticated
  using (accepted_at is null and revoked_at is null and (select private.caller_is_at_least('admin')));

-- The API's transactions take on the new role.
create or replace function private.enter_key(p_hash bytea, p_scope text, p_role text, p_ip text) returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_claims text := private.key_claims(p_hash, p_scope, p_role, p_ip);
  begin
    perform set_config('request.jwt.claims', v_claims, true), set_config('role', 'trunkline_member', true);
    return v_claims;
  end $$;

create or replace function private.enter_user(p_claims jsonb, p_role text, p_ip text) returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_claims text := private.user_claims(p_claims, p_role, p_ip);
  begin
    perform set_config('request.jwt.claims', v_claims, true), set_config('role', 'trunkline_member', true);
    return v_claims;
  end $$;

create or replace function private.enter_claims(p_claims jsonb) returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  begin
    perform set_config('request.jwt.claims', p_claims::text, true), set_config('role', 'trunkline_member', true);
    return p_claims::text;
  end $$;

-- Supabase's own table: the policies of 0023, which ask more now. Where this role may not make them, those that are there
-- ask the same by their own function; the statement may be run again by hand, as a role that may.
do $$
begin
  if to_regclass('realtime.messages') is null then
    drop function if exists private.caller_is_member();
    return;
  end if;
  drop policy if exists "members receive what their company broadcasts" on realtime.messages;
  create policy "members receive what their company broadcasts" on realtime.messages
    for select to authenticated
    using (extension = 'broadcast'
      and (select realtime.topic()) = 'company:' || (select private.caller_company_id())
      and (select private.caller_is_live()));
  drop policy if exists "nobody else receives what a company broadcasts" on realtime.messages;
  create policy "nobody else receives what a company broadcasts" on realtime.messages
    as restrictive for select to authenticated
    using (coalesce((select realtime.topic()), '') not like 'company:%'
      or extension = 'broadcast'
        and (select realtime.topic()) = 'company:' || (select private.caller_company_id())
        and (select private.caller_is_live()));
  drop policy if exists "only the service sends to companies" on realtime.messages;
  create policy "only the service sends to companies" on realtime.messages
    as restrictive for insert to authenticated
    with check (coalesce((select realtime.topic()), '') not like 'company:%');
  drop policy if exists "strangers have no part in companies" on realtime.messages;
  create policy "strangers have no part in companies" on realtime.messages
    as restrictive for all to anon
    using (coalesce((select realtime.topic()), '') not like 'company:%')
    with check (coalesce((select realtime.topic()), '') not like 'company:%');
  drop function if exists private.caller_is_member();
exception
  when insufficient_privilege then
    create or replace function private.caller_is_member() returns boolean
      language sql stable set search_path = pg_catalog, pg_temp return private.caller_is_live();
    grant execute on function private.caller_is_member() to authenticated;
    raise warning 'No new policies on realtime.messages (%): run the last statement of db/migrations/0025_members.sql as a role that may make them.', sqlerrm;
end $$;
