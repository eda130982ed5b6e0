-- What each table and column holds, for people who look at them in Supabase Studio or psql. A column whose name says it
-- all has none: db/tests/comments.test.ts has the list of those names.

-- Who belongs where
comment on table public.companies is 'The tenants. Every other table belongs to one of them, or to a person.';
comment on column public.companies.timezone is 'IANA name, as Europe/Berlin: whose days and months statistics and quotas count by.';
comment on column public.companies.ip_allowlist is 'Addresses from which people and keys may come, as CIDR. Null: from anywhere. IPv4 in IPv6 form is stored as IPv4.';
comment on column public.companies.ip_allowlist_set_by is 'Person who set ip_allowlist last; kept when that person is erased. Null: not known.';
comment on column public.companies.ip_allowlist_set_at is 'Null: set before this was kept, or never.';
comment on column public.companies.deleted_at is 'When the company was deleted: nobody gets in from then on, and 30 days later all its rows are erased. Null: in use.';
comment on column public.companies.language is 'BCP 47. Of what is sent to people whose own language is not known.';
comment on column public.companies.business_hours is 'Opening hours in the company''s time zone: { "monday": [{ "from": "09:00", "to": "17:30" }], …, "holidays": ["2026-12-25"] }. A day that is absent is closed. Null: not said.';
comment on column public.companies.manages_shared_accounts is 'Whether the company may create and change agents in the deployment''s own accounts at providers. Platform admins set it.';

comment on table public.users is 'People, each with one account for all their companies. What a person may do in a company is in memberships.';
comment on column public.users.email is 'As the person wrote it.';
comment on column public.users.email_normal is 'The address in NFC and lower case: what is looked up, and unique.';
comment on column public.users.password_hash is 'argon2id as a PHC string. Null: the person cannot log in by password.';
comment on column public.users.phone is 'E.164.';
comment on column public.users.timezone is 'IANA name, as Europe/Berlin.';
comment on column public.users.language is 'BCP 47. Of the mails and notifications to this person.';
comment on column public.users.is_platform_admin is 'Whether the person stands above all companies. Set by npm run make-admin, never by the API.';
comment on column public.users.is_active is 'Of the account itself; that of a membership is in memberships. False: the person cannot log in.';
comment on column public.users.email_verified_at is 'When the person proved the address by a mailed link or code. Null: not proved.';
comment on column public.users.last_login_at is 'Null: never.';
comment on column public.users.without_company_since is 'Since when no company has the person as an active member, where that is why the account is inactive; the next company makes it active again. Null otherwise.';
comment on column public.users.deletes_at is 'When the account is erased, as its owner asked. Null: it stays.';
comment on column public.users.password_proved_at is 'When the password was set by somebody who had read the mailbox (a reset or an invitation). Null: perhaps chosen by a stranger, and a reset undoes more.';
comment on column public.users.phone_verified_at is 'When a code proved the number. Null: nothing but the code goes there. A trigger clears it with each change of phone.';

comment on table public.memberships is 'Which person belongs to which company, with which role.';
comment on column public.memberships.role is 'owner, admin, manager, agent or viewer, from the most rights to the fewest.';
comment on column public.memberships.is_active is 'False: the person cannot get into this company.';
comment on column public.memberships.role_set_by is 'Person who sent the invitation or changed the role since; kept when that person is erased. Null: not known.';

comment on table public.invitations is 'Invitations into a company. At most one for each address is open: neither accepted nor revoked.';
comment on column public.invitations.email is 'As the inviter wrote it.';
comment on column public.invitations.email_normal is 'The address in NFC and lower case: what is looked up.';
comment on column public.invitations.role is 'The role that the membership will have.';
comment on column public.invitations.token_hash is 'SHA-256 of the token in the mailed link, which is 256 random bits.';
comment on column public.invitations.invited_by is 'Person who sent the invitation. Null: erased since.';
comment on column public.invitations.sent_at is 'When the last mail was sent.';
comment on column public.invitations.expires_at is 'The link works until then.';
comment on column public.invitations.accepted_at is 'Null: not accepted.';
comment on column public.invitations.revoked_at is 'Null: not revoked.';
comment on column public.invitations.profile is 'What a new account begins with: { "phone", "timezone", "language" }, each where the inviter gave it.';
comment on column public.invitations.resent_by is 'Person who sent it again last, and answers for it; kept when that person is erased. Null: it was not sent again.';

-- Sign-in
comment on table public.sessions is 'A person logged in, in one company. Access tokens name the session; it is asked for on every request. Deleted 30 days after its end.';
comment on column public.sessions.ip is 'Where the session was last seen from. Null: the platform did not tell.';
comment on column public.sessions.last_seen_at is 'To the minute.';
comment on column public.sessions.expires_at is 'When the session is over unless it is refreshed before.';
comment on column public.sessions.ended_at is 'Null: it was not ended; it may have expired.';
comment on column public.sessions.ended_reason is 'logout, revoked, password_changed, deactivated, removed, token_reused, account_deleted or address_proved. Null: not ended.';
comment on column public.sessions.device is 'As a person would say it: Chrome on Windows.';
comment on column public.sessions.family_id is 'The session of the login from which this one was switched to another company. Null: begun by a login.';

