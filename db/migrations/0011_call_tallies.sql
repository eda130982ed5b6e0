-- How many calls there are, kept as sums: a list tells its total without counting. Each statement on calls appends the
-- differences that it makes (no row is updated, so writers never wait for each other); the sweep adds them up.
create table public.call_tallies (
  company_id  uuid not null references public.companies (id) on delete cascade,
  app_id      uuid,
  provider    text not null,
  direction   text,
  status      text not null,
  n           bigint not null,
  foreign key (company_id, app_id) references public.apps (company_id, id) on delete cascade
);
create index call_tallies_by_company on public.call_tallies (company_id);

alter table public.call_tallies enable row level security;
alter table public.call_tallies force row level security;
grant select on public.call_tallies to authenticated;
grant all on public.call_tallies to service_role;

-- As with calls; an agent, who does not see all of them, is given no sums.
create policy "members read their company's call tallies"
  on public.call_tallies for select to authenticated
  using (
    company_id = (select private.caller_company_id())
    and ((select private.caller_app_id()) is null or app_id = (select private.caller_app_id()))
    and (select private.caller_role()) <> 'agent'
  );

create function private.tally_inserted_calls() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.call_tallies (company_id, app_id, provider, direction, status, n)
    select c.company_id, c.app_id, c.provider, c.direction, c.status, count(*)
      from new_calls c group by 1, 2, 3, 4, 5;
    return null;
  end $$;

create function private.tally_updated_calls() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.call_tallies (company_id, app_id, provider, direction, status, n)
    select c.company_id, c.app_id, c.provider, c.direction, c.status, sum(c.n)
      from (select company_id, app_id, provider, direction, status, 1 as n from new_calls
            union all
            select company_id, app_id, provider, direction, status, -1 from old_calls) c
     group by 1, 2, 3, 4, 5
    having sum(c.n) <> 0;
    return null;
  end $$;

create function private.tally_deleted_calls() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.call_tallies (company_id, app_id, provider, direction, status, n)
    select c.company_id, c.app_id, c.provider, c.direction, c.status, -count(*)
      from old_calls c
     -- A company that is deleted takes its tallies with it.
     where exists (select from public.companies o where o.id = c.company_id)
       and (c.app_id is null or exists (select from public.apps a where a.id = c.app_id))
     group by 1, 2, 3, 4, 5;
    return null;
  end $$;
revoke execute on function private.tally_inserted_calls(), private.tally_updated_calls(), private.tally_deleted_calls()
  from public;

create trigger tally_insert after insert on public.calls
  referencing new table as new_calls
  for each statement execute function private.tally_inserted_calls();
create trigger tally_update after update on public.calls
  referencing old table as old_calls new table as new_calls
  for each statement execute function private.tally_updated_calls();
create trigger tally_delete after delete on public.calls
  referencing old table as old_calls
  for each statement execute function private.tally_deleted_calls();
