-- How a transaction takes on its caller. Everything that must be true of a caller *now* (the key is not revoked, the
-- person is still a member, the role suffices) is checked here, in the round trip of the query itself.
-- TL401 and TL403 become 401 and 403; both abort the transaction, so that what was sent behind them does nothing.

-- Which company and app a key belongs to: facts that never change, so an instance may remember them.
create function private.identify_key(p_hash bytea)
  returns table (key_id uuid, company_id uuid, app_id uuid)
  language sql stable security definer set search_path = ''
  as $$ select k.id, k.company_id, k.app_id from public.api_keys k where k.key_hash = p_hash $$;

create function private.key_claims(p_hash bytea, p_scope text) returns text
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    k record;
  begin
    select a.id, a.company_id, a.app_id, a.scopes, a.last_used_at, a.revoked_at, a.expires_at, c.deleted_at
      into k
      from public.api_keys a join public.companies c on c.id = a.company_id
     where a.key_hash = p_hash;
    if not found or k.deleted_at is not null then
      raise exception 'The API key is not known.' using errcode = 'TL401';
    elsif k.revoked_at <= now() then
      raise exception 'The API key was revoked.' using errcode = 'TL401';
    elsif k.expires_at <= now() then
      raise exception 'The API key has expired.' using errcode = 'TL401';
    elsif p_scope is not null and not (p_scope = any (k.scopes) or '*' = any (k.scopes)) then
      raise exception 'The API key lacks the scope %.', p_scope using errcode = 'TL403';
    end if;
    if k.last_used_at is null or k.last_used_at < now() - interval '1 minute' then
      -- Skipped rather than waited for when another request is already writing the same minute.
      perform 1 from public.api_keys a where a.id = k.id for update skip locked;
      if found then
        update public.api_keys set last_used_at = now() where id = k.id;
      end if;
    end if;
    return json_build_object(
      'sub', k.id, 'role', 'authenticated', 'aud', 'authenticated',
      'app_metadata', json_build_object('company_id', k.company_id, 'app_id', k.app_id, 'role', 'service'))::text;
  end $$;

-- The token was verified by the API; whether its bearer is still that person in that company is asked here.
create function private.user_claims(p_claims jsonb, p_role text) returns text
  language plpgsql stable security definer set search_path = ''
  as $$
  declare
    m record;
  begin
    select m2.role, m2.is_active, u.is_active as user_active, u.is_platform_admin, c.deleted_at
      into m
      from public.memberships m2
      join public.users u on u.id = m2.user_id
      join public.companies c on c.id = m2.company_id
     where m2.user_id = (p_claims ->> 'sub')::uuid
       and m2.company_id = (p_claims -> 'app_metadata' ->> 'company_id')::uuid;
    if not found or not m.is_active or not m.user_active or m.deleted_at is not null then
      raise exception 'The account is no longer active in this company.' using errcode = 'TL401';
    elsif p_role = 'platform_admin' then
      if not m.is_platform_admin then
        raise exception 'Only a platform admin may do this.' using errcode = 'TL403';
      end if;
    elsif p_role is not null and private.role_rank(m.role) < private.role_rank(p_role) then
      raise exception 'The role % is needed for this; yours is %.', p_role, m.role using errcode = 'TL403';
    end if;
    return jsonb_set(p_claims, '{app_metadata,role}', to_jsonb(m.role))::text;
  end $$;

create function private.enter_key(p_hash bytea, p_scope text) returns text
  language plpgsql volatile set search_path = ''
  as $$
  declare
    v_claims text := private.key_claims(p_hash, p_scope);
  begin
    perform set_config('request.jwt.claims', v_claims, true), set_config('role', 'authenticated', true);
    return v_claims;
  end $$;

create function private.enter_user(p_claims jsonb, p_role text) returns text
  language plpgsql volatile set search_path = ''
  as $$
  declare
    v_claims text := private.user_claims(p_claims, p_role);
  begin
    perform set_config('request.jwt.claims', v_claims, true), set_config('role', 'authenticated', true);
    return v_claims;
  end $$;

-- For a caller that needs no row of ours to be believed: the deployment's own service key.
create function private.enter_claims(p_claims jsonb) returns text
  language plpgsql volatile set search_path = ''
  as $$
  begin
    perform set_config('request.jwt.claims', p_claims::text, true), set_config('role', 'authenticated', true);
    return p_claims::text;
  end $$;

create function private.enter_service() returns text
  language plpgsql volatile set search_path = ''
  as $$
  begin
    perform set_config('request.jwt.claims', '{"role":"service_role"}', true), set_config('role', 'service_role', true);
    return '{}';
  end $$;

-- A refused use of a known key goes to its audit. In a transaction of its own: the refusing one was rolled back.
create function private.record_refused_key(p_hash bytea, p_reason text, p_ip text) returns void
  language sql volatile security definer set search_path = ''
  as $$
    insert into public.api_key_audit (company_id, app_id, key_id, action, reason, ip)
    select k.company_id, k.app_id, k.id, 'refused', left(p_reason, 200), left(p_ip, 64)
      from public.api_keys k where k.key_hash = p_hash
  $$;

revoke execute on all functions in schema private from public;
grant execute on function
  private.identify_key(bytea), private.key_claims(bytea, text), private.user_claims(jsonb, text),
  private.enter_key(bytea, text), private.enter_user(jsonb, text), private.enter_claims(jsonb),
  private.enter_service(), private.record_refused_key(bytea, text, text)
  to trunkline_api;
grant execute on function private.role_rank(text) to trunkline_api;
