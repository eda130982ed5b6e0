-- How the log of events is followed: by ranges of it, and on Supabase by private Realtime channels.

-- A reader who wants some types, or has an app's key, steps from one of theirs to the next.
create index outbox_by_type on public.outbox (company_id, type, sequence) where sequence is not null;
create index outbox_by_app on public.outbox (company_id, app_id, sequence) where sequence is not null and app_id is not null;
create index outbox_by_subject on public.outbox (company_id, subject_id, sequence) where sequence is not null;
create index outbox_by_time on public.outbox (company_id, occurred_at) where sequence is not null;

-- As 0021 has it, but for `offset 0`: without it, Postgres would first collect all calls that the agent sees, by a scan of
-- every company's, for a page of twenty events.
alter policy "members read their company's events" on public.outbox
  using (
    company_id = (select private.caller_company_id()) and sequence is not null
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and ((select private.caller_role()) <> 'agent' or case split_part(type, '.', 1)
      when 'call' then exists (select from public.calls c where c.id = subject_id offset 0)
      when 'voicemail' then exists (select from public.voicemails v where v.id = subject_id offset 0)
      else true end)
  );

-- Whether the caller is a member now, and still logged in. Realtime asks when a channel is joined, and when a token is
-- renewed; it has verified the token, but a token outlives its session.
create or replace function private.caller_is_member() returns boolean
  language sql stable security definer set search_path = ''
  as $$
    select exists (
      select from public.memberships m
        join public.users u on u.id = m.user_id
        join public.companies c on c.id = m.company_id
        left join public.sessions s
          on s.id = nullif(private.claims() ->> 'session_id', '')::uuid and s.user_id = m.user_id
       where m.user_id = private.caller_id() and m.company_id = private.caller_company_id()
         and m.is_active and u.is_active and c.deleted_at is null
         and case when s.id is null then coalesce(private.claims() ->> 'iss', '') like '%/auth/v1'
           else s.ended_at is null and s.expires_at > now() end)
  $$;
revoke execute on function private.caller_is_member() from public;
grant execute on function private.caller_is_member() to authenticated;

-- Supabase's own table: a policy for select says who may receive on a topic, one for insert who may send. The first
-- policy opens `company:<id>` to its members; the others hold whatever other policies the project has for its own topics.
do $$
begin
  if to_regclass('realtime.messages') is null then
    return;
  end if;
  drop policy if exists "members receive what their company broadcasts" on realtime.messages;
  create policy "members receive what their company broadcasts" on realtime.messages
    for select to authenticated
    using (extension = 'broadcast'
      and (select realtime.topic()) = 'company:' || (select private.caller_company_id())
      and (select private.caller_is_member()));
  drop policy if exists "nobody else receives what a company broadcasts" on realtime.messages;
  create policy "nobody else receives what a company broadcasts" on realtime.messages
    as restrictive for select to authenticated
    using (coalesce((select realtime.topic()), '') not like 'company:%'
      or extension = 'broadcast'
        and (select realtime.topic()) = 'company:' || (select private.caller_company_id())
        and (select private.caller_is_member()));
  drop policy if exists "only the service sends to companies" on realtime.messages;
  create policy "only the service sends to companies" on realtime.messages
    as restrictive for insert to authenticated
    with check (coalesce((select realtime.topic()), '') not like 'company:%');
  drop policy if exists "strangers have no part in companies" on realtime.messages;
  create policy "strangers have no part in companies" on realtime.messages
    as restrictive for all to anon
    using (coalesce((select realtime.topic()), '') not like 'company:%')
    with check (coalesce((select realtime.topic()), '') not like 'company:%');
exception
  when insufficient_privilege then
    -- Without a policy nobody receives anything: the rest of Trunkline does without these channels.
    raise warning 'No policies on realtime.messages (%): run db/migrations/0023_realtime.sql as a role that may make them.', sqlerrm;
end $$;
