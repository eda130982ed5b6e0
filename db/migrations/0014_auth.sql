-- What sign-in remembers beside sessions: tries that failed, devices that got in, links and codes that were mailed.

-- For ten seconds, a refresh token that was just used still gives the successor that it gave: a client may send twice.
alter table public.refresh_tokens add column successor text;   -- encrypted, and gone once the successor is used
create index refresh_tokens_with_successor on public.refresh_tokens (used_at) where successor is not null;
create index refresh_tokens_used on public.refresh_tokens (used_at) where used_at is not null;

alter table public.sessions
  add column device text not null default 'Unknown device',   -- 'Chrome on Windows'
  add column family_id uuid;                           -- of the login's session, where this one was switched to from it
create index sessions_by_end on public.sessions (least(ended_at, expires_at));

-- A device that somebody got in from shows its token from then on: it has tries of its own (OWASP's device cookies), so
-- that nobody can keep a person out by failing in their name.
create table public.known_devices (
  token_hash    bytea primary key,                    -- SHA-256 of 256 random bits
  user_id       uuid not null references public.users (id) on delete cascade,
  user_agent    text,
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz not null default now()
);
create index known_devices_by_user on public.known_devices (user_id);
create index known_devices_by_use on public.known_devices (last_used_at);

-- Tries to log in that have not succeeded yet, of an address, known to us or not: the two cannot be told apart.
create table public.sign_in_tries (
  account       bytea not null,                       -- HMAC of the address: those of strangers are not kept
  device        bytea not null,                       -- the known device's token_hash; empty for all others together
  tries         integer not null default 0,
  locked_until  timestamptz,
  told_at       timestamptz,                          -- when the last mail said that the account is locked
  updated_at    timestamptz not null default now(),
  primary key (account, device)
);
create index sign_in_tries_by_time on public.sign_in_tries (updated_at);
create trigger touch before update on public.sign_in_tries for each row execute function private.touch_updated_at();

create table public.login_attempts (
  id          uuid primary key default private.uuid_v7(),
  account     bytea not null,                         -- HMAC of the address
  user_id     uuid,                                   -- null: nobody has that address
  ip          text,
  user_agent  text,
  outcome     text not null check (outcome in ('succeeded', 'wrong_password', 'second_factor_missing',
                'second_factor_wrong', 'second_factor_locked', 'locked', 'inactive',
                'reset_code', 'reset_code_ignored')), -- a code that was mailed, right or wrong · one not looked at any more
  at          timestamptz not null default now()
);
create index login_attempts_by_user on public.login_attempts (user_id, id desc);
create index login_attempts_by_time on public.login_attempts (at);
create index login_attempts_of_codes on public.login_attempts (account, at) where outcome = 'reset_code';

-- Instead of a foreign key, whose check would take time for the addresses that somebody has, and so tell them.
create function private.delete_login_attempts() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    delete from public.login_attempts a where a.user_id = old.id;
    return null;
  end $$;
revoke execute on function private.delete_login_attempts() from public;
create trigger delete_login_attempts after delete on public.users for each row execute function private.delete_login_attempts();

-- Of each person, only the newest counts.
create table public.password_resets (
  id          uuid primary key default private.uuid_v7(),
  user_id     uuid not null references public.users (id) on delete cascade,
  token_hash  bytea not null unique,                  -- SHA-256 of 256 random bits
  code_hash   bytea not null,                         -- HMAC: six digits would be found by trying them all
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index password_resets_by_user on public.password_resets (user_id, created_at desc);
create index password_resets_by_end on public.password_resets (expires_at);

create table public.email_verifications (
  id            uuid primary key default private.uuid_v7(),
  user_id       uuid not null references public.users (id) on delete cascade,
  email_normal  text not null,                        -- a link proves the address it was sent to, and no later one
  token_hash    bytea not null unique,
  created_at    timestamptz not null default now(),
  expires_at    timestamptz not null,
  used_at       timestamptz
);
create index email_verifications_by_user on public.email_verifications (user_id);
create index email_verifications_by_end on public.email_verifications (expires_at);

do $$
declare
  t text;
begin
  foreach t in array array['known_devices', 'sign_in_tries', 'login_attempts', 'password_resets', 'email_verifications'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('alter table public.%I force row level security', t);
    execute format('create policy "only the service" on public.%I for all to authenticated using (false)', t);
    execute format('grant all on public.%I to service_role', t);
  end loop;
end $$;
