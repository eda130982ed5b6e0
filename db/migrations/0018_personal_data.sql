-- A person who wants to be forgotten has 30 days to think again. Until then nothing is gone: their sessions are ended and
-- their own API keys stop, but they may log in as before, and take it back.
alter table public.users add column deletes_at timestamptz;
create index users_to_delete on public.users (deletes_at) where deletes_at is not null;
grant select (deletes_at) on public.users to authenticated;