comment on table public.refresh_tokens is 'The refresh tokens of a session, each good once. A used one that comes again was stolen, and ends the session.';
comment on column public.refresh_tokens.hash is 'SHA-256 of the token, which is 256 random bits.';
comment on column public.refresh_tokens.used_at is 'Null: this is the token that is good now.';
comment on column public.refresh_tokens.successor is 'The token that replaced this one, encrypted: given again for ten seconds, to a client that sent twice. Null: not used, or the successor was used.';

comment on table public.two_factors is 'Authenticator apps (TOTP, RFC 6238), one for each person.';
comment on column public.two_factors.secret is 'The shared secret, encrypted.';
comment on column public.two_factors.enabled_at is 'Null: set up, but no code has been seen yet; logging in does not ask for one.';
comment on column public.two_factors.last_step is 'Newest 30-second step since 1970 whose code was taken: its code and all before are spent. Null: none.';
comment on column public.two_factors.failed_codes is 'Wrong codes in a row since the last right one or lock.';
comment on column public.two_factors.locked_until is 'No code is taken before then. Null: not locked.';

comment on table public.two_factor_backup_codes is 'Codes that stand in for the authenticator, each once.';
comment on column public.two_factor_backup_codes.hash is 'HMAC-SHA-256 of person and code with API_KEY_SECRET.';
comment on column public.two_factor_backup_codes.used_at is 'Null: still good.';

comment on table public.known_devices is 'Devices from which somebody got into an account. Each has tries to log in of its own, so that strangers cannot lock its owner out.';
comment on column public.known_devices.token_hash is 'SHA-256 of the device token, which is 256 random bits.';
comment on column public.known_devices.last_used_at is 'When somebody last logged in from it.';

comment on table public.sign_in_tries is 'Tries to log in that failed in a row, by address, whether an account has it or not.';
comment on column public.sign_in_tries.account is 'HMAC-SHA-256 of the normal e-mail address with API_KEY_SECRET: addresses of strangers are not kept.';
comment on column public.sign_in_tries.device is 'token_hash of the known device; empty for all other devices together.';
comment on column public.sign_in_tries.tries is 'Failures in a row: since the last success, or since a lock was over.';
comment on column public.sign_in_tries.locked_until is 'No password is looked at before then. Null: not locked.';
comment on column public.sign_in_tries.told_at is 'When a mail last told the owner that the account is locked. Null: never.';

comment on table public.login_attempts is 'Log of tries to log in and of codes of password resets that were tried.';
comment on column public.login_attempts.account is 'HMAC-SHA-256 of the normal e-mail address with API_KEY_SECRET, as in sign_in_tries.';
comment on column public.login_attempts.user_id is 'Null: nobody has that address. No foreign key, whose check would tell by its time who has one.';
comment on column public.login_attempts.ip is 'Null: the platform did not tell.';
comment on column public.login_attempts.outcome is 'reset_code: a code that was compared, right or wrong. reset_code_ignored: one that was not, because there had been too many. The rest are tries to log in.';

comment on table public.password_resets is 'Mailed links and codes that set a new password. Of each person only the newest counts.';
comment on column public.password_resets.token_hash is 'SHA-256 of the token in the link, which is 256 random bits.';
comment on column public.password_resets.code_hash is 'HMAC-SHA-256 of token_hash and the six-digit code with API_KEY_SECRET.';
comment on column public.password_resets.used_at is 'Null: not used.';

comment on table public.email_verifications is 'Mailed links that prove an e-mail address.';
comment on column public.email_verifications.email_normal is 'The address that the link was sent to: it proves this one and no later one.';
comment on column public.email_verifications.token_hash is 'SHA-256 of the token in the link.';
comment on column public.email_verifications.used_at is 'Null: not used.';
comment on column public.email_verifications.session_id is 'Session that asked for the mail: the only one that the first proof leaves open. Null: a session of Supabase Auth, or one that is gone.';

comment on table public.phone_codes is 'Codes sent by SMS that prove a telephone number. Of each person only the newest counts.';
comment on column public.phone_codes.phone is 'E.164. The number that the code was sent to: it proves this one and no later one.';
comment on column public.phone_codes.code_hash is 'HMAC-SHA-256 of the row''s id and the six-digit code with API_KEY_SECRET.';
comment on column public.phone_codes.tries is 'How many codes were compared with it.';
comment on column public.phone_codes.used_at is 'Null: not used.';

-- Programs and their keys
comment on table public.apps is 'Programs of a company that use the API. Calls that come in for an app are seen by that app''s keys.';

