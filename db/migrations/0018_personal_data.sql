-- A person who wants to be forgotten has 30 days to think again. Until then nothing is gone, and nothing works but
-- logging in and taking it back.
alter table public.users add column deletes_at timestamptz;
create index users_to_delete on public.users (deletes_at) where deletes_at is not null;
grant select (deletes_at) on public.users to authenticated;
