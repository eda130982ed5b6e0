-- What is known of an invited person besides address, name and role: phone, time zone and language, for a new account.
alter table public.invitations add column profile jsonb not null default '{}';
