-- What an attack on the wall found: rows that the policies let a member write, and that a worker or a sign-in trusted past them.

-- 1. The author of a write is asked for with its commit (0043, 0050). Besides:
--    - A member asks about nobody but themselves: the answer told roles of others, and locked their rows.
--    - A key, or a person with a token of Supabase Auth, whose company was deleted meanwhile is refused: a deletion ends the
--      sessions here and no others. The company's row is locked against its deletion, which locks it first.
--    - An account whose deletion was asked for writes no more by its keys. The membership is locked before the account is
--      looked at; DELETE /api/settings/account locks the memberships first.
--    - Keys and sessions end by the clock, not by when the transaction began.
create or replace function private.confirm_caller(p_claims jsonb, p_key_hash bytea, p_role text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_own xid := pg_current_xact_id_if_assigned()::xid;
    v_is_member constant boolean := private.caller_kind() <> '';
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_company_id uuid := (p_claims -> 'app_metadata' ->> 'company_id')::uuid;
    k record;
    m record;
    u record;
  begin
    if v_own is null then
      return;   -- nothing was written
    end if;
    if p_key_hash is not null then
      select a.user_id, a.company_id, a.revoked_at is not null or a.expires_at <= clock_timestamp() as is_over,
          a.xmin = v_own as is_ours
        into k from public.api_keys a
       where a.key_hash = p_key_hash and (not v_is_member or a.id = private.caller_key_id()) for share;
      if not found or k.is_over and not k.is_ours then
        raise exception using errcode = 'TL401', message = 'The key was revoked or has expired.';
      end if;
      v_user_id := k.user_id;
      v_company_id := k.company_id;
    else
      if v_is_member and v_user_id is distinct from private.caller_id() then
        raise exception using errcode = 'TL403', message = 'Only the caller is asked for.';
      end if;
      select s.ended_at is not null or s.expires_at <= clock_timestamp() as is_over, s.xmin = v_own as is_ours
        into k from public.sessions s where s.id = (p_claims ->> 'session_id')::uuid and s.user_id = v_user_id for share;
      -- A token of Supabase Auth has a session over there.
      if not found and coalesce(p_claims ->> 'iss', '') not like '%/auth/v1' or found and k.is_over and not k.is_ours then
        raise exception using errcode = 'TL401', message = 'The session has ended: log in again.';
      end if;
    end if;
    select c.deleted_at is not null and c.xmin <> v_own as is_gone
      into k from public.companies c where c.id = v_company_id for key share;
    if k.is_gone then
      raise exception using errcode = 'TL401', message = 'The company was deleted.';
    end if;
    if v_user_id is null then
      return;   -- a key of an app or of the company
    end if;
    select o.role, o.is_active or o.xmin = v_own as is_active, o.xmin = v_own as is_our_role
      into m from public.memberships o where o.user_id = v_user_id and o.company_id = v_company_id for share;
    if found then
      -- In a statement of its own: it sees what was committed while the lock was waited for.
      select p.is_active and (p_key_hash is null or p.deletes_at is null or p.xmin = v_own) as is_active, p.is_platform_admin
        into u from public.users p where p.id = v_user_id;
    end if;
    if not found or not m.is_active or not u.is_active then
      raise exception using errcode = 'TL401', message = 'The account is no longer active in this company.';
    end if;
    if p_role is not null and not u.is_platform_admin and not m.is_our_role
      and (p_role = 'platform_admin' or private.role_rank(m.role) < private.role_rank(p_role)) then
      raise exception using errcode = 'TL403',
        message = format('The role %s is needed for this; yours is %s.', p_role, m.role);
    end if;
  end $$;

-- 2. A delivery sends an event of its own company or bytes of its own, and counts from the beginning: with more attempts than
--    an integer holds, a row stopped the deliveries of all.
alter policy "admins send again" on public.webhook_deliveries
  with check (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')) and attempts between 0 and 1
    and (body is not null or exists (
      select from public.outbox o where o.id = event_id and o.company_id = webhook_deliveries.company_id)));
alter policy "admins make deliveries due" on public.webhook_deliveries
  with check (round between 0 and attempts);

-- 3. What is written as the maker's name is the caller's: a password reset and a removal decide by it.
create function private.guard_makers() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_before constant jsonb := to_jsonb(old);
    v_after constant jsonb := to_jsonb(new);
    v_column text;
  begin
    if current_user <> 'trunkline_member' then
      return new;
    end if;
    foreach v_column in array tg_argv loop
      if v_after -> v_column is distinct from v_before -> v_column
        and v_after ->> v_column is distinct from private.caller_id()::text then
        raise exception using errcode = 'TL403', message = 'What a caller changes is noted in their own name.';
      end if;
    end loop;
    return new;
  end $$;
revoke execute on function private.guard_makers() from public;
create trigger guard_makers before update of url_by, headers_by, secret_by on public.webhook_endpoints
  for each row execute function private.guard_makers('url_by', 'headers_by', 'secret_by');

-- 4. An invitation goes to the address that it is for; one that was revoked stays so. Letters that are not of ASCII are not
--    compared: the API folds their case as JavaScript does, Postgres by its locale.
create function private.guard_invitations() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_caller_id uuid;
  begin
    if current_user <> 'trunkline_member' then
      return new;
    end if;
    v_caller_id := private.caller_id();
    if regexp_replace(lower(normalize(new.email, NFC)), '[^\x01-\x7f]+', '?', 'g')
      <> regexp_replace(new.email_normal, '[^\x01-\x7f]+', '?', 'g') then
      raise exception using errcode = 'TL403', message = 'An invitation goes to the address that it is for.';
    end if;
    if tg_op = 'UPDATE' then
      if new.invited_by is distinct from old.invited_by and new.invited_by is distinct from v_caller_id
        or new.resent_by is distinct from old.resent_by and new.resent_by is distinct from v_caller_id
          and not (new.resent_by is null and new.invited_by = v_caller_id) then
        raise exception using errcode = 'TL403', message = 'What a caller changes is noted in their own name.';
      end if;
      if old.revoked_at is not null and new.revoked_at is null then
        raise exception using errcode = 'TL403', message = 'An invitation that was revoked stays so.';
      end if;
    end if;
    return new;
  end $$;
revoke execute on function private.guard_invitations() from public;
create trigger guard_invitations before insert or update on public.invitations
  for each row execute function private.guard_invitations();

-- 5. A human agent is a member of the agent's company. Of one who is removed, the agent stays, without the person.
update public.agents a set user_id = null
  where user_id is not null and not exists (
    select from public.memberships m where m.company_id = a.company_id and m.user_id = a.user_id);
alter table public.agents drop constraint agents_user_id_fkey;
alter table public.agents add constraint agents_user_id_fkey foreign key (company_id, user_id)
  references public.memberships (company_id, user_id) on delete set null (user_id);

-- 6. A member's event is told as one of theirs: what the pipeline tells (calls, messages, voicemails) it alone tells.
create or replace function private.record_event(
  p_id uuid, p_type text, p_subject_id uuid, p_dedupe_key text, p_data json, p_occurred_at timestamptz
) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  begin
    if p_type !~ '^[a-z_]{1,40}\.[a-z_]{1,40}$' or p_type ~ '^(call|message|voicemail)\.'
      or json_typeof(p_data) <> 'object' or not isfinite(coalesce(p_occurred_at, now())) then
      raise exception using errcode = 'TL403', message = 'This is no event of a caller.';
    end if;
    insert into public.outbox (id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at)
      values (p_id, private.demand_caller_company(), private.caller_app_id(), p_type, p_subject_id, p_dedupe_key, p_data,
        coalesce(p_occurred_at, now()))
      on conflict (company_id, dedupe_key) do nothing;
    return found;
  end $$;
