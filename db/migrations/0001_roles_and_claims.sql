-- The roles that Supabase has, made where they are absent, and the caller's claims as scalars for policies.
-- Needs no superuser: a role that owns the database, may create roles and bypasses row level security, as Supabase's
-- `postgres` does. It owns what it makes here, and its security definer functions must see past forced policies.
do $$
begin
  if not (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) then
    raise exception 'The role % cannot bypass row level security: migrate as one that can (on Supabase: postgres).', current_user;
  end if;
end $$;

do $$
begin
  if not exists (select from pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'authenticated') then
    create role authenticated nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'service_role') then
    create role service_role nologin noinherit bypassrls;
  end if;
  -- The API logs in as this role. It owns nothing and may read nothing: each transaction takes one of the three
  -- roles above, and one that forgets to fails closed.
  if not exists (select from pg_roles where rolname = 'trunkline_api') then
    create role trunkline_api login noinherit nobypassrls;
  end if;
exception
  when duplicate_object or unique_violation then null; -- two databases of one cluster migrated at once
end $$;

-- Only what is not so yet: where another role made these, this one may lack the right to do it again.
do $$
declare
  taken name;
begin
  foreach taken in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_auth_members
                    where member = 'trunkline_api'::regrole and roleid = taken::text::regrole) then
      execute format('grant %I to trunkline_api', taken)
        || case when current_setting('server_version_num')::int >= 160000 then ' with inherit false, set true' else '' end;
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'trunkline_api' and rolconfig @>
      array['statement_timeout=15s', 'idle_in_transaction_session_timeout=30s']) then
    alter role trunkline_api set statement_timeout = '15s';
    alter role trunkline_api set idle_in_transaction_session_timeout = '30s';
  end if;
exception
  when unique_violation then null;
  when others then
    -- A concurrent migration of another database in the same cluster may touch the same shared rows.
    if sqlerrm not like '%tuple concurrently updated%' then raise; end if;
end $$;

-- Supabase grants everything on each new table of `public` to these two: a column that is granted here would then not
-- be the only one that is readable. What they may do is said by the grant beside each table, and by nothing else.
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;

create schema if not exists private;
revoke all on schema private from public;
grant usage on schema public to anon, authenticated, service_role;
grant usage on schema private to trunkline_api, authenticated, service_role;


-- Ids sort by time: RFC 9562 version 7, milliseconds in the first 48 bits.
create function private.uuid_v7() returns uuid
  language sql volatile parallel safe set search_path = ''
  as $$
    select encode(
      set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
          placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
          from 1 for 6),
        52, 1), 53, 1),
      'hex')::uuid
  $$;

-- The claims of the access token, as PostgREST and Supabase leave them: {} where there is no caller. Every name is
-- qualified instead of a search_path being set: a function with a setting of its own is never inlined, and these stand
-- in every policy (20 to 55 µs a statement each).
create function private.claims() returns jsonb
  language sql stable parallel safe
  as $$
    select coalesce(nullif(pg_catalog.current_setting('request.jwt.claims', true), ''), '{}')::pg_catalog.jsonb
  $$;

create function private.caller_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(private.claims() operator(pg_catalog.->>) 'sub', '')::pg_catalog.uuid $$;

create function private.caller_company_id() returns uuid
  language sql stable parallel safe
  as $$
    select nullif(private.claims() operator(pg_catalog.->) 'app_metadata' operator(pg_catalog.->>) 'company_id', '')::pg_catalog.uuid
  $$;

-- The app whose key the caller shows; null for people, and for keys that see the whole company.
create function private.caller_app_id() returns uuid
  language sql stable parallel safe
  as $$
    select nullif(private.claims() operator(pg_catalog.->) 'app_metadata' operator(pg_catalog.->>) 'app_id', '')::pg_catalog.uuid
  $$;

-- owner, admin, manager, agent, viewer; 'service' for a key, whose scopes were checked as it entered.
create function private.caller_role() returns text
  language sql stable parallel safe
  as $$
    select coalesce(private.claims() operator(pg_catalog.->) 'app_metadata' operator(pg_catalog.->>) 'role', '')
  $$;

create function private.role_rank(role text) returns integer
  language sql immutable parallel safe set search_path = ''
  as $$
    select case role
      when 'service' then 60 when 'owner' then 50 when 'admin' then 40
      when 'manager' then 30 when 'agent' then 20 when 'viewer' then 10 else 0 end
  $$;

create function private.caller_is_at_least(role text) returns boolean
  language sql stable parallel safe set search_path = ''
  as $$ select private.role_rank(private.caller_role()) >= private.role_rank(role) $$;

revoke execute on all functions in schema private from public;
grant execute on all functions in schema private to authenticated, service_role;

-- Keeps updated_at true whoever writes the row.
create function private.touch_updated_at() returns trigger
  language plpgsql set search_path = ''
  as $$ begin new.updated_at := now(); return new; end $$;
