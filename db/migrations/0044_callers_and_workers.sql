-- Who runs as what. People and keys: `trunkline_member`, beneath the policies. Everything else had one role that may do
-- anything; it becomes three, each with grants on the tables that it needs (0049), so that a fault in a sync reads no password:
--   trunkline_auth      sign-in, people, passwords, keys and links: before there is a caller, or above what one may write
--   trunkline_pipeline  what comes in from providers and goes out to webhooks and people
--   trunkline_jobs      schedules, jobs and /internal
-- `trunkline_worker` is a second login: with DATABASE_SERVICE_URL set to it, the login of the API may become
-- `trunkline_member` alone (docs/security.md says how). It has no password before an operator sets one.
do $$
declare
  r name;
begin
  foreach r in array array['trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I nologin noinherit bypassrls', r);
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'trunkline_worker') then
    create role trunkline_worker login noinherit nobypassrls;
  end if;
exception
  when duplicate_object or unique_violation then null; -- two databases of one cluster migrated at once
end $$;

do $$
declare
  g record;
  v_option constant text :=
    case when current_setting('server_version_num')::int >= 160000 then ' with inherit false, set true' else '' end;
begin
  for g in
    select l.login, r.role
      from unnest(array['trunkline_api', 'trunkline_worker']) l (login),
           unnest(array['trunkline_member', 'trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs']) r (role)
     where not exists (select from pg_auth_members m
       where m.member = l.login::regrole and m.roleid = r.role::regrole)
  loop
    execute format('grant %I to %I', g.role, g.login) || v_option;
  end loop;
  if not exists (select from pg_roles where rolname = 'trunkline_worker' and rolconfig @>
      array['statement_timeout=15s', 'idle_in_transaction_session_timeout=30s']) then
    alter role trunkline_worker set statement_timeout = '15s';
    alter role trunkline_worker set idle_in_transaction_session_timeout = '30s';
  end if;
exception
  when unique_violation then null;
  when others then
    if sqlerrm not like '%tuple concurrently updated%' then raise; end if;
end $$;

grant usage on schema public to trunkline_auth, trunkline_pipeline, trunkline_jobs;
grant usage on schema private to trunkline_worker, trunkline_auth, trunkline_pipeline, trunkline_jobs;

-- What the API's login may call before it has taken on a role, the workers' may call too.
do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid from pg_proc p, aclexplode(p.proacl) a
     where p.pronamespace = 'private'::regnamespace and a.grantee = 'trunkline_api'::regrole
  loop
    execute format('grant execute on function %s to trunkline_worker', f);
  end loop;
end $$;

-- Takes on one of the three roles. The claims name it, as `service_role` was named.
create function private.enter_service(p_role text) returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  begin
    if p_role is null or p_role not in ('trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs') then
      raise exception 'There is no service role %.', p_role;
    end if;
    perform set_config('request.jwt.claims', '{"role":"' || p_role || '"}', true), set_config('role', p_role, true);
    return '{}';
  end $$;
revoke execute on function private.enter_service(text) from public;
grant execute on function private.enter_service(text) to trunkline_api, trunkline_worker;

-- The key that calls; null for people. A person's key has the person as `sub`: this tells the two apart.
create function private.caller_key_id() returns uuid
  language sql stable parallel safe
  return nullif(private.claims() -> 'app_metadata' ->> 'key_id', '')::uuid;