comment on table public.api_keys is 'API keys: of an app, of a person, or of a whole company.';
comment on column public.api_keys.app_id is 'App that the key belongs to. Null: it sees the whole company, or what its person sees.';
comment on column public.api_keys.user_id is 'Person whose key it is: it can do no more than that person. Null: no person''s.';
comment on column public.api_keys.prefix is 'The part that is safe to show, to recognise the key by.';
comment on column public.api_keys.key_hash is 'HMAC-SHA-256 of the whole key with API_KEY_SECRET. The key itself is stored nowhere.';
comment on column public.api_keys.scopes is 'What the key may do, as calls:read; * is everything.';
comment on column public.api_keys.last_used_at is 'To the minute. Null: never.';
comment on column public.api_keys.expires_at is 'The key works until then; after a rotation, the end of its grace. Null: it does not expire.';
comment on column public.api_keys.revoked_at is 'Null: not revoked.';

comment on table public.api_key_audit is 'What happened to API keys, and every use that was refused.';
comment on column public.api_key_audit.app_id is 'Null: the key of a person or of the whole company.';
comment on column public.api_key_audit.key_id is 'No foreign key: the entry outlives the key.';
comment on column public.api_key_audit.reason is 'In words, for people. Null: none was given.';
comment on column public.api_key_audit.ip is 'Null: the platform did not tell.';

-- What at a provider is whose
comment on table public.provider_links is 'Things at a provider (an agent, an organization, a number) and whose they are: what comes in for them goes to that company and app.';
comment on column public.provider_links.app_id is 'Null: the company''s, not one app''s.';
comment on column public.provider_links.provider is 'dialpad, retell, twilio or incoming (a company''s own system).';
comment on column public.provider_links.kind is 'company: the link that holds the secret of the company''s own incoming webhook; its external_id is the company.';
comment on column public.provider_links.external_id is 'The provider''s id of the thing; a number in E.164.';
comment on column public.provider_links.secret is 'Signs this owner''s webhooks, encrypted. Null: it has none of its own.';
comment on column public.provider_links.proof is 'operator: an operator''s word. provider: the company''s own account lists it. Null: not proved, and nothing comes in by it.';
comment on column public.provider_links.proved_at is 'When the proof was given; for provider, when the account last listed it. Null: not proved.';

comment on table public.provider_hooks is 'Webhooks that were made at a provider for an app.';
comment on column public.provider_hooks.external_id is 'The provider''s id of the webhook.';
comment on column public.provider_hooks.hook_url is 'Where the provider sends events.';
comment on column public.provider_hooks.secret is 'The provider signs with it; encrypted.';
comment on column public.provider_hooks.subscriptions is 'Array of { subscription_id, type, call_states, direction, status, enabled, target_type, target_id }, as the provider answered.';
comment on column public.provider_hooks.deleted_at is 'When it was deleted at the provider. Null: it is there.';

comment on table public.provider_connections is 'OAuth connections of apps to a provider''s organization.';
comment on column public.provider_connections.access_token is 'Encrypted.';
comment on column public.provider_connections.refresh_token is 'Encrypted. Null: the provider gave none.';
comment on column public.provider_connections.expires_at is 'Of the access token; it is renewed by itself where there is a refresh token. Null: the provider did not say.';
comment on column public.provider_connections.scopes is 'As the provider granted them, with spaces between.';
comment on column public.provider_connections.connected_by is 'Person who made the key that began the connection; kept when that person is erased. Null: a server''s key.';
comment on column public.provider_connections.connected_at is 'When it was last connected; created_at is of the first time. Null: before this was kept.';

comment on table public.oauth_states is 'OAuth authorizations under way, each good once.';
comment on column public.oauth_states.state_hash is 'SHA-256 of the state, which only the browser has.';
comment on column public.oauth_states.code_verifier is 'PKCE verifier (RFC 7636), encrypted.';
comment on column public.oauth_states.browser_hash is 'SHA-256 of the cookie of the browser that agreed on our page. Null: nobody has agreed yet.';
comment on column public.oauth_states.begun_by is 'Person who made the key that began it; kept when that person is erased. Null: a server''s key.';

comment on table public.user_mappings is 'Which provider user is which person of the client''s own system, for each app.';
comment on column public.user_mappings.provider_user_id is 'The provider''s id of the user.';
comment on column public.user_mappings.external_user_id is 'The client''s own id of the person: externalUserId of their calls.';

-- Calls, messages, voicemails
comment on table public.agents is 'People and AI agents that handle calls.';
comment on column public.agents.kind is 'human or ai.';
comment on column public.agents.provider is 'Provider that has the agent. Null: none.';
comment on column public.agents.provider_agent_id is 'The provider''s id of the agent: events name the agent by it. Null: none.';
comment on column public.agents.user_id is 'Person who the agent is: as a member with the role agent, they see this agent''s calls and those of no agent. Null: nobody here.';
comment on column public.agents.status is 'inactive: switched off by people, or gone at the provider (details.goneFromRetell).';
comment on column public.agents.details is 'The provider''s facts of the agent: version, voiceId, language, responseEngine; goneFromRetell where a sync did not find it.';

