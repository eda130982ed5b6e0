-- No version that still runs takes on Supabase's `service_role` (0044): the API's logins can no longer become it.
drop function if exists private.enter_service();
do $$
  declare v_login text;
  begin
    foreach v_login in array array['trunkline_api', 'trunkline_worker'] loop
      if pg_has_role(v_login, 'service_role', 'member') then
        execute format('revoke service_role from %I', v_login);
      end if;
    end loop;
  exception
    when others then   -- two databases of one cluster migrated at once
      if sqlerrm not like '%tuple concurrently%' then raise; end if;
  end $$;
