-- What a company says of itself, and the invitations into it.
alter table public.companies
  add column language text not null default 'en',     -- of what is sent to people whose own is not known
  add column business_hours jsonb;                    -- { monday: [{ from, to }], …, holidays: ['2026-12-25'] }; null: not said
create index companies_to_erase on public.companies (deleted_at) where deleted_at is not null;

-- Since when no company has had the person as an active member, where that is why the account is inactive: the next
-- company that has makes it active again. An account that is inactive for another reason stays so.
alter table public.users add column without_company_since timestamptz;

create table public.invitations (
  id            uuid primary key default private.uuid_v7(),
  company_id    uuid not null references public.companies (id) on delete cascade,
  email         text not null,                        -- as whoever invites wrote it
  email_normal  text not null,
  role          text not null check (role in ('owner', 'admin', 'manager', 'agent', 'viewer')),
  name          text,
  token_hash    bytea not null unique,                -- SHA-256: the token is 256 random bits, and only the mail has it
  invited_by    uuid references public.users (id) on delete set null,
  created_at    timestamptz not null default now(),
  sent_at       timestamptz not null default now(),
  expires_at    timestamptz not null,
  accepted_at   timestamptz,
  revoked_at    timestamptz
);
-- One open invitation for each address and company: another one replaces it.
create unique index invitations_open on public.invitations (company_id, email_normal)
  where accepted_at is null and revoked_at is null;
create index invitations_by_company on public.invitations (company_id, id desc);
create index invitations_by_inviter on public.invitations (invited_by);

alter table public.invitations enable row level security;
alter table public.invitations force row level security;
grant select (id, company_id, email, role, name, invited_by, created_at, sent_at, expires_at, accepted_at, revoked_at)
  on public.invitations to authenticated;
grant all on public.invitations to service_role;
create policy "agents read their company's invitations"
  on public.invitations for select to authenticated
  using (company_id = (select private.caller_company_id())
    and (select private.caller_is_at_least('agent')) and (select private.caller_app_id()) is null);

-- Before an allowlist is stored, it is asked whether it still lets in whoever stores it.
grant execute on function private.as_inet(text) to service_role;
