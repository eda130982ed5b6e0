-- The guards at the door: rate limits, idempotency keys, the audit log.

-- GCRA, one row for each caller and class: `tat` is the theoretical arrival time of the request after the last one that
-- was let in, epoch seconds, for up to two limits of different windows. Unlogged: a crash forgives, and that is all.
create unlogged table public.rate_limits (
  key   text primary key,
  tat1  double precision not null,
  tat2  double precision not null
) with (fillfactor = 50);

-- Lets one request in, or not; exact among all instances, since the row is locked. A statement of its own, sent before
-- the transaction that it guards: the lock is gone at once, so that no slow query of a caller holds up the next.
-- Gives { allowed, limit, remaining, seconds until all is free again, seconds until the next is let in }.
create function private.take_limit(
  p_key text, p_count1 integer, p_seconds1 integer, p_count2 integer default null, p_seconds2 integer default null
) returns integer[]
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    t1 constant double precision := p_seconds1::double precision / p_count1;
    -- The second limit, where there is none, lets everything in.
    t2 constant double precision := coalesce(p_seconds2::double precision / p_count2, 0);
    w1 constant double precision := p_seconds1 + t1 * 0.01;   -- a hundredth of a request: what floating point may lose
    w2 constant double precision := coalesce(p_seconds2 + t2 * 0.01, 'infinity');
    v1 double precision;
    v2 double precision;
    v_now double precision := extract(epoch from clock_timestamp());
    v_left1 integer;
    v_left2 integer;
    v_allowed integer := 1;
    v_wait double precision := 0;
  begin
    insert into public.rate_limits as r (key, tat1, tat2) values (p_key, v_now + t1, v_now + t2)
    on conflict (key) do update set
      tat1 = greatest(r.tat1, extract(epoch from clock_timestamp())) + t1,
      tat2 = greatest(r.tat2, extract(epoch from clock_timestamp())) + t2
      where r.tat1 + t1 - extract(epoch from clock_timestamp()) <= w1
        and r.tat2 + t2 - extract(epoch from clock_timestamp()) <= w2
    returning r.tat1, r.tat2 into v1, v2;
    if not found then
      select r.tat1, r.tat2 into v1, v2 from public.rate_limits r where r.key = p_key;
      v_allowed := 0;
    end if;
    v_now := extract(epoch from clock_timestamp());
    v_left1 := greatest(0, floor((w1 - (v1 - v_now)) / t1));
    v_left2 := case when p_count2 is null then v_left1 + 1 else greatest(0, floor((w2 - (v2 - v_now)) / t2)) end;
    if v_allowed = 0 then
      v_wait := greatest(v1 + t1 - w1, v2 + t2 - case when p_count2 is null then v2 + t2 - v_now else w2 end) - v_now;
    end if;
    return case when v_left1 <= v_left2
      then array[v_allowed, p_count1, least(v_left1, p_count1), ceil(greatest(0, v1 - v_now))::integer, ceil(greatest(0, v_wait))::integer]
      else array[v_allowed, p_count2, least(v_left2, p_count2), ceil(greatest(0, v2 - v_now))::integer, ceil(greatest(0, v_wait))::integer]
    end;
  end $$;

-- What a request with an Idempotency-Key did: the answer is kept, encrypted, for a day. `effect_at` is written in the
-- transaction that has the effect, so that a process killed before it could answer leaves word of it.
create table public.idempotency_keys (
  scope        text not null,                      -- the company, 'internal', or 'nobody:' and the address
  route        text not null,                      -- 'POST /api/calls'
  key          text not null,
  fingerprint  bytea not null,                     -- SHA-256 of caller, path, query and body
  attempt      uuid not null,                      -- whose turn it is: a later one may take over from one that died
  started_at   timestamptz not null default now(),
  effect_at    timestamptz,
  answered_at  timestamptz,
  answer       text,
  primary key (scope, route, key)
);
create index idempotency_keys_by_start on public.idempotency_keys (started_at);