comment on table public.calls is 'One row for each conversation, however many legs it has. Written by the pipeline and by syncs, which merge what providers say, in any order.';
comment on column public.calls.app_id is 'App that the call came in for. Null: the whole company.';
comment on column public.calls.provider is 'dialpad, retell, twilio, webrtc, manual or incoming.';
comment on column public.calls.provider_call_id is 'The provider''s id of the conversation, however many legs it had.';
comment on column public.calls.direction is 'Null: not known.';
comment on column public.calls.status is 'functions/telephony/model/status.ts says what each status means.';
comment on column public.calls.from_number is 'E.164. Null: a web call, or not known.';
comment on column public.calls.to_number is 'E.164. Null: a web call, or not known.';
comment on column public.calls.agent_id is 'Agent whose provider_agent_id the call names. Null: no agent here has it.';
comment on column public.calls.provider_agent_id is 'The provider''s id of the person or AI that handled the call.';
comment on column public.calls.agent_name is 'As the provider says it.';
comment on column public.calls.customer_id is 'For customers, which this version does not have: always null.';
comment on column public.calls.campaign_id is 'For campaigns, which this version does not have: always null.';
comment on column public.calls.started_at is 'The earliest that any event says. Until an event says it, the time of the earliest event.';
comment on column public.calls.answered_at is 'Null: not answered, or not known.';
comment on column public.calls.ended_at is 'Null: not over, or not known.';
comment on column public.calls.duration_ms is 'Milliseconds, as the provider counts them. Null: not known.';
comment on column public.calls.cost_amount is 'In minor units of cost_currency (US cents), with fractions. Null: not known.';
comment on column public.calls.cost_currency is 'ISO 4217.';
comment on column public.calls.transcript is 'Null: none, or not there yet.';
comment on column public.calls.summary is 'Null: none, or not there yet.';
comment on column public.calls.sentiment is 'positive, neutral, negative or unknown. Null: not analysed.';
comment on column public.calls.successful is 'Whether the call reached its aim, as the provider''s analysis says. Null: not analysed.';
comment on column public.calls.disconnection_reason is 'The provider''s word.';
comment on column public.calls.recording_url is 'The provider''s own address of the recording: shown to nobody but clients of the Retell dashboard. Null: no recording.';
comment on column public.calls.tags is 'Labels that the provider carries.';
comment on column public.calls.metadata is 'The client''s own facts, which the provider carries along; merged key by key.';
comment on column public.calls.details is 'The provider''s facts that have no column: callType, csatScore, customAnalysis, …; merged key by key.';
comment on column public.calls.state_rank is 'Clock of the newest update that was merged: how far the call was (functions/telephony/model/clocks.ts).';
comment on column public.calls.state_at is 'Clock of the newest update that was merged: when the provider says it happened.';
comment on column public.calls.field_clocks is 'Clocks of the fields whose value is of an older update than state_rank and state_at: { field: [rank, epoch milliseconds] }.';

comment on table public.call_events is 'The timeline of a call, one row for each thing that a provider told of it.';
comment on column public.call_events.app_id is 'As the call''s.';
comment on column public.call_events.inbound_event_id is 'Event in inbound_events that told it. Null: a sync did. No foreign key: processed events are deleted after 30 days.';
comment on column public.call_events.type is 'The provider''s word for what happened.';
comment on column public.call_events.leg_id is 'The provider''s id of the leg, where the conversation has several. Null: the whole conversation.';
comment on column public.call_events.data is 'A few facts worth showing, flat.';
comment on column public.call_events.occurred_at is 'When the provider says it happened.';

comment on table public.call_tallies is 'Numbers of calls, kept as sums so that lists need not count. Triggers on calls append differences, a schedule adds them up.';
comment on column public.call_tallies.app_id is 'As of the calls that are counted, as are the other columns. Null: calls of no app.';
comment on column public.call_tallies.status is 'As in calls.';
comment on column public.call_tallies.direction is 'Null: calls whose direction is not known.';
comment on column public.call_tallies.n is 'A difference or a sum: how many calls more, or fewer where negative.';

comment on table public.messages is 'Text messages.';
comment on column public.messages.app_id is 'App that the message came in for. Null: the whole company.';
comment on column public.messages.provider_message_id is 'The provider''s id of the message.';
comment on column public.messages.direction is 'Null: not known.';
comment on column public.messages.status is 'received: it came in. The others are of messages that go out.';
comment on column public.messages.from_number is 'E.164. Null: not known.';
comment on column public.messages.to_numbers is 'E.164, one for each receiver.';
comment on column public.messages.body is 'Null: the provider does not export the text.';
comment on column public.messages.media_urls is 'The provider''s addresses of pictures and other attachments.';
comment on column public.messages.error_code is 'The provider''s word for why it was not delivered.';
comment on column public.messages.provider_agent_id is 'The provider''s id of the person or AI that wrote or received it.';
comment on column public.messages.sent_at is 'The earliest time that any event says.';
comment on column public.messages.state_rank is 'Clock of the newest update that was merged, as in calls.';
comment on column public.messages.state_at is 'Clock of the newest update that was merged, as in calls.';
comment on column public.messages.field_clocks is 'Clocks of older fields, as in calls.';

