-- A telephone number is proved by a code that was sent to it. Before that, nothing but the code goes there.
alter table public.users add column phone_verified_at timestamptz;
grant select (phone_verified_at) on public.users to trunkline_member;

-- Another number is another proof, whoever changes it.
create function private.forget_phone_proof() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$ begin new.phone_verified_at := null; return new; end $$;
revoke execute on function private.forget_phone_proof() from public;
create trigger forget_phone_proof before update of phone on public.users for each row
  when (new.phone is distinct from old.phone) execute function private.forget_phone_proof();

-- Of each person, only the newest counts.
create table public.phone_codes (
  id          uuid primary key default private.uuid_v7(),
  user_id     uuid not null references public.users (id) on delete cascade,
  phone       text not null,                          -- a code proves the number it was sent to, and no later one
  code_hash   bytea not null,                         -- HMAC: six digits would be found by trying them all
  tries       integer not null default 0,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index phone_codes_by_user on public.phone_codes (user_id, created_at desc);
create index phone_codes_by_end on public.phone_codes (expires_at);

alter table public.phone_codes enable row level security;
alter table public.phone_codes force row level security;
create policy "only the service" on public.phone_codes for all to authenticated, trunkline_member using (false);
grant all on public.phone_codes to service_role;

-- The log of messages follows the jobs that send codes, too.
drop trigger follow_job on public.jobs;
create trigger follow_job after update of status, error on public.jobs for each row
  when (new.kind in ('send-email', 'account-email', 'phone-code')
    or new.kind = 'send-notification' and new.status <> 'done')
  execute function private.follow_job();
