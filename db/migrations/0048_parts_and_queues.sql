-- A job of more than a minute is done in parts. Each begins with all attempts before it, so that `attempts` falls again, and
-- an attempt that outlived its lease could take a later one for itself: `taken` only ever grows.
alter table public.jobs add column taken integer not null default 0;
comment on column public.jobs.taken is
  'How often a worker took the job: attempts, parts and postponements. Only the last one may say how far the job is.';

-- Each queue has a worker of its own, so that a mail does not wait for an export, and a dial for neither.
alter table public.jobs add column queue text not null default 'jobs'
  check (queue in ('jobs', 'dials', 'bulk', 'documents'));
comment on column public.jobs.queue is 'The queue whose worker does it; functions/_core/work/queue.ts has them all.';
update public.jobs set queue = 'bulk' where kind = 'export-data' and status = 'waiting';

drop index public.jobs_waiting;
create index jobs_waiting on public.jobs (queue, next_attempt_at) where status = 'waiting';

-- As in 0044, with the queue. Code that knows none means `jobs`.
drop function private.enqueue_job(uuid, text, uuid, text, timestamptz);
create function private.enqueue_job(
  p_id uuid, p_kind text, p_user_id uuid, p_payload text, p_at timestamptz, p_queue text default 'jobs'
) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_company_id constant uuid := private.demand_caller_company();
  begin
    if p_user_id is not null and not exists (
      select from public.memberships m where m.company_id = v_company_id and m.user_id = p_user_id) then
      raise exception using errcode = 'TL403', message = 'The job is for a person of another company.';
    end if;
    insert into public.jobs (id, company_id, user_id, kind, payload, queue, next_attempt_at)
      values (p_id, v_company_id, p_user_id, p_kind, p_payload, p_queue, coalesce(p_at, now()));
  end $$;
revoke execute on function private.enqueue_job(uuid, text, uuid, text, timestamptz, text) from public;
grant execute on function private.enqueue_job(uuid, text, uuid, text, timestamptz, text) to trunkline_member;