comment on table public.voicemails is 'Recordings that callers left.';
comment on column public.voicemails.app_id is 'App that the voicemail came in for. Null: the whole company.';
comment on column public.voicemails.call_id is 'The call in which it was left. Null: that call is not here.';
comment on column public.voicemails.provider_voicemail_id is 'The provider''s id of the recording.';
comment on column public.voicemails.provider_call_id is 'The provider''s id of the conversation, as in calls.';
comment on column public.voicemails.from_number is 'E.164. Null: not known.';
comment on column public.voicemails.to_number is 'E.164. Null: not known.';
comment on column public.voicemails.duration_ms is 'Milliseconds. Null: not known.';
comment on column public.voicemails.transcript is 'Null: the provider has none yet.';
comment on column public.voicemails.recording_url is 'The provider''s own address of the recording: never shown.';
comment on column public.voicemails.received_at is 'The earliest time that any event says.';
comment on column public.voicemails.heard_at is 'When it was first played. No endpoint of this version plays one: always null.';
comment on column public.voicemails.deleted_at is 'When an app deleted it: its list does not show it any more. Null: not deleted.';
comment on column public.voicemails.state_rank is 'Clock of the newest update that was merged, as in calls.';
comment on column public.voicemails.state_at is 'Clock of the newest update that was merged, as in calls.';
comment on column public.voicemails.field_clocks is 'Clocks of older fields, as in calls.';

-- The pipeline
comment on table public.inbound_events is 'Every event that a provider sent and rightly signed, to the letter.';
comment on column public.inbound_events.dedupe_key is 'The same for every repeat of the event: a repeat is not stored.';
comment on column public.inbound_events.company_id is 'Whose event it is. Null: nobody''s yet. No foreign key: a trigger deletes a company''s events.';
comment on column public.inbound_events.app_id is 'Null: the whole company.';
comment on column public.inbound_events.type is 'The provider''s name of the event.';
comment on column public.inbound_events.occurred_at is 'As the provider says. Null: it does not.';
comment on column public.inbound_events.payload is 'The body as it was signed. json, not jsonb, keeps every character.';
comment on column public.inbound_events.headers is 'The few headers that are kept: content-type, user-agent and the sender''s ids.';
comment on column public.inbound_events.owners is 'What the event may belong to, best first: [{ "kind", "externalId" }]. The first with a proved link wins.';
comment on column public.inbound_events.status is 'received: waits to be processed. unmatched: belongs to nobody yet. unrecognised: signed, but not understood. failed: given up.';
comment on column public.inbound_events.attempts is 'How often it was processed, or that was tried.';
comment on column public.inbound_events.next_attempt_at is 'Counts while status is received.';
comment on column public.inbound_events.processed_at is 'Null: not processed.';
comment on column public.inbound_events.error is 'Why the last attempt failed. Null: it did not.';

comment on table public.processing_tallies is 'Metrics of the pipeline: one row for each processed batch; a schedule adds old ones up.';
comment on column public.processing_tallies.processed is 'Events of the batch that were processed.';
comment on column public.processing_tallies.failed is 'Attempts of the batch that failed.';
comment on column public.processing_tallies.latency_ms_sum is 'Milliseconds from receipt to commit, summed over the processed events.';
comment on column public.processing_tallies.latency_buckets is 'Counts of those times by upper bound (functions/integrations/inbound/shared/latency.ts); the last counts what took longer than every bound.';

comment on table public.retell_syncs is 'Syncs of a company''s Retell calls, one at a time for each company.';
comment on column public.retell_syncs.trigger is 'schedule or request (a person or key asked).';
comment on column public.retell_syncs.status is 'running, completed or failed. At most one of a company runs.';
comment on column public.retell_syncs.agent_ids is 'Retell''s ids of the agents that were asked for. Null: all.';
comment on column public.retell_syncs.period_from is 'Calls that began from then on were asked for.';
comment on column public.retell_syncs.period_to is 'Calls that began until then were asked for.';
comment on column public.retell_syncs.calls_synced is 'Calls that were new here.';
comment on column public.retell_syncs.calls_updated is 'Calls that changed here.';
comment on column public.retell_syncs.errors is 'Calls that could not be taken.';
comment on column public.retell_syncs.error is 'Why the sync failed. Null: it did not.';
comment on column public.retell_syncs.done_until is 'Every call that began before this was seen; the next sync goes on from there. Null: none yet.';
comment on column public.retell_syncs.failed_ids is 'Retell''s ids of calls that could not be taken, at most 1000: the next sync tries them again.';
comment on column public.retell_syncs.heartbeat_at is 'Last sign of life. A running sync without one for two minutes has died.';
comment on column public.retell_syncs.finished_at is 'Null: it runs.';

