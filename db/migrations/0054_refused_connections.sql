-- Access that was taken back at the provider: until now the connection looked whole until its token expired.
alter table public.provider_connections add column refused_at timestamptz;
comment on column public.provider_connections.refused_at is
  'When the provider first refused its tokens (401) after it last took them; written by the syncs, refills and proofs that ask it. Null: they work, as far as is known.';