-- Begins, or tells what became of the first request: { state, answer }, state one of 'new', 'reused' (the key came with
-- another body), 'answered', 'running', 'lost' (its effect is there, its answer is not).
create function private.begin_idempotent(
  p_scope text, p_route text, p_key text, p_fingerprint bytea, p_attempt uuid, out state text, out answer text
) language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    k public.idempotency_keys;
  begin
    insert into public.idempotency_keys (scope, route, key, fingerprint, attempt)
    values (p_scope, p_route, p_key, p_fingerprint, p_attempt)
    on conflict do nothing;
    if found then
      state := 'new';
      return;
    end if;
    select i.* into k from public.idempotency_keys i
     where i.scope = p_scope and i.route = p_route and i.key = p_key for update;
    if not found then
      state := 'running';                            -- it was given up this moment: come again
    elsif k.started_at < now() - interval '24 hours'
       or (k.fingerprint = p_fingerprint and k.answered_at is null and k.effect_at is null
           and k.started_at < now() - interval '60 seconds') then
      update public.idempotency_keys i
         set fingerprint = p_fingerprint, attempt = p_attempt, started_at = now(), effect_at = null, answered_at = null, answer = null
       where i.scope = p_scope and i.route = p_route and i.key = p_key;
      state := 'new';
    elsif k.fingerprint <> p_fingerprint then
      state := 'reused';
    elsif k.answered_at is not null then
      state := 'answered';
      answer := k.answer;
    elsif k.effect_at is not null and k.started_at < now() - interval '60 seconds' then
      state := 'lost';
    else
      state := 'running';
    end if;
  end $$;

-- In the transaction of the effect, just before its commit. Fails where a later attempt has taken over.
create function private.mark_idempotent(p_scope text, p_route text, p_key text, p_attempt uuid) returns void
  language plpgsql volatile security definer set search_path = ''
  as $$
  begin
    update public.idempotency_keys i set effect_at = now()
     where i.scope = p_scope and i.route = p_route and i.key = p_key and i.attempt = p_attempt;
    if not found then
      raise exception 'Another attempt with this Idempotency-Key has taken over.' using errcode = '40001';
    end if;
  end $$;

-- Keeps the answer; without one, and where nothing had an effect, the key is free again.
create function private.end_idempotent(p_scope text, p_route text, p_key text, p_attempt uuid, p_answer text, p_is_final boolean)
  returns void
  language plpgsql volatile security definer set search_path = ''
  as $$
  begin
    delete from public.idempotency_keys i
     where i.scope = p_scope and i.route = p_route and i.key = p_key and i.attempt = p_attempt
       and not p_is_final and i.effect_at is null;
    if not found then
      update public.idempotency_keys i set answered_at = now(), answer = p_answer
       where i.scope = p_scope and i.route = p_route and i.key = p_key and i.attempt = p_attempt;
    end if;
  end $$;

-- Who changed what: written in the transaction that changes it. Each entry carries the digest of the one before, for each
-- company, so that one that is altered or missing shows.
create table public.audit_logs (
  id             uuid primary key default private.uuid_v7(),
  company_id     uuid not null references public.companies (id) on delete cascade,
  number         bigint not null,                    -- 1, 2, 3 … of the company, without a gap
  at             timestamptz not null default now(),
  action         text not null,                      -- 'member.role_changed'
  actor_type     text not null check (actor_type in ('user', 'key', 'internal', 'system')),
  actor_id       uuid,
  actor_name     text,                               -- as it was then
  ip             text,
  user_agent     text,
  request_id     text,
  resource_type  text not null,
  resource_id    text,
  before         jsonb,
  after          jsonb,
  prev_digest      bytea not null,
  digest         bytea not null,
  unique (company_id, number)
);
create index audit_logs_by_actor on public.audit_logs (company_id, actor_id, number desc);
create index audit_logs_by_resource on public.audit_logs (company_id, resource_type, resource_id, number desc);

create table public.audit_heads (
  company_id  uuid primary key references public.companies (id) on delete cascade,
  number      bigint not null,
  digest      bytea not null
);

-- What an entry's digest (SHA-256) is over: all that it says, in jsonb's own order of keys, and the digest before.
create function private.audit_digest(e public.audit_logs) returns bytea
  language sql stable set search_path = ''
  as $$
    select sha256(e.prev_digest || convert_to(
      jsonb_build_object('id', e.id, 'company_id', e.company_id, 'number', e.number, 'at', extract(epoch from e.at),
        'action', e.action, 'actor_type', e.actor_type, 'actor_id', e.actor_id, 'actor_name', e.actor_name, 'ip', e.ip,
        'user_agent', e.user_agent, 'request_id', e.request_id, 'resource_type', e.resource_type,
        'resource_id', e.resource_id, 'before', e.before, 'after', e.after)::text, 'UTF8'))
  $$;