comment on table public.completeness_checks is 'Comparisons of a provider''s own list of calls with ours. What is missing or behind is filled in.';
comment on column public.completeness_checks.app_id is 'App whose account was asked. Null: the company''s or the deployment''s.';
comment on column public.completeness_checks.period_from is 'Calls that began from then on were compared.';
comment on column public.completeness_checks.period_to is 'Calls that began until then were compared.';
comment on column public.completeness_checks.listed is 'Calls in the provider''s list.';
comment on column public.completeness_checks.missing is 'Calls listed there and absent here before the refill.';
comment on column public.completeness_checks.unfinished is 'Calls here that are behind what is listed there.';
comment on column public.completeness_checks.filled is 'Calls that were filled in or brought up to date.';
comment on column public.completeness_checks.failed is 'Calls that could not be filled in; the next comparison tries again.';
comment on column public.completeness_checks.missing_ids is 'The provider''s ids of the first hundred missing calls.';
comment on column public.completeness_checks.error is 'Why the list could not be had. Null: it was.';

comment on table public.outbox is 'Each company''s log of events: what webhooks, notifications and streams tell. Written in the transaction that causes the event.';
comment on column public.outbox.app_id is 'App that the event''s subject came in for. Null: the whole company.';
comment on column public.outbox.type is 'As call.completed.';
comment on column public.outbox.subject_id is 'The call, message or voicemail that the event is about.';
comment on column public.outbox.dedupe_key is 'The same for the same event of the same thing, as call.completed:<id>: it is recorded once.';
comment on column public.outbox.data is 'What receivers get under data. json, not jsonb: signatures are over its text.';
comment on column public.outbox.occurred_at is 'When it happened; created_at is when it was recorded.';
comment on column public.outbox.dispatched_at is 'When deliveries and notifications were made of it. Null: it waits.';
comment on column public.outbox.sequence is 'Its place in the company''s log: 1, 2, 3 … without a gap. Null: not dispatched, or told to nobody.';

comment on table public.event_heads is 'The last place taken in each company''s log of events. Its lock makes dispatchers of one company take turns.';
comment on column public.event_heads.sequence is 'The last place; 0: none.';

-- Webhooks
comment on table public.webhook_endpoints is 'Where a company wants its events sent.';
comment on column public.webhook_endpoints.url is 'https; outside production http too.';
comment on column public.webhook_endpoints.events is 'Types that it is told of; * is everything.';
comment on column public.webhook_endpoints.secret is 'Deliveries are signed with it (Standard Webhooks); encrypted.';
comment on column public.webhook_endpoints.is_active is 'False: no deliveries are made or sent.';
comment on column public.webhook_endpoints.created_by is 'Null: a key of no person, or a person who was erased.';
comment on column public.webhook_endpoints.disabled_at is 'When it was switched off because it failed for too long. Null: it was not.';
comment on column public.webhook_endpoints.disabled_reason is 'In words, for people.';
comment on column public.webhook_endpoints.host is 'Host of the URL: all webhooks of one host share its connections.';
comment on column public.webhook_endpoints.headers is 'Headers that go along, { name: value } as JSON, encrypted. Null: none.';
comment on column public.webhook_endpoints.header_names is 'Their names, which may be shown.';
comment on column public.webhook_endpoints.previous_secret is 'The secret before the present one, encrypted: it signs along until rotation_ends_at. Null: there was none.';
comment on column public.webhook_endpoints.rotation_ends_at is 'Null: the secret was never replaced.';
comment on column public.webhook_endpoints.failures is 'Attempts in a row that failed.';
comment on column public.webhook_endpoints.failing_since is 'When the first of those failures was. Null: it does not fail.';
comment on column public.webhook_endpoints.paused_until is 'Nothing is sent before then, after many failures in a row. Null: not paused.';
comment on column public.webhook_endpoints.told_at is 'When its owner was told that it fails. Null: not told.';
comment on column public.webhook_endpoints.url_by is 'Person who changed the URL last; kept when that person is erased. Null: not changed since the webhook was made, or by a key of no person.';
comment on column public.webhook_endpoints.url_at is 'When the URL was changed last. Null: not changed since the webhook was made.';
comment on column public.webhook_endpoints.headers_by is 'Person who changed the headers last; kept when that person is erased. Null: not changed since the webhook was made, or by a key of no person.';
comment on column public.webhook_endpoints.headers_at is 'When the headers were changed last. Null: not changed since the webhook was made.';
comment on column public.webhook_endpoints.secret_by is 'Person who made the present secret, and so has seen it; kept when that person is erased. Null: it is the first one, which created_by has seen, or a key of no person made it.';
comment on column public.webhook_endpoints.secret_at is 'When the present secret was made. Null: with the webhook.';

comment on table public.webhook_deliveries is 'An event on its way to a webhook; also tests.';
comment on column public.webhook_deliveries.endpoint_id is 'Row of webhook_endpoints.';
comment on column public.webhook_deliveries.event_id is 'Row of outbox, and the header webhook-id; of a test, an id of its own.';
comment on column public.webhook_deliveries.type is 'The event''s, or webhook.test.';
comment on column public.webhook_deliveries.body is 'What a test sends. Null: the body is made of the event.';
comment on column public.webhook_deliveries.status is 'waiting: an attempt is to come, or runs. failed: given up; a test is failed until it is answered.';
comment on column public.webhook_deliveries.attempts is 'Attempts begun, one that runs included.';
comment on column public.webhook_deliveries.round is 'Attempts before a person last asked for it again: retries are counted from there.';
comment on column public.webhook_deliveries.next_attempt_at is 'When the next attempt is due; while one runs, when its lease is over.';
comment on column public.webhook_deliveries.leased_until is 'An attempt runs until then, or has died. Null: none runs.';
comment on column public.webhook_deliveries.finished_at is 'When it was delivered, or failed for good. Null: it waits.';

