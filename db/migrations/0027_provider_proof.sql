-- Whose is it: a link says how its owner was proved. Only a proved link decides whose an event, a call or an agent is.
alter table public.provider_links
  add column proof text check (proof in ('operator', 'provider')),   -- null: from before proof was asked for; serves nothing
  add column proved_at timestamptz,                                  -- 'provider': when the owner's account last listed it
  add constraint provider_links_proof_has_time check ((proof is null) = (proved_at is null));
-- Links of apps and secrets of incoming webhooks could be written by operators alone.
update public.provider_links set proof = 'operator', proved_at = created_at where app_id is not null or provider = 'incoming';

-- A company's own Retell key has one place: its settings.
insert into public.company_integration_secrets (company_id, integration, name, secret)
  select distinct on (l.company_id) l.company_id, 'retell', 'apiKey', l.secret from public.provider_links l
   where l.provider = 'retell' and l.kind = 'company' and l.secret is not null
   order by l.company_id, l.id
  on conflict do nothing;
delete from public.provider_links where kind = 'company' and provider <> 'incoming';

-- Whether a company may create and change agents in the deployment's own accounts at providers. Platform admins set it.
alter table public.companies add column manages_shared_accounts boolean not null default false;

-- Links by proof: the caller has seen that an account of the company's own lists these ids. One row for each id says
-- what became of it: 'made', 'had' (it was linked so already), 'moved' (from from_company_id), 'contested' (linked to
-- from_company_id by that company's own account, which must be asked first) or 'refused'. p_lost names the contested
-- ones whose holder's account was asked and does not list them: [{ externalId, companyId }].
create function private.link_by_proof(
  p_company_id uuid, p_app_id uuid, p_provider text, p_kind text, p_external_ids text[], p_lost jsonb
) returns table (external_id text, outcome text, from_company_id uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_id text;
    l public.provider_links;
  begin
    -- In one order, so that two companies that want the same ids never wait for each other.
    for v_id in select distinct u.id collate "C" from unnest(p_external_ids) as u (id) order by 1 loop
      external_id := v_id;
      from_company_id := null;
      loop
        insert into public.provider_links (company_id, app_id, provider, kind, external_id, proof, proved_at)
          values (p_company_id, p_app_id, p_provider, p_kind, v_id, 'provider', now())
          on conflict on constraint provider_links_provider_kind_external_id_key do nothing;
        if found then
          outcome := case when from_company_id is null then 'made' else 'moved' end;
          exit;
        end if;
        select t.* into l from public.provider_links t
         where t.provider = p_provider and t.kind = p_kind and t.external_id = v_id for update;
        continue when not found;   -- removed in between: try again to make it
        if l.company_id = p_company_id then
          outcome := case when l.proof is null then 'made' else 'had' end;
          update public.provider_links t
             set proof = coalesce(t.proof, 'provider'), proved_at = now(), app_id = coalesce(t.app_id, p_app_id)
           where t.id = l.id and (t.proof is null or t.proof = 'provider' and t.proved_at < now() - interval '1 minute');
          exit;
        end if;
        if l.proof = 'operator' then
          outcome := 'refused';
          exit;
        end if;
        from_company_id := l.company_id;
        if l.proof = 'provider' and not coalesce(
            p_lost @> jsonb_build_array(jsonb_build_object('externalId', v_id, 'companyId', l.company_id)), false) then
          outcome := 'contested';
          exit;
        end if;
        -- A row anew, not this one changed: its id is known to the company that loses it.
        delete from public.provider_links t where t.id = l.id;
      end loop;
      return next;
    end loop;
  end $$;

-- Links by the word of an operator or a platform admin: 'made', 'had', 'moved' (from from_company_id, which had not
-- proved it), or 'refused' where another company or app has proved it.
create function private.link_by_operator(
  p_company_id uuid, p_app_id uuid, p_provider text, p_kind text, p_external_ids text[]
) returns table (external_id text, outcome text, from_company_id uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_id text;
    l public.provider_links;
  begin
    for v_id in select distinct u.id collate "C" from unnest(p_external_ids) as u (id) order by 1 loop
      external_id := v_id;
      from_company_id := null;
      loop
        insert into public.provider_links (company_id, app_id, provider, kind, external_id, proof, proved_at)
          values (p_company_id, p_app_id, p_provider, p_kind, v_id, 'operator', now())
          on conflict on constraint provider_links_provider_kind_external_id_key do nothing;
        if found then
          outcome := case when from_company_id is null then 'made' else 'moved' end;
          exit;
        end if;
        select t.* into l from public.provider_links t
         where t.provider = p_provider and t.kind = p_kind and t.external_id = v_id for update;
        continue when not found;
        if l.company_id = p_company_id and (p_app_id is null or l.app_id = p_app_id or l.app_id is null and l.proof is null) then
          outcome := case when l.proof is null then 'made' else 'had' end;
          update public.provider_links t
             set proof = 'operator', proved_at = now(), app_id = coalesce(t.app_id, p_app_id)
           where t.id = l.id and t.proof is distinct from 'operator';
          exit;
        end if;
        if l.proof is not null then
          outcome := 'refused';
          exit;
        end if;
        if l.company_id <> p_company_id then
          from_company_id := l.company_id;
        end if;
        delete from public.provider_links t where t.id = l.id;
      end loop;
      return next;
    end loop;
  end $$;

-- Marks as unproved what a company's own accounts list no longer. p_asked_at: when they were asked, so that what was
-- proved since then stays.
create function private.doubt_links(
  p_company_id uuid, p_provider text, p_kind text, p_listed text[], p_asked_at timestamptz
) returns table (external_id text)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    update public.provider_links l set proof = null, proved_at = null
     where l.company_id = p_company_id and l.provider = p_provider and l.kind = p_kind and l.proof = 'provider'
       and l.proved_at < p_asked_at and not (l.external_id = any (p_listed))
    returning l.external_id
  $$;

-- Keeps the secret of a company's incoming webhook. Says whether there was one before.
create function private.keep_incoming_secret(p_company_id uuid, p_secret text) returns boolean
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    insert into public.provider_links as l (company_id, provider, kind, external_id, secret, proof, proved_at)
      values (p_company_id, 'incoming', 'company', p_company_id::text, p_secret, 'operator', now())
      on conflict (provider, kind, external_id) do update set secret = excluded.secret
      returning xmax <> 0
  $$;

-- These are the only ways in: whatever else runs as the service may read and remove links, not write them.
revoke insert, update, truncate on public.provider_links from service_role;
revoke execute on function
  private.link_by_proof(uuid, uuid, text, text, text[], jsonb), private.link_by_operator(uuid, uuid, text, text, text[]),
  private.doubt_links(uuid, text, text, text[], timestamptz), private.keep_incoming_secret(uuid, text) from public;
grant execute on function
  private.link_by_proof(uuid, uuid, text, text, text[], jsonb), private.link_by_operator(uuid, uuid, text, text, text[]),
  private.doubt_links(uuid, text, text, text[], timestamptz), private.keep_incoming_secret(uuid, text) to service_role;

-- As in 0008, with proved links only.
create or replace function private.receive_event(
  p_id uuid, p_provider text, p_dedupe_key text, p_type text, p_occurred_at timestamptz, p_payload json,
  p_headers jsonb, p_owners jsonb, p_company_id uuid, p_app_id uuid, p_default_company_id uuid, p_recognised boolean
) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company uuid := p_company_id;
    v_app uuid := p_app_id;
    v_owner jsonb;
    v_status text;
  begin
    if v_app is null then
      -- One after the other: the first is nearly always the one, and a join of the list costs ten times as much.
      for i in 0 .. jsonb_array_length(p_owners) - 1 loop
        v_owner := p_owners -> i;
        select l.company_id, l.app_id into v_company, v_app from public.provider_links l
         where l.provider = p_provider and l.kind = v_owner ->> 'kind' and l.external_id = v_owner ->> 'externalId'
           and l.proof is not null and (p_company_id is null or l.company_id = p_company_id);
        exit when found;
      end loop;
      if v_company is null then
        v_company := p_company_id;
      end if;
    end if;
    if v_company is null and p_default_company_id is not null then
      -- A default company that does not exist must not cost the event: it waits as unmatched.
      select c.id into v_company from public.companies c where c.id = p_default_company_id;
    end if;
    v_status := case when not p_recognised then 'unrecognised' when v_company is null then 'unmatched' else 'received' end;
    insert into public.inbound_events
      (id, provider, dedupe_key, company_id, app_id, type, occurred_at, payload, headers, owners, status)
    values
      (p_id, p_provider, p_dedupe_key, v_company, v_app, p_type, p_occurred_at, p_payload, p_headers, p_owners, v_status)
    on conflict (provider, dedupe_key) do nothing;
    if not found then
      return 'repeated';
    end if;
    return v_status;
  end $$;

-- As in 0008, with the companies' own keys: Retell signs with the API key (kind 'key'), Dialpad with the webhook secret
-- that the company has set. The key that was set first comes first, should two companies have set the same one.
create or replace function private.hook_secrets(p_provider text)
  returns table (company_id uuid, app_id uuid, secret text, kind text, external_id text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select h.company_id, h.app_id, h.secret, 'hook', h.external_id
      from public.provider_hooks h where h.provider = p_provider and h.deleted_at is null
    union all
    select l.company_id, l.app_id, l.secret, l.kind, l.external_id
      from public.provider_links l where l.provider = p_provider and l.secret is not null and l.proof is not null
    union all
    (select s.company_id, null::uuid, s.secret, 'key', s.company_id::text
      from public.company_integration_secrets s
     where s.integration = p_provider and (s.integration, s.name) in (('retell', 'apiKey'), ('dialpad', 'webhookSecret'))
     order by s.updated_at, s.company_id)
  $$;
