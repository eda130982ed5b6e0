-- People and keys write as `trunkline_member`. A grant names the table, the verb and the columns (never all, never truncate). A
-- policy says who. A fence refuses a write to a row that the writer cannot read. db/tests/grants.ts lists the grants: a test
-- fails for one that is not in the list.

-- The fence of a table: restrictive policies that hold each write to what the table's reading policies show: company, app
-- and agent. Postgres asks the reading policies only where a statement reads: an update without a condition does not.
-- Made of those policies, so that the two cannot differ; call it again when they change.
create function private.raise_fence(p_table regclass) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_shown text;
  begin
    select string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' or ') into v_shown
      from pg_policy p
     where p.polrelid = p_table and p.polpermissive and p.polcmd in ('r', '*')
       and 'trunkline_member'::regrole = any (p.polroles);
    select concat_ws(' and ', '(' || coalesce(v_shown, 'false') || ')',
        string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' and ' order by p.polname)) into v_shown
      from pg_policy p
     where p.polrelid = p_table and not p.polpermissive and p.polcmd = 'r'
       and 'trunkline_member'::regrole = any (p.polroles);
    execute format('drop policy if exists "fence on insert" on %s', p_table);
    execute format('drop policy if exists "fence on update" on %s', p_table);
    execute format('drop policy if exists "fence on delete" on %s', p_table);
    execute format('create policy "fence on insert" on %s as restrictive for insert to trunkline_member with check (%s)',
      p_table, v_shown);
    execute format('create policy "fence on update" on %s as restrictive for update to trunkline_member using (%s) with check (%s)',
      p_table, v_shown, v_shown);
    execute format('create policy "fence on delete" on %s as restrictive for delete to trunkline_member using (%s)',
      p_table, v_shown);
  end $$;
revoke execute on function private.raise_fence(regclass) from public;

-- A notification that its reader deleted is still the reader's row: the change that deletes it must see it. The endpoints
-- leave it out, and so does PostgREST.
alter policy "people read their own notifications in this company" on public.notifications
  using (company_id = (select private.caller_company_id()) and user_id = (select private.caller_id()));
create policy "deleted notifications are not shown" on public.notifications as restrictive for select to authenticated
  using (deleted_at is null);

-- What at the providers is its company's, every member is shown (GET /api/companies/:id).
grant select (proof) on public.provider_links to trunkline_member;
alter policy "managers read their company's provider links" on public.provider_links
  using (company_id = (select private.caller_company_id()));
alter policy "managers read their company's provider links" on public.provider_links
  rename to "members read their company's provider links";

-- An app's key sees and changes the agents that are linked to its app.
create policy "an app's key sees the app's agents" on public.agents as restrictive for select to trunkline_member
  using ((select private.caller_app_id()) is null or provider_agent_id in (
    select l.external_id from public.provider_links l
     where l.company_id = (select private.caller_company_id()) and l.app_id = (select private.caller_app_id())
       and l.provider = 'retell' and l.kind = 'agent'));

do $$
declare
  t regclass;
begin
  for t in select c.oid from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') loop
    perform private.raise_fence(t);
  end loop;
end $$;

-- One that is made is linked with it, which is no member's to write: no app's key adds a row by itself.
alter policy "managers add agents" on public.agents
  with check (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('manager')));

-- Oneself. Not by a key: a profile is no business of a program.
grant select (email_normal), update (name, phone, timezone, language) on public.users to trunkline_member;
create policy "people change their own profile" on public.users for update to trunkline_member
  using (id = (select private.caller_id()) and (select private.caller_key_id()) is null);

grant insert (user_id, display, notifications, updated_at), update (display, notifications, updated_at)
  on public.user_preferences to trunkline_member;
create policy "people set their own preferences" on public.user_preferences for insert to trunkline_member
  with check (user_id = (select private.caller_id()) and (select private.caller_key_id()) is null);
create policy "people change their own preferences" on public.user_preferences for update to trunkline_member
  using (user_id = (select private.caller_id()) and (select private.caller_key_id()) is null);

