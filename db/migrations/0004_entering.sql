-- How a transaction takes on its caller. Everything that must be true of a caller *now* (the key is not revoked, the
-- person is still a member, the role suffices) is checked here, in the round trip of the query itself.
-- TL401 and TL403 become 401 and 403; both abort the transaction, so that what was sent behind them does nothing.

-- Which company and app a key belongs to: facts that never change, so an instance may remember them.
create function private.identify_key(p_hash bytea)
  returns table (key_id uuid, company_id uuid, app_id uuid)
  language sql stable security definer set search_path = ''
  as $$ select k.id, k.company_id, k.app_id from public.api_keys k where k.key_hash = p_hash $$;

-- An address as an address; null for what is none.
create function private.as_inet(p_ip text) returns inet
  language plpgsql immutable set search_path = ''
  as $$
  begin
    return nullif(p_ip, '')::inet;
  exception when others then
    return null;
  end $$;

-- A company may say from where its people and keys may come.
create function private.demand_address(p_allowlist cidr[], p_ip text) returns void
  language plpgsql stable set search_path = ''
  as $$
  begin
    if p_allowlist is not null and not coalesce(private.as_inet(p_ip) <<= any (p_allowlist), false) then
      raise exception 'The company does not allow this address.' using errcode = 'TL403';
    end if;
  end $$;

-- What a key is now. A person's key acts as the person: with their role of now, and for no more than that role may do;
-- it rests while the person is to be deleted (users.deletes_at comes with 0018).
create function private.key_claims(p_hash bytea, p_scope text, p_role text, p_ip text) returns text
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    k record;
  begin
    select a.id, a.company_id, a.app_id, a.user_id, a.scopes, a.last_used_at, a.revoked_at, a.expires_at, c.deleted_at,
           c.ip_allowlist, m.role, m.is_active and u.is_active and u.deletes_at is null as is_maker_active
      into k
      from public.api_keys a
      join public.companies c on c.id = a.company_id
      left join public.memberships m on m.company_id = a.company_id and m.user_id = a.user_id
      left join public.users u on u.id = a.user_id
     where a.key_hash = p_hash;
    if not found or k.deleted_at is not null then
      raise exception 'The API key is not known.' using errcode = 'TL401';
    elsif k.revoked_at <= now() then
      raise exception 'The API key was revoked.' using errcode = 'TL401';
    elsif k.expires_at <= now() then
      raise exception 'The API key has expired.' using errcode = 'TL401';
    elsif k.user_id is not null and not coalesce(k.is_maker_active, false) then
      raise exception 'The person whose API key this is, is no longer active in this company.' using errcode = 'TL401';
    elsif p_scope is not null and not (p_scope = any (k.scopes) or '*' = any (k.scopes)) then
      raise exception 'The API key lacks the scope %.', p_scope using errcode = 'TL403';
    elsif k.user_id is not null and p_role is not null and private.role_rank(k.role) < private.role_rank(p_role) then
      raise exception 'The role % is needed for this; that of the person whose API key this is, is %.', p_role, k.role
        using errcode = 'TL403';
    end if;
    if k.ip_allowlist is not null then
      perform private.demand_address(k.ip_allowlist, p_ip);
    end if;
    if k.last_used_at is null or k.last_used_at < now() - interval '1 minute' then
      -- Skipped rather than waited for when another request is already writing the same minute.
      perform 1 from public.api_keys a where a.id = k.id for update skip locked;
      if found then
        update public.api_keys set last_used_at = now() where id = k.id;
      end if;
    end if;
    return json_build_object(
      'sub', coalesce(k.user_id, k.id), 'role', 'authenticated', 'aud', 'authenticated',
      'app_metadata', json_build_object('company_id', k.company_id, 'app_id', k.app_id, 'role', coalesce(k.role, 'service')))::text;
  end $$;

-- The token was verified by the API; whether its bearer is still that person in that company, and their session still
-- goes on, is asked here.
create function private.user_claims(p_claims jsonb, p_role text, p_ip text) returns text
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    m record;
  begin
    select m2.role, m2.is_active, u.is_active as user_active, u.is_platform_admin, c.deleted_at, c.ip_allowlist,
           s.id as session_id, s.last_seen_at, s.ended_at, s.expires_at
      into m
      from public.memberships m2
      join public.users u on u.id = m2.user_id
      join public.companies c on c.id = m2.company_id
      left join public.sessions s on s.id = (p_claims ->> 'session_id')::uuid and s.user_id = m2.user_id
     where m2.user_id = (p_claims ->> 'sub')::uuid
       and m2.company_id = (p_claims -> 'app_metadata' ->> 'company_id')::uuid;
    if not found or not m.is_active or not m.user_active or m.deleted_at is not null then
      raise exception 'The account is no longer active in this company.' using errcode = 'TL401';
    elsif m.ended_at is not null or m.expires_at <= now()
       -- A token of Supabase Auth has a session over there; all others have one here.
       or (m.session_id is null and coalesce(p_claims ->> 'iss', '') not like '%/auth/v1') then
      raise exception 'The session has ended: log in again.' using errcode = 'TL401';
    elsif p_role = 'platform_admin' then
      if not m.is_platform_admin then
        raise exception 'Only a platform admin may do this.' using errcode = 'TL403';
      end if;
    elsif p_role is not null and private.role_rank(m.role) < private.role_rank(p_role) and not m.is_platform_admin then
      raise exception 'The role % is needed for this; yours is %.', p_role, m.role using errcode = 'TL403';
    end if;
    if m.ip_allowlist is not null then
      perform private.demand_address(m.ip_allowlist, p_ip);
    end if;
    if m.last_seen_at < now() - interval '1 minute' then
      perform 1 from public.sessions s where s.id = m.session_id for update skip locked;
      if found then
        update public.sessions s set last_seen_at = now(), ip = coalesce(nullif(p_ip, ''), s.ip) where s.id = m.session_id;
      end if;
    end if;
    -- A platform admin stands above the company, so the policies let them see what its owner sees.
    return jsonb_set(p_claims, '{app_metadata,role}',
      to_jsonb(case when m.is_platform_admin then 'owner' else m.role end))::text;
  end $$;

create function private.enter_key(p_hash bytea, p_scope text, p_role text, p_ip text) returns text
  language plpgsql volatile set search_path = ''
  as $$
  declare
    v_claims text := private.key_claims(p_hash, p_scope, p_role, p_ip);
  begin
    perform set_config('request.jwt.claims', v_claims, true), set_config('role', 'authenticated', true);
    return v_claims;
  end $$;

create function private.enter_user(p_claims jsonb, p_role text, p_ip text) returns text
  language plpgsql volatile set search_path = ''
  as $$
  declare
    v_claims text := private.user_claims(p_claims, p_role, p_ip);
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
  private.identify_key(bytea), private.key_claims(bytea, text, text, text), private.user_claims(jsonb, text, text),
  private.enter_key(bytea, text, text, text), private.enter_user(jsonb, text, text), private.enter_claims(jsonb),
  private.enter_service(), private.record_refused_key(bytea, text, text)
  to trunkline_api;
grant execute on function private.role_rank(text) to trunkline_api;
