-- 1. No version that still runs takes on Supabase's `service_role` (0044): the API's logins can no longer become it.
drop function if exists private.enter_service();
do $$
  declare v_login text;
  begin
    foreach v_login in array array['trunkline_api', 'trunkline_worker'] loop
      if pg_has_role(v_login, 'service_role', 'member') then
        execute format('revoke service_role from %I', v_login);
      end if;
    end loop;
  exception
    when others then   -- two databases of one cluster migrated at once
      if sqlerrm not like '%tuple concurrently%' then raise; end if;
  end $$;

-- 2. As in 0050, but that a writer whose company was deleted meanwhile is refused, too. A deletion ends the sessions of its
-- people (0043 asks for those); keys, and people with a token of Supabase Auth, were let through.
create or replace function private.confirm_caller(p_claims jsonb, p_key_hash bytea, p_role text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_own xid := pg_current_xact_id_if_assigned()::xid;
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_company_id uuid := (p_claims -> 'app_metadata' ->> 'company_id')::uuid;
    r record;
  begin
    if v_own is null then
      return;   -- nothing was written
    end if;
    if p_key_hash is not null then
      select k.user_id, k.company_id, k.revoked_at is not null or k.expires_at <= now() as is_over, k.xmin = v_own as is_ours
        into r from public.api_keys k where k.key_hash = p_key_hash for share;
      if not found or r.is_over and not r.is_ours then
        raise exception using errcode = 'TL401', message = 'The key was revoked or has expired.';
      end if;
      v_user_id := r.user_id;
      v_company_id := r.company_id;
    else
      select s.ended_at is not null or s.expires_at <= now() as is_over, s.xmin = v_own as is_ours
        into r from public.sessions s where s.id = (p_claims ->> 'session_id')::uuid and s.user_id = v_user_id for share;
      -- A token of Supabase Auth has a session over there.
      if not found and coalesce(p_claims ->> 'iss', '') not like '%/auth/v1' or found and r.is_over and not r.is_ours then
        raise exception using errcode = 'TL401', message = 'The session has ended: log in again.';
      end if;
    end if;
    if exists (select from public.companies c
        where c.id = v_company_id and c.deleted_at is not null and c.xmin <> v_own) then
      raise exception using errcode = 'TL401', message = 'The company was deleted.';
    end if;
    if v_user_id is null then
      return;   -- a key of an app or of the company
    end if;
    select m.role, (m.is_active or m.xmin = v_own) and u.is_active as is_active,
        m.xmin = v_own as is_our_role, u.is_platform_admin
      into r from public.memberships m join public.users u on u.id = m.user_id
      where m.user_id = v_user_id and m.company_id = v_company_id for share of m;
    if not found or not r.is_active then
      raise exception using errcode = 'TL401', message = 'The account is no longer active in this company.';
    end if;
    if p_role is not null and not r.is_platform_admin and not r.is_our_role
      and (p_role = 'platform_admin' or private.role_rank(r.role) < private.role_rank(p_role)) then
      raise exception using errcode = 'TL403',
        message = format('The role %s is needed for this; yours is %s.', p_role, r.role);
    end if;
  end $$;
