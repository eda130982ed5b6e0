-- What each request pays for its caller, in fewer steps; and `GET /api/auth/me`, which is asked most, in one.

-- As 0012 has it, with one reading of the clock: a request is judged by when it came, not by when it got the row. And
-- date_part gives a double precision, where extract would make a numeric first.
create or replace function private.take_limit(
  p_key text, p_count1 integer, p_seconds1 integer, p_count2 integer default null, p_seconds2 integer default null
) returns integer[]
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_now constant double precision := date_part('epoch', clock_timestamp());
    t1 constant double precision := p_seconds1::double precision / p_count1;
    -- The second limit, where there is none, lets everything in.
    t2 constant double precision := coalesce(p_seconds2::double precision / p_count2, 0);
    w1 constant double precision := p_seconds1 + t1 * 0.01;   -- a hundredth of a request: what floating point may lose
    w2 constant double precision := coalesce(p_seconds2 + t2 * 0.01, 'infinity');
    v1 double precision;
    v2 double precision;
    v_left1 integer;
    v_left2 integer;
    v_allowed integer := 1;
    v_wait double precision := 0;
  begin
    insert into public.rate_limits as r (key, tat1, tat2) values (p_key, v_now + t1, v_now + t2)
    on conflict (key) do update set
      tat1 = greatest(r.tat1, v_now) + t1,
      tat2 = greatest(r.tat2, v_now) + t2
      where r.tat1 + t1 - v_now <= w1 and r.tat2 + t2 - v_now <= w2
    returning r.tat1, r.tat2 into v1, v2;
    if not found then
      select r.tat1, r.tat2 into v1, v2 from public.rate_limits r where r.key = p_key;
      v_allowed := 0;
      v_wait := greatest(v1 + t1 - w1, v2 + t2 - case when p_count2 is null then v2 + t2 - v_now else w2 end) - v_now;
    end if;
    v_left1 := greatest(0, floor((w1 - (v1 - v_now)) / t1));
    v_left2 := case when p_count2 is null then v_left1 + 1 else greatest(0, floor((w2 - (v2 - v_now)) / t2)) end;
    if v_left1 <= v_left2 then
      return array[v_allowed, p_count1, least(v_left1, p_count1), ceil(greatest(0, v1 - v_now))::integer, ceil(greatest(0, v_wait))::integer];
    end if;
    return array[v_allowed, p_count2, least(v_left2, p_count2), ceil(greatest(0, v2 - v_now))::integer, ceil(greatest(0, v_wait))::integer];
  end $$;

-- Whether a person is who their token says, and may do what needs the role: asked in one place by all that take on a person.
-- `refusal` is TL401 or TL403 with its message; without one, `role` is the member's, as policies shall see it: a platform
-- admin stands above the company, and sees what its owner sees.
create function private.check_member(
  p_user_id uuid, p_company_id uuid, p_session_id uuid, p_issuer text, p_role text, p_ip text,
  out refusal text, out message text, out role text
) language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  declare
    m record;
  begin
    select m2.role, m2.is_active and u.is_active and c.deleted_at is null as is_active, u.is_platform_admin, c.ip_allowlist,
           s.id as session_id, s.ended_at is not null or s.expires_at <= now() as is_over,
           s.last_seen_at < now() - interval '1 minute' as is_long_unseen
      into m
      from public.memberships m2
      join public.users u on u.id = m2.user_id
      join public.companies c on c.id = m2.company_id
      left join public.sessions s on s.id = p_session_id and s.user_id = m2.user_id
     where m2.user_id = p_user_id and m2.company_id = p_company_id;
    if not found or not m.is_active then
      refusal := 'TL401';
      message := 'The account is no longer active in this company.';
      return;
    -- A token of Supabase Auth has a session over there; all others have one here.
    elsif m.is_over or m.session_id is null and coalesce(p_issuer, '') not like '%/auth/v1' then
      refusal := 'TL401';
      message := 'The session has ended: log in again.';
      return;
    elsif p_role is not null and not m.is_platform_admin
      and (p_role = 'platform_admin' or private.role_rank(m.role) < private.role_rank(p_role)) then
      refusal := 'TL403';
      message := case p_role when 'platform_admin' then 'Only a platform admin may do this.'
        else format('The role %s is needed for this; yours is %s.', p_role, m.role) end;
      return;
    elsif m.ip_allowlist is not null and not coalesce(private.as_inet(p_ip) <<= any (m.ip_allowlist), false) then
      refusal := 'TL403';
      message := 'The company does not allow this address.';
      return;
    end if;
    if m.is_long_unseen then
      perform 1 from public.sessions s where s.id = m.session_id for update skip locked;
      if found then
        update public.sessions s set last_seen_at = now(), ip = coalesce(nullif(p_ip, ''), s.ip) where s.id = m.session_id;
      end if;
    end if;
    role := case when m.is_platform_admin then 'owner' else m.role end;
  end $$;
revoke execute on function private.check_member(uuid, uuid, uuid, text, text, text) from public;

create or replace function private.user_claims(p_claims jsonb, p_role text, p_ip text) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v record;
  begin
    v := private.check_member((p_claims ->> 'sub')::uuid, (p_claims -> 'app_metadata' ->> 'company_id')::uuid,
      (p_claims ->> 'session_id')::uuid, p_claims ->> 'iss', p_role, p_ip);
    if v.refusal is not null then
      raise exception using errcode = v.refusal, message = v.message;
    end if;
    if p_claims -> 'app_metadata' ->> 'role' = v.role then
      return p_claims::text;
    end if;
    return jsonb_set(p_claims, '{app_metadata,role}', to_jsonb(v.role))::text;
  end $$;

-- GET /api/auth/me: counts the request, checks the caller, and gives the person. A refusal is told, not raised, so that the
-- count stands. Without a key, nothing is counted.
create function private.who_am_i(
  p_user_id uuid, p_company_id uuid, p_session_id uuid, p_issuer text, p_ip text,
  p_key text, p_count1 integer, p_seconds1 integer, p_count2 integer, p_seconds2 integer,
  out state integer[], out refusal text, out message text, out item text
) language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v record;
  begin
    if p_key is not null then
      state := private.take_limit(p_key, p_count1, p_seconds1, p_count2, p_seconds2);
      if state[1] = 0 then
        return;
      end if;
    end if;
    v := private.check_member(p_user_id, p_company_id, p_session_id, p_issuer, null, p_ip);
    if v.refusal is not null then
      refusal := v.refusal;
      message := v.message;
      return;
    end if;
    select row_to_json(r) into item
      from (select u.id, u.email, u.name, u.phone, u.timezone, u.language,
          to_char(u.email_verified_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "emailVerifiedAt",
          to_char(u.last_login_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastLoginAt",
          to_char(u.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
          u.is_platform_admin as "isPlatformAdmin", p_company_id as "companyId",
          (select json_agg(json_build_object('companyId', m.company_id, 'companyName', c.name, 'role', m.role)
              order by m.created_at, m.id)
            from public.memberships m join public.companies c on c.id = m.company_id
           where m.user_id = u.id and m.is_active and c.deleted_at is null) as memberships
        from public.users u where u.id = p_user_id) r;
  end $$;
revoke execute on function
  private.who_am_i(uuid, uuid, uuid, text, text, text, integer, integer, integer, integer) from public;
grant execute on function
  private.who_am_i(uuid, uuid, uuid, text, text, text, integer, integer, integer, integer) to trunkline_api;
