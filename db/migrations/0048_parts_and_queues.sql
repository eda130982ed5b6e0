-- A job of more than a minute is done in parts. Each begins with all attempts before it, so that `attempts` falls again, and
-- an attempt that outlived its lease could take a later one for itself: `taken` only ever grows.
alter table public.jobs add column taken integer not null default 0;
comment on column public.jobs.taken is
  'How often a worker took the job: attempts, parts and postponements. Only the last one may say how far the job is.';