comment on table public.webhook_attempts is 'Each request that was sent for a delivery, and what came back.';
comment on column public.webhook_attempts.number is 'Of the delivery: 1, 2, 3 ….';
comment on column public.webhook_attempts.at is 'The header webhook-timestamp, with milliseconds.';
comment on column public.webhook_attempts.duration_ms is 'Milliseconds until the answer or the failure.';
comment on column public.webhook_attempts.status is 'HTTP status. Null: no answer came.';
comment on column public.webhook_attempts.error is 'Why it counts as failed, in words. Null: it succeeded.';
comment on column public.webhook_attempts.answer is 'The first 4 KB of the answer. Null: none.';
comment on column public.webhook_attempts.signature is 'The header webhook-signature.';

-- Notifications
comment on table public.notifications is 'What people are told in the app.';
comment on column public.notifications.dedupe_key is 'The same for the same news: each person is told once.';
comment on column public.notifications.category is 'What the reader''s preferences know it by: calls, team, security, ….';
comment on column public.notifications.type is 'As call.missed.';
comment on column public.notifications.title is 'In the reader''s language, as is message.';
comment on column public.notifications.link is 'A path of the front end. Null: none.';
comment on column public.notifications.data is 'What it is about, by type: ids, numbers, times.';
comment on column public.notifications.event_id is 'Row of outbox that it tells of. Null: none.';
comment on column public.notifications.is_urgent is 'Told at any hour, also in quiet hours.';
comment on column public.notifications.read_at is 'Null: not read.';
comment on column public.notifications.deleted_at is 'When its reader deleted it: its text is gone, the row stays so that it is not told again. Null: not deleted.';

comment on table public.notification_sends is 'Log of what is sent to people and to a company''s channels by e-mail, SMS, Slack and Teams. Its id is that of the job that sends it.';
comment on column public.notification_sends.user_id is 'Null: to the company''s own channel, or to somebody who is invited.';
comment on column public.notification_sends.dedupe_key is 'The same for the same news: each reader gets it once by each channel.';
comment on column public.notification_sends.category is 'What the reader''s preferences know it by.';
comment on column public.notification_sends.type is 'As call.missed, security.reset-password or team.invitation.';
comment on column public.notification_sends.recipient is 'As much of the address as may be shown. Null: a channel of the company.';
comment on column public.notification_sends.status is 'waiting: an attempt is to come, or runs. skipped: it was not to be sent, as reason says. failed: given up.';
comment on column public.notification_sends.reason is 'Why it was skipped or failed, for the company. Null: neither, or no reason is told.';
comment on column public.notification_sends.error is 'Why the last attempt failed, for operators.';
comment on column public.notification_sends.provider is 'Who took it, as resend, smtp or twilio. Null: nobody yet.';
comment on column public.notification_sends.provider_message_id is 'The provider''s id of the message. Null: it gave none.';
comment on column public.notification_sends.attempts is 'Attempts to send it, as the job counts them.';
comment on column public.notification_sends.event_id is 'Row of outbox that it tells of. Null: none.';
comment on column public.notification_sends.due_at is 'When the next attempt is, or was: after the reader''s quiet hours.';
comment on column public.notification_sends.finished_at is 'Null: it waits.';

-- Settings
comment on table public.company_settings is 'Settings of a company by sections. A section holds only what was set; the rest is the default of the code.';
comment on column public.company_settings.general is 'What was set of GeneralSettings (functions/identity/settings/shared/sections.ts), as the other sections are of theirs.';
comment on column public.company_settings.notifications is 'What was set of categories and quiet hours, for people who have not chosen otherwise.';
comment on column public.company_settings.voice is 'What was set of voice, speed and language of AI agents.';
comment on column public.company_settings.ai is 'What was set of model, temperature and prompt of AI agents.';
comment on column public.company_settings.integrations is 'Fields of integrations that are no secrets: { integration: { field: text } }. Secrets are in company_integration_secrets.';
comment on column public.company_settings.quotas is 'Limits that platform admins set, by what is counted. Absent or null: unlimited.';
comment on column public.company_settings.updated_at is 'Null: nothing was ever set; the row is there to be locked.';
comment on column public.company_settings.updated_by is 'Null: nobody, or a person who was erased.';

comment on table public.company_integration_secrets is 'A company''s credentials at other services: written and used, never read back.';
comment on column public.company_integration_secrets.integration is 'slack, teams, twilio, retell, dialpad or razorpay.';
comment on column public.company_integration_secrets.name is 'Name of the field, as authToken.';
comment on column public.company_integration_secrets.secret is 'AES-256-GCM with ENCRYPTION_KEY.';
comment on column public.company_integration_secrets.hint is 'The last four characters, for people to recognise it by. Null: it is shorter than 12.';
comment on column public.company_integration_secrets.updated_by is 'Null: a person who was erased.';

