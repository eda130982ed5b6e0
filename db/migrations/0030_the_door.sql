-- The door: limits count a person once, addresses have one spelling, wrong signatures are looked at before they are checked.

-- Which company, app and person a key belongs to: facts that never change, so an instance may remember them.
drop function private.identify_key(bytea);
create function private.identify_key(p_hash bytea)
  returns table (key_id uuid, company_id uuid, app_id uuid, user_id uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select k.id, k.company_id, k.app_id, k.user_id from public.api_keys k where k.key_hash = p_hash $$;
revoke execute on function private.identify_key(bytea) from public;
grant execute on function private.identify_key(bytea) to trunkline_api;

-- An IPv4 address, or range, that is written as one of IPv6 (::ffff:a.b.c.d) is an IPv4 one.
create function private.plain_inet(p_address inet) returns inet
  language sql immutable set search_path = pg_catalog, pg_temp
  as $$
    select case when family(p_address) = 6 and masklen(p_address) >= 96 and p_address <<= inet '::ffff:0:0/96'
      then set_masklen(regexp_replace(host(p_address), '^.*:', '')::inet, masklen(p_address) - 96)
      else p_address end
  $$;
revoke execute on function private.plain_inet(inet) from public;

-- An address as an address, in its one spelling, without a zone; null for what is none.
create or replace function private.as_inet(p_ip text) returns inet
  language plpgsql immutable set search_path = pg_catalog, pg_temp
  as $$
  begin
    return private.plain_inet(nullif(split_part(p_ip, '%', 1), '')::inet);
  exception when others then
    return null;
  end $$;

-- A company's list of addresses has the one spelling too, so that whatever compares with it need not think of others.
update public.companies c
   set ip_allowlist = (select array_agg(distinct private.plain_inet(r.range::inet)::cidr) from unnest(c.ip_allowlist) as r (range))
 where c.ip_allowlist is not null;
create function private.normalize_ip_allowlist() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
  begin
    new.ip_allowlist := (select array_agg(distinct private.plain_inet(r.range::inet)::cidr) from unnest(new.ip_allowlist) as r (range));
    return new;
  end $$;
revoke execute on function private.normalize_ip_allowlist() from public;
create trigger normalize_ip_allowlist before insert or update of ip_allowlist on public.companies
  for each row when (cardinality(new.ip_allowlist) > 0) execute function private.normalize_ip_allowlist();
-- Who sets the list is told whether it lets them in.
grant execute on function private.plain_inet(inet), private.as_inet(text) to service_role;

-- What is asked of the deployment's own service key: that its company is there, and allows this address.
create function private.demand_company(p_company_id uuid, p_ip text) returns void
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_allowlist cidr[];
  begin
    select c.ip_allowlist into v_allowlist from public.companies c where c.id = p_company_id and c.deleted_at is null;
    if not found then
      raise exception 'The company of API_AUTH_KEY is not there.' using errcode = 'TL401';
    end if;
    perform private.demand_address(v_allowlist, p_ip);
  end $$;

create function private.enter_service_key(p_claims jsonb, p_ip text) returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
  begin
    perform private.demand_company((p_claims -> 'app_metadata' ->> 'company_id')::uuid, p_ip);
    return private.enter_claims(p_claims);
  end $$;
revoke execute on function private.demand_company(uuid, text), private.enter_service_key(jsonb, text) from public;
grant execute on function private.demand_company(uuid, text), private.enter_service_key(jsonb, text) to trunkline_api;

-- As before, and besides, as its sixth number, the milliseconds until the next request is let in: for so long an instance
-- need not ask again.
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
    v_wait double precision := 0;
    v_allowed integer := 1;
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
      v_wait := greatest(0, greatest(v1 + t1 - w1, v2 + t2 - case when p_count2 is null then v2 + t2 - v_now else w2 end) - v_now);
    end if;
    v_left1 := greatest(0, floor((w1 - (v1 - v_now)) / t1));
    v_left2 := case when p_count2 is null then v_left1 + 1 else greatest(0, floor((w2 - (v2 - v_now)) / t2)) end;
    if v_left1 <= v_left2 then
      return array[v_allowed, p_count1, least(v_left1, p_count1), ceil(greatest(0, v1 - v_now))::integer,
        ceil(v_wait)::integer, least(floor(v_wait * 1000), 2147483647)::integer];
    end if;
    return array[v_allowed, p_count2, least(v_left2, p_count2), ceil(greatest(0, v2 - v_now))::integer,
      ceil(v_wait)::integer, least(floor(v_wait * 1000), 2147483647)::integer];
  end $$;

-- How long the sender of a webhook must wait, in milliseconds, before anything is made of what it sends: 0 where its
-- address has not used up its wrong signatures, -1 where a webhook from there was rightly signed within a day. Counts nothing.
create function private.look_at_signer(p_address text, p_key text, p_count integer, p_seconds integer) returns integer
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    select case
      when exists (select 1 from public.rate_limits g
        where g.key = 'signed:ip:' || p_address and g.tat1 > extract(epoch from clock_timestamp())) then -1
      else coalesce((select least(ceil(greatest(0,
            r.tat1 + p_seconds::double precision / p_count * 0.99 - p_seconds - extract(epoch from clock_timestamp())
          ) * 1000), 2147483647)::integer
        from public.rate_limits r where r.key = p_key), 0)
      end
  $$;

-- A webhook from this address was rightly signed. Kept beside the limits: a crash forgets it, and the next one says it again.
create function private.trust_signer(p_address text) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    insert into public.rate_limits as r (key, tat1, tat2)
    values ('signed:ip:' || p_address, extract(epoch from clock_timestamp()) + 86400, 0)
    on conflict (key) do update set tat1 = excluded.tat1
  $$;

-- The companies to which things at a provider are linked: for choosing among the secrets that may have signed a webhook.
create function private.companies_linked(p_provider text, p_external_ids text[]) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select distinct l.company_id from public.provider_links l
     where l.provider = p_provider and l.kind in ('agent', 'organization', 'number') and l.external_id = any (p_external_ids)
       and l.proof is not null
  $$;

revoke execute on function private.look_at_signer(text, text, integer, integer), private.trust_signer(text),
  private.companies_linked(text, text[]) from public;
grant execute on function private.look_at_signer(text, text, integer, integer), private.trust_signer(text),
  private.companies_linked(text, text[]) to trunkline_api;