create function private.write_audit(
  p_company_id uuid, p_action text, p_actor_type text, p_actor_id uuid, p_actor_name text, p_ip text, p_user_agent text,
  p_request_id text, p_resource_type text, p_resource_id text, p_before jsonb, p_after jsonb
) returns void
  language plpgsql volatile security definer set search_path = ''
  as $$
  declare
    e public.audit_logs;
  begin
    insert into public.audit_heads (company_id, number, digest) values (p_company_id, 0, '') on conflict do nothing;
    select h.number + 1, h.digest into e.number, e.prev_digest from public.audit_heads h where h.company_id = p_company_id for update;
    e.id := private.uuid_v7();
    e.company_id := p_company_id;
    e.at := clock_timestamp();
    e.action := p_action;
    e.actor_type := p_actor_type;
    e.actor_id := p_actor_id;
    e.actor_name := coalesce(p_actor_name, case p_actor_type
      when 'user' then (select u.name from public.users u where u.id = p_actor_id)
      when 'key' then (select coalesce(nullif(k.name, ''), k.prefix) from public.api_keys k where k.id = p_actor_id) end);
    e.ip := p_ip;
    e.user_agent := left(p_user_agent, 400);
    e.request_id := p_request_id;
    e.resource_type := p_resource_type;
    e.resource_id := p_resource_id;
    e.before := p_before;
    e.after := p_after;
    e.digest := private.audit_digest(e);
    insert into public.audit_logs select e.*;
    update public.audit_heads h set number = e.number, digest = e.digest where h.company_id = p_company_id;
  end $$;

-- Walks a company's chain: how many entries, and the number of the first that is altered, missing or out of place.
create function private.check_audit_chain(p_company_id uuid, out entries bigint, out broken_at bigint)
  language plpgsql stable security definer set search_path = ''
  as $$
  declare
    h public.audit_heads;
  begin
    if p_company_id is distinct from private.caller_company_id() or not private.caller_is_at_least('admin') then
      raise exception 'Only an admin may check the audit log.' using errcode = 'TL403';
    end if;
    select t.* into h from public.audit_heads t where t.company_id = p_company_id;
    -- Where one is missing, the next one is the first out of place: its place is the missing one's number.
    select count(*), min(least(c.number, c.place)) filter (where not c.is_right) into entries, broken_at
      from (select a.number, row_number() over w as place,
              a.number = row_number() over w and a.prev_digest = coalesce(lag(a.digest) over w, '') and a.digest = private.audit_digest(a)
                and (a.number is distinct from h.number or a.digest = h.digest) as is_right
              from public.audit_logs a where a.company_id = p_company_id window w as (order by a.number)) c;
    if broken_at is null and entries is distinct from coalesce(h.number, 0) then
      broken_at := least(entries, coalesce(h.number, 0)) + 1;   -- the end was cut off, or something put behind it
    end if;
  end $$;

do $$
declare
  t text;
begin
  foreach t in array array['rate_limits', 'idempotency_keys', 'audit_logs', 'audit_heads'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('alter table public.%I force row level security', t);
  end loop;
  foreach t in array array['rate_limits', 'idempotency_keys', 'audit_heads'] loop
    execute format('create policy "only the service" on public.%I for all to authenticated using (false)', t);
  end loop;
end $$;
grant all on public.rate_limits, public.idempotency_keys to service_role;
grant select on public.audit_heads to service_role;
grant select on public.audit_logs to authenticated, service_role;   -- append-only: nobody updates or deletes, and only write_audit inserts
create policy "admins read their company's audit log"
  on public.audit_logs for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_app_id()) is null);

revoke execute on function
  private.take_limit(text, integer, integer, integer, integer),
  private.begin_idempotent(text, text, text, bytea, uuid), private.mark_idempotent(text, text, text, uuid),
  private.end_idempotent(text, text, text, uuid, text, boolean), private.audit_digest(public.audit_logs),
  private.write_audit(uuid, text, text, uuid, text, text, text, text, text, text, jsonb, jsonb),
  private.check_audit_chain(uuid) from public;
grant execute on function
  private.take_limit(text, integer, integer, integer, integer),
  private.begin_idempotent(text, text, text, bytea, uuid),
  private.end_idempotent(text, text, text, uuid, text, boolean) to trunkline_api;
grant execute on function private.mark_idempotent(text, text, text, uuid) to trunkline_api, authenticated, service_role;
grant execute on function private.write_audit(uuid, text, text, uuid, text, text, text, text, text, text, jsonb, jsonb) to service_role;
grant execute on function private.check_audit_chain(uuid) to authenticated;
