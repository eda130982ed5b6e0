-- What runs past the policies may do, table by table: no more than its statements need. None truncates, none changes an entry
-- of a log, and links are written by the functions for that. db/tests/service-roles.test.ts holds what must not be here.

-- Pipeline and jobs read neither passwords nor the hashes of keys: each other column is named, and one that comes later must be.
-- The hashes of random tokens jobs do read: they delete what is past its time by ctid, for which Postgres wants the whole table.
do $$
declare
  r name;
  t record;
begin
  foreach r in array array['trunkline_pipeline', 'trunkline_jobs'] loop
    for t in
      select c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace
         and (c.relname = 'users' and a.attname <> 'password_hash' or c.relname = 'api_keys' and a.attname <> 'key_hash')
       group by 1
    loop
      execute format('grant select (%s) on public.%I to %I', t.columns, t.relname, r);
    end loop;
  end loop;
end $$;

-- Sign-in, people, passwords, keys and links.
grant select on public.apps, public.audit_logs, public.calls, public.completeness_checks, public.messages, public.outbox,
  public.oauth_states, public.provider_hooks, public.retell_syncs, public.user_preferences, public.voicemails to trunkline_auth;
grant select, insert on public.jobs, public.login_attempts, public.notification_sends to trunkline_auth;
grant insert on public.api_key_audit to trunkline_auth;
grant select, update on public.inbound_events, public.webhook_endpoints to trunkline_auth;   -- events that waited for a link; webhooks that a reset switches off
grant select, delete on public.provider_links to trunkline_auth;
grant select, update, delete on public.provider_connections to trunkline_auth;
grant select, insert, update on public.api_keys, public.company_settings, public.companies, public.invitations,
  public.sessions, public.sign_in_tries, public.users to trunkline_auth;
grant select, insert, update, delete on public.company_integration_secrets, public.email_verifications,
  public.known_devices, public.memberships, public.password_resets, public.phone_codes, public.refresh_tokens,
  public.two_factor_backup_codes, public.two_factors to trunkline_auth;
grant execute on function
  private.as_inet(text), private.plain_inet(inet), private.uuid_v7(), private.role_rank(text),
  private.caller_is_platform_admin(), private.day_start(date, text), private.estimated_rows(text),
  private.link_by_proof(uuid, uuid, text, text, text[], jsonb), private.link_by_operator(uuid, uuid, text, text, text[]),
  private.write_audit(uuid, text, text, uuid, text, text, text, text, text, text, jsonb, jsonb) to trunkline_auth;

-- What comes in, and what goes out.
grant select on public.apps, public.companies, public.company_settings, public.company_integration_secrets,
  public.invitations, public.memberships, public.provider_links, public.user_mappings, public.user_preferences
  to trunkline_pipeline;
grant select, insert on public.call_events, public.jobs, public.notifications, public.webhook_attempts to trunkline_pipeline;
grant select, update on public.phone_codes to trunkline_pipeline;
grant select, update (failures, failing_since, paused_until, told_at, is_active, disabled_at, disabled_reason)
  on public.webhook_endpoints to trunkline_pipeline;
grant select, insert, update on public.agents, public.calls, public.event_heads, public.messages, public.notification_sends,
  public.outbox, public.provider_connections, public.provider_hooks, public.voicemails, public.webhook_deliveries
  to trunkline_pipeline;
grant select, insert, update, delete on public.completeness_checks, public.inbound_events, public.oauth_states,
  public.processing_tallies, public.retell_syncs to trunkline_pipeline;
grant execute on function
  private.uuid_v7(), private.role_rank(text), private.estimated_rows(text), private.event_body(public.outbox),
  private.doubt_links(uuid, text, text, text[], timestamptz),
  private.link_by_proof(uuid, uuid, text, text, text[], jsonb), private.link_by_operator(uuid, uuid, text, text, text[]),
  private.write_audit(uuid, text, text, uuid, text, text, text, text, text, text, jsonb, jsonb) to trunkline_pipeline;

-- Schedules, jobs and /internal: what is past its time goes, companies and people are erased, apps are managed.
grant select on public.agents, public.api_key_audit, public.audit_heads, public.audit_logs, public.call_events,
  public.event_heads, public.provider_hooks, public.retell_syncs, public.webhook_attempts to trunkline_jobs;
grant select (user_id, used_at) on public.two_factor_backup_codes to trunkline_jobs;
grant insert on public.api_key_audit to trunkline_jobs;
grant select, delete on public.provider_links to trunkline_jobs;
grant select, update, delete on public.calls, public.company_integration_secrets, public.email_verifications,
  public.idempotency_keys, public.known_devices, public.login_attempts, public.messages, public.notifications, public.outbox,
  public.password_resets, public.phone_codes, public.provider_connections, public.rate_limits, public.refresh_tokens,
  public.sessions, public.sign_in_tries, public.user_preferences, public.voicemails, public.webhook_deliveries
  to trunkline_jobs;
grant select (user_id, enabled_at, created_at), update (enabled_at), delete on public.two_factors to trunkline_jobs;
grant select on public.company_settings, public.memberships, public.webhook_endpoints to trunkline_jobs;
grant select, insert, update on public.apps to trunkline_jobs;
grant select, update, delete on public.invitations to trunkline_jobs;
grant insert, update (revoked_at, expires_at) on public.api_keys to trunkline_jobs;
grant update (deletes_at), delete on public.users to trunkline_jobs;   -- the update is for a lock
grant select, insert, update, delete on public.call_tallies, public.companies, public.completeness_checks,
  public.dev_mailbox, public.inbound_events, public.jobs, public.notification_sends,
  public.oauth_states, public.processing_tallies, public.user_mappings to trunkline_jobs;
grant execute on function
  private.as_inet(text), private.uuid_v7(), private.role_rank(text), private.day_start(date, text),
  private.estimated_rows(text), private.event_body(public.outbox), private.keep_incoming_secret(uuid, text),
  private.link_by_operator(uuid, uuid, text, text, text[]), private.link_by_proof(uuid, uuid, text, text, text[], jsonb),
  private.write_audit(uuid, text, text, uuid, text, text, text, text, text, text, jsonb, jsonb) to trunkline_jobs;
grant usage on schema trunkline_migrations to trunkline_jobs;
grant select on trunkline_migrations.applied to trunkline_jobs;
grant usage on all sequences in schema public to trunkline_pipeline, trunkline_jobs;
