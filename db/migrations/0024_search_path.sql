-- Every function of ours looks names up in pg_catalog first. With `set search_path = ''`, Postgres still looks in pg_temp
-- before pg_catalog for types and tables: a login that may create temporary objects makes a domain pg_temp.uuid with a
-- check of its own, and a security definer function that casts to uuid runs that check as its owner.
set local search_path = pg_catalog, pg_temp;

do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid from pg_proc p where p.pronamespace = 'private'::regnamespace and p.proconfig is not null
      and p.proname <> 'estimated_rows'
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', f);
  end loop;
end $$;

-- The statement that it plans names tables of `public` without their schema, as the API writes them. It runs as its caller.
alter function private.estimated_rows(text) set search_path = pg_catalog, public, pg_temp;

-- These stand in policies, and a function with a setting of its own is never inlined. A body in standard SQL is parsed
-- here and now: whatever the search path of their caller is, it says the same.
create or replace function private.claims() returns jsonb
  language sql stable parallel safe
  return coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb;

create or replace function private.caller_id() returns uuid
  language sql stable parallel safe
  return nullif(private.claims() ->> 'sub', '')::uuid;

create or replace function private.caller_company_id() returns uuid
  language sql stable parallel safe
  return nullif(private.claims() -> 'app_metadata' ->> 'company_id', '')::uuid;

create or replace function private.caller_app_id() returns uuid
  language sql stable parallel safe
  return nullif(private.claims() -> 'app_metadata' ->> 'app_id', '')::uuid;

create or replace function private.caller_role() returns text
  language sql stable parallel safe
  return coalesce(private.claims() -> 'app_metadata' ->> 'role', '');

create or replace function private.role_rank(role text) returns integer
  language sql immutable parallel safe
  return case role
    when 'service' then 60 when 'owner' then 50 when 'admin' then 40
    when 'manager' then 30 when 'agent' then 20 when 'viewer' then 10 else 0 end;
alter function private.role_rank(text) reset all;

create or replace function private.caller_is_at_least(role text) returns boolean
  language sql stable parallel safe
  return private.role_rank(private.caller_role()) >= private.role_rank(role);
alter function private.caller_is_at_least(text) reset all;
