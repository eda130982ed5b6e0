import { readFile } from 'node:fs/promises';
import type { Sql } from 'postgres';

/** What of the migration makes the policies: its last statement, which did nothing where the schema was not there. */
export async function makePolicies(sql: Sql): Promise<void> {
  const text = await readFile(new URL('../migrations/0025_members.sql', import.meta.url), 'utf8');
  await sql.unsafe(text.slice(text.lastIndexOf('do $$')));
}

/** Makes the schema `realtime` as Supabase has it, but for the partitions, with our policies in it. */
export async function makeRealtime(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create schema realtime;
    create table realtime.messages (
      topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
      updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
      id uuid not null default gen_random_uuid());
    alter table realtime.messages enable row level security;
    create function realtime.topic() returns text language sql stable
      as $f$ select nullif(current_setting('realtime.topic', true), '')::text $f$;
    grant usage on schema realtime to anon, authenticated, service_role;
    grant select, insert on realtime.messages to anon, authenticated, service_role;
    -- What a project may have for topics of its own: everybody everywhere.
    create policy "all of us, everywhere" on realtime.messages for select to anon, authenticated using (true);
    create policy "all of us may talk" on realtime.messages for insert to anon, authenticated with check (true);`);
  await makePolicies(sql);
}

/** Takes it away again: other files share the database. */
export async function dropRealtime(sql: Sql): Promise<void> {
  await sql.unsafe('drop schema realtime cascade');
}