-- 'user', 'key', 'service-key' (the deployment's own, for one company); '' where nobody calls.
create function private.caller_kind() returns text
  language sql stable parallel safe
  return case
    when private.caller_key_id() is not null then 'key'
    when private.caller_id() is not null then 'user'
    when private.caller_role() = 'service' then 'service-key'
    else '' end;
revoke execute on function private.caller_key_id(), private.caller_kind() from public;
grant execute on function private.caller_key_id(), private.caller_kind() to trunkline_member;

-- private.key_claims gives the key's id from 0048 on.

grant execute on function private.confirm_caller(jsonb, bytea, text), private.mark_idempotent(text, text, text, uuid)
  to trunkline_auth, trunkline_pipeline, trunkline_jobs;

-- The doors. A member's transaction writes beneath the policies; what no member may write as they like goes through one of
-- these functions, which run as their owner. Each takes company, app, key and person from the claims, never as a
-- parameter. db/tests has the list, and tries each as another company.

-- The company of a caller whom a policy may know. TL403 where there is none: a worker, which needs no door.
create function private.demand_caller_company() returns uuid
  language plpgsql stable set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.caller_company_id();
  begin
    if v_company_id is null then
      raise exception using errcode = 'TL403', message = 'This needs a caller that belongs to a company.';
    end if;
    return v_company_id;
  end $$;
revoke execute on function private.demand_caller_company() from public;

-- A platform admin acts in another company, as its owner would, until the transaction ends. False where there is no such
-- company, and for everybody else.
create function private.act_in_company(p_company_id uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  begin
    perform 1 from public.companies c, public.users u
     where c.id = p_company_id and c.deleted_at is null
       and u.id = private.caller_id() and u.is_active and u.is_platform_admin and private.caller_kind() = 'user';
    if not found then
      return false;
    end if;
    perform set_config('request.jwt.claims', jsonb_set(private.claims(), '{app_metadata}',
      jsonb_build_object('company_id', p_company_id, 'role', 'owner'))::text, true);
    return true;
  end $$;

-- The caller's line in the audit log of their company.
create function private.audit_as_caller(
  p_action text, p_resource_type text, p_resource_id text, p_before jsonb, p_after jsonb,
  p_ip text, p_user_agent text, p_request_id text
) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_kind constant text := private.caller_kind();
  begin
    perform private.write_audit(private.demand_caller_company(), p_action,
      case v_kind when 'user' then 'user' else 'key' end,
      case v_kind when 'user' then private.caller_id() else private.caller_key_id() end,
      null, p_ip, p_user_agent, p_request_id, p_resource_type, p_resource_id, p_before, p_after);
  end $$;

-- A mail in the log of the caller's company, beside the job that sends it.
create function private.note_mail(p_job_id uuid, p_user_id uuid, p_category text, p_type text, p_recipient text) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    insert into public.notification_sends (id, company_id, user_id, dedupe_key, channel, category, type, recipient)
      select j.id, j.company_id, p_user_id, 'mail:' || j.id, 'email', p_category, p_type, p_recipient
        from public.jobs j where j.id = p_job_id and j.company_id = private.demand_caller_company()
          and j.user_id is not distinct from p_user_id
      on conflict do nothing
  $$;

-- An event of the caller's company and app, for its log, webhooks and notifications. One that was recorded before
-- (the same dedupe key) is not recorded again. Says whether it was recorded.
create function private.record_event(
  p_id uuid, p_type text, p_subject_id uuid, p_dedupe_key text, p_data json, p_occurred_at timestamptz
) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  begin
    insert into public.outbox (id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at)
      values (p_id, private.demand_caller_company(), private.caller_app_id(), p_type, p_subject_id, p_dedupe_key, p_data,
        coalesce(p_occurred_at, now()))
      on conflict (company_id, dedupe_key) do nothing;
    return found;
  end $$;

-- Of two that change the caller's company, one waits for the other. Not `for update`: that would hold up every row that
-- refers to the company, its calls above all. False where the company is gone.
create function private.lock_company() returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  begin
    perform 1 from public.companies c where c.id = private.demand_caller_company() and c.deleted_at is null for no key update;
    return found;
  end $$;

-- The same for what is counted or set: the row of its settings, made where it is absent. False where the company is gone.
create function private.lock_settings() returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    insert into public.company_settings (company_id)
      select c.id from public.companies c where c.id = v_company_id and c.deleted_at is null on conflict do nothing;
    perform 1 from public.company_settings s where s.company_id = v_company_id for update;
    return found;
  end $$;

-- How many the caller's company has of what a quota limits: more than a member may see one by one. Null: of nothing else.
create function private.count_of_company(p_what text) returns integer
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    return case p_what
      when 'users' then (select count(*) from public.memberships m join public.users u on u.id = m.user_id
        where m.company_id = v_company_id and m.is_active and u.is_active)
      when 'apiKeys' then (select count(*) from public.api_keys k
        where k.company_id = v_company_id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()))
      when 'webhooks' then (select count(*) from public.webhook_endpoints e where e.company_id = v_company_id) end;
  end $$;

-- Whether an app of the caller's company is connected at a provider; how, no member may see.
create function private.company_is_connected(p_provider text) returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    return exists (select from public.provider_connections n
      where n.company_id = v_company_id and n.provider = p_provider);
  end $$;
revoke execute on function private.company_is_connected(text) from public;
grant execute on function private.company_is_connected(text) to trunkline_member;

-- The secrets of a webhook as they are stored, encrypted: a change signs with them, or keeps them as the previous ones.
create function private.webhook_ciphertexts(p_id uuid, out secret text, out previous_secret text, out headers text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
  begin
    if not private.caller_is_at_least('admin') or private.caller_app_id() is not null then
      return;
    end if;
    select e.secret, e.previous_secret, e.headers into secret, previous_secret, headers
      from public.webhook_endpoints e where e.id = p_id and e.company_id = private.demand_caller_company();
  end $$;

-- A person's own key, for the person themselves: a key makes no keys. Its audit line goes with it.
create function private.issue_key(
  p_id uuid, p_name text, p_prefix text, p_hash bytea, p_scopes text[], p_expires_at timestamptz, p_ip text
) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    if private.caller_kind() <> 'user' then
      raise exception using errcode = 'TL403', message = 'Only a person makes keys of their own.';
    end if;
    insert into public.api_keys (id, company_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
      values (p_id, v_company_id, private.caller_id(), p_name, p_prefix, p_hash, p_scopes, clock_timestamp(), p_expires_at);
    insert into public.api_key_audit (company_id, key_id, action, reason, ip, at)
      values (v_company_id, p_id, 'created', null, left(p_ip, 64), clock_timestamp());
  end $$;

-- Revokes a person's key: their own, or for an admin anybody's of the company. Nothing comes back for any other.
create function private.revoke_key(p_id uuid, p_ip text)
  returns table (name text, prefix text, user_id uuid, revoked_at timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
    v_caller constant uuid := private.caller_id();
  begin
    if private.caller_kind() <> 'user' then
      raise exception using errcode = 'TL403', message = 'Only a person revokes keys of people.';
    end if;
    update public.api_keys k set revoked_at = clock_timestamp()
     where k.id = p_id and k.company_id = v_company_id and k.user_id is not null and k.revoked_at is null
       and (k.user_id = v_caller or private.caller_is_at_least('admin'))
     returning k.name, k.prefix, k.user_id, k.revoked_at into name, prefix, user_id, revoked_at;
    if not found then
      return;
    end if;
    insert into public.api_key_audit (company_id, key_id, action, reason, ip, at)
      values (v_company_id, p_id, 'revoked', case when user_id = v_caller then 'by its maker' else 'by an admin' end,
        left(p_ip, 64), clock_timestamp());
    return next;
  end $$;

revoke execute on function
  private.act_in_company(uuid), private.audit_as_caller(text, text, text, jsonb, jsonb, text, text, text),
  private.record_event(uuid, text, uuid, text, json, timestamptz), private.lock_company(), private.lock_settings(),
  private.note_mail(uuid, uuid, text, text, text), private.count_of_company(text), private.webhook_ciphertexts(uuid),
  private.issue_key(uuid, text, text, bytea, text[], timestamptz, text),
  private.revoke_key(uuid, text) from public;
grant execute on function
  private.act_in_company(uuid), private.audit_as_caller(text, text, text, jsonb, jsonb, text, text, text),
  private.record_event(uuid, text, uuid, text, json, timestamptz), private.lock_company(), private.lock_settings(),
  private.note_mail(uuid, uuid, text, text, text), private.count_of_company(text), private.webhook_ciphertexts(uuid),
  private.issue_key(uuid, text, text, bytea, text[], timestamptz, text),
  private.revoke_key(uuid, text) to trunkline_member;