grant update (title, message, link, data, read_at, deleted_at) on public.notifications to trunkline_member;
create policy "people read and delete their own notifications" on public.notifications
  for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and user_id = (select private.caller_id())
    and (select private.caller_key_id()) is null);

-- The company's settings. Who changed them last is the caller.
grant update (general, notifications, voice, ai, integrations, quotas, updated_at, updated_by) on public.company_settings
  to trunkline_member;
create policy "admins change their company's settings" on public.company_settings
  for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user')
  with check (company_id = (select private.caller_company_id()) and updated_by = (select private.caller_id()));

-- A company does not set its own limits.
create function private.guard_quotas() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
  begin
    if current_user = 'trunkline_member' and not private.caller_is_platform_admin() then
      raise exception using errcode = 'TL403', message = 'Only a platform admin may set quotas.';
    end if;
    return new;
  end $$;
revoke execute on function private.guard_quotas() from public;
create trigger guard_quotas before update of quotas on public.company_settings for each row
  when (new.quotas is distinct from old.quotas) execute function private.guard_quotas();

grant insert (company_id, integration, name, secret, hint, updated_at, updated_by),
  update (secret, hint, updated_at, updated_by), delete on public.company_integration_secrets to trunkline_member;
create policy "admins set their company's secrets" on public.company_integration_secrets
  for insert to trunkline_member
  with check (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user' and updated_by = (select private.caller_id()));
create policy "admins change their company's secrets" on public.company_integration_secrets
  for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user')
  with check (updated_by = (select private.caller_id()));
create policy "admins delete their company's secrets" on public.company_integration_secrets
  for delete to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user');

-- Webhooks: of admins, and of keys that see the whole company.
grant insert (id, company_id, url, host, events, description, is_active, headers, header_names, secret, created_by),
  update (url, host, events, description, is_active, headers, header_names, url_by, url_at, headers_by, headers_at,
    secret, previous_secret, secret_by, secret_at, rotation_ends_at, failures, failing_since, paused_until, told_at,
    disabled_at, disabled_reason), delete
  on public.webhook_endpoints to trunkline_member;
create policy "admins make webhooks" on public.webhook_endpoints for insert to trunkline_member
  with check (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin'))
    and (created_by is null or created_by = (select private.caller_id())));
create policy "admins change webhooks" on public.webhook_endpoints for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
create policy "admins delete webhooks" on public.webhook_endpoints for delete to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));

-- What is sent again, and tests. The bytes of an event are made as they are for the receiver.
grant insert (company_id, endpoint_id, event_id, type, body, status, attempts, created_at, next_attempt_at, leased_until),
  update (status, round, next_attempt_at, leased_until, finished_at) on public.webhook_deliveries to trunkline_member;
grant insert (company_id, delivery_id, number, at, duration_ms, status, error, answer, signature)
  on public.webhook_attempts to trunkline_member;
grant execute on function private.event_body(public.outbox) to trunkline_member;
grant select (dedupe_key, created_at) on public.outbox to trunkline_member;   -- the function takes the whole row
create policy "admins send again" on public.webhook_deliveries for insert to trunkline_member
  with check (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
create policy "admins make deliveries due" on public.webhook_deliveries for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
create policy "admins keep what came of a test" on public.webhook_attempts for insert to trunkline_member
  with check (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));

-- Invitations: of admins, in their own name; an owner's only of owners.
grant select (email_normal, profile, resent_by),
  insert (company_id, email, email_normal, role, name, profile, token_hash, invited_by, expires_at),
  update (email, role, name, profile, token_hash, invited_by, resent_by, sent_at, expires_at, revoked_at)
  on public.invitations to trunkline_member;
create policy "admins invite" on public.invitations for insert to trunkline_member
  with check (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user' and invited_by = (select private.caller_id())
    and (role <> 'owner' or (select private.caller_role()) = 'owner'));
create policy "admins change invitations" on public.invitations for update to trunkline_member
  using (company_id = (select private.caller_company_id()) and (select private.caller_is_at_least('admin'))
    and (select private.caller_kind()) = 'user' and accepted_at is null
    and (role <> 'owner' or (select private.caller_role()) = 'owner'))
  with check (role <> 'owner' or (select private.caller_role()) = 'owner');
