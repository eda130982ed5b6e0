-- Work to be done after an answer: a mail to send, an export to make. Written in the transaction that causes it, so that
-- there is both or neither; the queue only wakes.
create table public.jobs (
  id               uuid primary key default private.uuid_v7(),
  company_id       uuid references public.companies (id) on delete cascade,   -- null: of a person, whatever the company
  user_id          uuid references public.users (id) on delete cascade,       -- null: of nobody in particular
  kind             text not null,
  payload          text,                              -- encrypted: it may hold a link that logs somebody in; gone once done
  status           text not null default 'waiting' check (status in ('waiting', 'done', 'failed')),
  attempts         integer not null default 0,        -- begun, this one included
  next_attempt_at  timestamptz not null default now(),   -- while an attempt runs: when its lease is over
  progress         jsonb,                             -- what an attempt must tell the next one
  error            text,                              -- why the last attempt failed, for operators
  result           jsonb,
  created_at       timestamptz not null default now(),
  done_at          timestamptz                        -- or failed for good
);
-- Small, however many jobs there ever were: all that the worker and the sweep look at.
create index jobs_waiting on public.jobs (next_attempt_at) where status = 'waiting';
create index jobs_over on public.jobs (done_at) where status <> 'waiting';
create index jobs_with_files on public.jobs (done_at)
  where kind = 'export-data' and status <> 'waiting' and (result -> 'isGone') is null;
create index jobs_by_user on public.jobs (user_id, id desc);
create index jobs_by_company on public.jobs (company_id);

-- Where mail goes while no provider is set: development and tests read it at /dev/mailbox. Its ids are the jobs', so that
-- a job done twice leaves one mail.
create table public.dev_mailbox (
  id          uuid primary key,
  to_address  text not null,
  subject     text not null,
  text        text not null,
  html        text not null,
  at          timestamptz not null default now()
);
create index dev_mailbox_by_time on public.dev_mailbox (at desc, id desc);

alter table public.jobs enable row level security;
alter table public.jobs force row level security;
alter table public.dev_mailbox enable row level security;
alter table public.dev_mailbox force row level security;

-- Neither the payload, nor what is between the worker and the operators.
grant select (id, company_id, user_id, kind, status, attempts, next_attempt_at, result, created_at, done_at)
  on public.jobs to authenticated;
grant all on public.jobs, public.dev_mailbox to service_role;

create policy "people read their own jobs in this company"
  on public.jobs for select to authenticated
  using (company_id = (select private.caller_company_id()) and user_id = (select private.caller_id()));
create policy "only the service handles local mail" on public.dev_mailbox for all to authenticated using (false);
