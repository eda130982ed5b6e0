-- The first proof of an e-mail address ends what was set up before it: anybody can register with an address of somebody
-- else. Only the session that asked for the proof goes on.
alter table public.email_verifications
  add column session_id uuid references public.sessions (id) on delete set null;   -- that asked for the mail
create index email_verifications_by_session on public.email_verifications (session_id);

-- When a password was set by somebody who had read the mailbox: by a reset, or by an accepted invitation. Null: it was
-- chosen before that, perhaps by a stranger, and a reset also ends the second factor and the keys of its last days.
alter table public.users add column password_proved_at timestamptz;
