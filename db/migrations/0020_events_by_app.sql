-- What came in for one app, newest first: for its list of events, and for how its hooks are doing.
create index inbound_events_by_app on public.inbound_events (app_id, id desc) where app_id is not null;
-- One live webhook of an app for each address: a second one would have Dialpad send everything twice.
create unique index provider_hooks_live on public.provider_hooks (app_id, provider, hook_url) where deleted_at is null;
