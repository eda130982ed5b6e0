-- A job of more than a minute is done in parts. Each begins with all attempts before it, so that `attempts` falls again, and
-- an attempt that outlived its lease could take a later one for itself: `taken` only ever grows.
alter table public.jobs add column taken integer not null default 0;
comment on column public.jobs.taken is
  'How often a worker took the job: attempts, parts and postponements. Only the last one may say how far the job is.';

-- Each queue has a worker of its own, so that a mail does not wait for an export, and a dial for neither.
alter table public.jobs add column queue text not null default 'jobs'
  check (queue in ('jobs', 'dials', 'bulk', 'documents'));
comment on column public.jobs.queue is 'The queue whose worker does it; functions/_core/work/queue.ts has them all.';
update public.jobs set queue = 'bulk' where kind = 'export-data' and status = 'waiting';

drop index public.jobs_waiting;
create index jobs_waiting on public.jobs (queue, next_attempt_at) where status = 'waiting';

-- A door as those of 0044: a job of the caller's company, for nobody in particular or for a person of it.
create function private.enqueue_job(
  p_id uuid, p_kind text, p_user_id uuid, p_payload text, p_at timestamptz, p_queue text
) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    if p_user_id is not null and not exists (
      select from public.memberships m where m.company_id = v_company_id and m.user_id = p_user_id) then
      raise exception using errcode = 'TL403', message = 'The job is for a person of another company.';
    end if;
    insert into public.jobs (id, company_id, user_id, kind, payload, queue, next_attempt_at)
      values (p_id, v_company_id, p_user_id, p_kind, p_payload, p_queue, coalesce(p_at, now()));
  end $$;
revoke execute on function private.enqueue_job(uuid, text, uuid, text, timestamptz, text) from public;
grant execute on function private.enqueue_job(uuid, text, uuid, text, timestamptz, text) to trunkline_member;

-- As in 0026 and 0004, with the key's id among a key's claims, and but for transactions that only read (snapshots): those note neither the use of a session nor that of a
-- key. The check that comes before every handler does.
create or replace function private.check_member(
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
    if m.is_long_unseen and current_setting('transaction_read_only') = 'off' then
      perform 1 from public.sessions s where s.id = m.session_id for update skip locked;
      if found then
        update public.sessions s set last_seen_at = now(), ip = coalesce(nullif(p_ip, ''), s.ip) where s.id = m.session_id;
      end if;
    end if;
    role := case when m.is_platform_admin then 'owner' else m.role end;
  end $$;

create or replace function private.key_claims(p_hash bytea, p_scope text, p_role text, p_ip text) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
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
    if (k.last_used_at is null or k.last_used_at < now() - interval '1 minute')
      and current_setting('transaction_read_only') = 'off' then
      -- Skipped rather than waited for when another request is already writing the same minute.
      perform 1 from public.api_keys a where a.id = k.id for update skip locked;
      if found then
        update public.api_keys set last_used_at = now() where id = k.id;
      end if;
    end if;
    return json_build_object(
      'sub', coalesce(k.user_id, k.id), 'role', 'authenticated', 'aud', 'authenticated',
      'app_metadata', json_build_object('company_id', k.company_id, 'app_id', k.app_id, 'key_id', k.id,
        'role', coalesce(k.role, 'service')))::text;
  end $$;

-- The instant at which a civil day begins in a zone. `day at time zone zone` is not that where midnight comes twice (Havana,
-- the Azores, … in autumn): Postgres takes the second one. Where there is no midnight (São Paulo in spring), the day begins when
-- the clock has jumped; a day that does not exist (Apia, 2011-12-30) begins with the next one, and is empty.
-- Clocks go by quarters of an hour, and were put back by three hours at most (Casey, 2010). Stable, not immutable: zones change.
create function private.day_start(p_day date, p_zone text) returns timestamptz
  language sql stable parallel safe set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(
      (select min(t) from generate_series(b.midnight - interval '4 hours', b.midnight, interval '15 minutes') t
        where (t at time zone p_zone)::date = p_day), b.midnight)
      from (select p_day::timestamp at time zone p_zone as midnight) b
  $$;
revoke execute on function private.day_start(date, text) from public;
grant execute on function private.day_start(date, text)
  to trunkline_member, trunkline_auth, trunkline_pipeline, trunkline_jobs, service_role;
