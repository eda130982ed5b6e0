do $$
declare
  t regclass;
  f regprocedure;
  r name;
begin
  foreach r in array array['trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs'] loop
    for t in select c.oid from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') loop
      if has_table_privilege('service_role', t, 'select') then execute format('grant select on %s to %I', t, r); end if;
      if has_table_privilege('service_role', t, 'insert') then execute format('grant insert on %s to %I', t, r); end if;
      if has_table_privilege('service_role', t, 'update') then execute format('grant update on %s to %I', t, r); end if;
      if has_table_privilege('service_role', t, 'delete') then execute format('grant delete on %s to %I', t, r); end if;
    end loop;
    for f in select p.oid from pg_proc p where p.pronamespace = 'private'::regnamespace and has_function_privilege('service_role', p.oid, 'execute') loop
      execute format('grant execute on function %s to %I', f, r);
    end loop;
    execute format('grant usage on schema trunkline_migrations to %I', r);
    execute format('grant select on trunkline_migrations.applied to %I', r);
    execute format('grant usage on all sequences in schema public to %I', r);
  end loop;
end $$;
