-- Notifications: what people are told in the app, and the log of all that was sent to them and their companies besides.
create table public.notifications (
  id          uuid primary key default private.uuid_v7(),
  company_id  uuid not null references public.companies (id) on delete cascade,
  user_id     uuid not null references public.users (id) on delete cascade,
  dedupe_key  text not null,                       -- of what it tells: each person is told once
  category    text not null,
  type        text not null,                       -- 'call.missed'
  title       text not null,                       -- in the reader's language, as is the message
  message     text not null,
  link        text,                                -- a path of the front end
  data        jsonb not null default '{}',
  event_id    uuid,                                -- in outbox, if it tells of an event
  is_urgent   boolean not null default false,
  read_at     timestamptz,
  deleted_at  timestamptz,                         -- by its reader: only the key is left, so that it is not told again
  created_at  timestamptz not null default now(),
  unique (company_id, user_id, dedupe_key)
);
create index notifications_by_user on public.notifications (user_id, company_id, created_at desc, id desc);
create index notifications_unread on public.notifications (user_id, company_id, created_at desc, id desc)
  where read_at is null and deleted_at is null;
create index notifications_by_age on public.notifications using brin (created_at);

-- One line for each message on its way to a person, or to a channel of the company; mails that tell of no notification
-- among them, where they are of a company. Its job has the same id, and knows what the message says.
create table public.notification_sends (
  id                   uuid primary key default private.uuid_v7(),
  company_id           uuid not null references public.companies (id) on delete cascade,
  user_id              uuid references public.users (id) on delete cascade,   -- null: to the company's own channel, or to whoever is invited
  dedupe_key           text not null,
  channel              text not null check (channel in ('email', 'sms', 'slack', 'teams')),
  category             text not null,
  type                 text not null,
  recipient            text,                       -- as much of it as may be shown
  status               text not null default 'waiting' check (status in ('waiting', 'sent', 'failed', 'skipped')),
  reason               text,                       -- why it was skipped, or failed: for the company
  error                text,                       -- of the last attempt: for operators
  provider             text,
  provider_message_id  text,
  attempts             integer not null default 0,
  event_id             uuid,
  due_at               timestamptz not null default now(),   -- when the next attempt is
  created_at           timestamptz not null default now(),
  finished_at          timestamptz,
  unique nulls not distinct (company_id, dedupe_key, channel, user_id)
);
create index notification_sends_by_company on public.notification_sends (company_id, created_at desc, id desc);
create index notification_sends_by_reader on public.notification_sends (user_id, company_id, channel, category, created_at);
create index notification_sends_by_message on public.notification_sends (provider_message_id) where provider_message_id is not null;
create index notification_sends_by_age on public.notification_sends using brin (created_at);

-- What becomes of the job becomes of the message: also when each of its workers died. Of what tells of a notification, the
-- worker itself says that it was sent; of other mails, the result of the job does.
create function private.follow_job() returns trigger
  language plpgsql set search_path = ''
  as $$
  begin
    update public.notification_sends s
       set attempts = new.attempts, error = new.error,
           due_at = case new.status when 'done' then s.due_at else new.next_attempt_at end,
           status = case when new.status <> 'done' then new.status when new.result ? 'messageId' then 'sent' else 'skipped' end,
           reason = case when new.status = 'done' and not new.result ? 'messageId' then 'There was no need for it any more.' else s.reason end,
           provider = new.result ->> 'channel', provider_message_id = new.result ->> 'messageId',
           finished_at = case when new.status <> 'waiting' then pg_catalog.now() end
     where s.id = new.id and s.status = 'waiting';
    return null;
  end $$;
revoke execute on function private.follow_job() from public;
create trigger follow_job after update of status, error on public.jobs for each row
  when (new.kind in ('send-email', 'account-email') or new.kind = 'send-notification' and new.status <> 'done')
  execute function private.follow_job();

alter table public.notifications enable row level security;
alter table public.notifications force row level security;
alter table public.notification_sends enable row level security;
alter table public.notification_sends force row level security;

grant select on public.notifications to authenticated;
grant select (id, company_id, user_id, channel, category, type, recipient, status, reason, provider, provider_message_id,
  attempts, event_id, due_at, created_at, finished_at) on public.notification_sends to authenticated;
grant all on public.notifications, public.notification_sends to service_role;

create policy "people read their own notifications in this company"
  on public.notifications for select to authenticated
  using (company_id = (select private.caller_company_id()) and user_id = (select private.caller_id())
    and deleted_at is null);
create policy "admins read what was sent in their company"
  on public.notification_sends for select to authenticated
  using (company_id = (select private.caller_company_id()) and (select private.caller_app_id()) is null
    and (select private.caller_is_at_least('admin')));
