-- The second factor of a person: an authenticator's secret (TOTP, RFC 6238), and codes for the day it is lost.
create table public.two_factors (
  user_id       uuid primary key references public.users (id) on delete cascade,
  secret        text not null,                         -- encrypted
  enabled_at    timestamptz,                           -- null: set up, but no code of it has been seen yet
  last_step     integer,                               -- of 30 s since 1970: its code and all before are spent
  failed_codes  integer not null default 0,            -- in a row, since the last lock
  locked_until  timestamptz,
  created_at    timestamptz not null default now()
);

create table public.two_factor_backup_codes (
  user_id     uuid not null references public.two_factors (user_id) on delete cascade,
  hash        bytea not null,                          -- HMAC-SHA-256 of person and code: 50 random bits, and a key
  used_at     timestamptz,
  created_at  timestamptz not null default now(),
  primary key (user_id, hash)
);

alter table public.two_factors enable row level security;
alter table public.two_factors force row level security;
alter table public.two_factor_backup_codes enable row level security;
alter table public.two_factor_backup_codes force row level security;

-- Whether it is on and how many codes are left; nothing that would help to guess one.
grant select (user_id, enabled_at) on public.two_factors to authenticated;
grant select (user_id, used_at) on public.two_factor_backup_codes to authenticated;
grant all on public.two_factors, public.two_factor_backup_codes to service_role;

create policy "people read whether their own second factor is on"
  on public.two_factors for select to authenticated
  using (user_id = (select private.caller_id()));
create policy "people count their own backup codes"
  on public.two_factor_backup_codes for select to authenticated
  using (user_id = (select private.caller_id()));