comment on table public.user_preferences is 'What a person chose, for all their companies. Their language and time zone are in users.';
comment on column public.user_preferences.display is 'What was chosen of theme, time zone display and formats.';
comment on column public.user_preferences.notifications is 'What was chosen of categories and quiet hours, where it differs from the company''s.';

-- Work, guards, audit
comment on table public.jobs is 'Work for after an answer: mails, exports, messages. Written in the transaction that causes it.';
comment on column public.jobs.company_id is 'Null: of a person, not of one of their companies.';
comment on column public.jobs.user_id is 'Null: of nobody in particular.';
comment on column public.jobs.kind is 'As send-email; functions/platform/jobs/shared/kinds.ts has them all.';
comment on column public.jobs.payload is 'JSON, encrypted: it may hold a link that logs somebody in. Null: the job is done.';
comment on column public.jobs.status is 'waiting: an attempt is to come, or runs. failed: given up.';
comment on column public.jobs.attempts is 'Attempts begun, one that runs included.';
comment on column public.jobs.next_attempt_at is 'When the next attempt is due; while one runs, when its lease is over.';
comment on column public.jobs.progress is 'What an attempt must tell the next one; its form is the kind''s own. Null: nothing.';
comment on column public.jobs.error is 'Why the last attempt failed, for operators.';
comment on column public.jobs.result is 'What the job answered, by its kind. Null: not done.';
comment on column public.jobs.done_at is 'When it was done, or failed for good. Null: it waits.';

comment on table public.dev_mailbox is 'Mails where no mail provider is set, for development: read at /dev/mailbox. Its id is that of the job.';

comment on table public.rate_limits is 'Rate limits by GCRA, one row for each caller and class. Unlogged: a crash forgets them.';
comment on column public.rate_limits.key is 'Class and caller, as api:user:<id> or webhook:ip:<address>. signed:ip:<address>: a webhook from there was rightly signed.';
comment on column public.rate_limits.tat1 is 'Theoretical arrival time of the next request by the first limit, epoch seconds. Under a signed: key, until when it counts.';
comment on column public.rate_limits.tat2 is 'The same by the second limit, where the class has one.';

comment on table public.idempotency_keys is 'What requests with an Idempotency-Key did; kept for 24 hours.';
comment on column public.idempotency_keys.scope is 'Whose key it is: the company, internal, or nobody: and the address.';
comment on column public.idempotency_keys.route is 'Method and path, as POST /api/calls.';
comment on column public.idempotency_keys.key is 'The header, as the client sent it.';
comment on column public.idempotency_keys.fingerprint is 'SHA-256 of caller, path, query and body: the same key with another request is refused.';
comment on column public.idempotency_keys.attempt is 'The attempt whose turn it is; a later one may take over from one that died.';
comment on column public.idempotency_keys.effect_at is 'Written with the commit of the effect. Null: nothing has changed yet.';
comment on column public.idempotency_keys.answered_at is 'Null: no answer was kept.';
comment on column public.idempotency_keys.answer is 'Status, headers and body as JSON, encrypted. Null: no answer was kept.';

comment on table public.audit_logs is 'Who changed what in a company. Entries are chained by digests, so that one that is altered or missing shows; they are never changed.';
comment on column public.audit_logs.number is '1, 2, 3 … of the company, without a gap.';
comment on column public.audit_logs.action is 'Thing and what was done, as member.role_changed.';
comment on column public.audit_logs.actor_type is 'user, key, internal (an operator) or system.';
comment on column public.audit_logs.actor_id is 'Of the person or key; no foreign key, so that it stays once they are gone. Null: neither, or the service key.';
comment on column public.audit_logs.actor_name is 'Name of the actor as it was then.';
comment on column public.audit_logs.ip is 'Null: the platform did not tell, or the actor is of another company.';
comment on column public.audit_logs.request_id is 'X-Request-Id of the answer to the actor.';
comment on column public.audit_logs.resource_type is 'What was changed, as user or api_key.';
comment on column public.audit_logs.resource_id is 'Its id, where it has one.';
comment on column public.audit_logs.before is 'The fields that changed as they were, without secrets. Null: nothing was there, or nothing is told.';
comment on column public.audit_logs.after is 'The fields that changed as they are, without secrets. Null: nothing is there any more, or nothing is told.';
comment on column public.audit_logs.prev_digest is 'digest of the entry before; empty for the first.';
comment on column public.audit_logs.digest is 'SHA-256 over prev_digest and all other columns of the entry as jsonb text (private.audit_digest).';

comment on table public.audit_heads is 'The newest entry of each company''s audit log. Its lock makes writers of one company take turns.';
comment on column public.audit_heads.number is 'Of the newest entry; 0: none.';
comment on column public.audit_heads.digest is 'Of the newest entry; empty: none.';
