-- By whom things were set, so that a reset by mail undoes what a stranger did with an account, and no more. These ids have
-- no foreign keys, like audit_logs.actor_id: what a person set is still theirs once they are erased.
alter table public.memberships add column role_set_by uuid;         -- the sender of the invitation, or who changed the role since; null: not known
alter table public.companies
  add column ip_allowlist_set_by uuid,
  add column ip_allowlist_set_at timestamptz;                       -- null: before this was kept
-- invited_by stays the first one.
alter table public.invitations add column resent_by uuid;           -- who sent it again last, and answers for it; null: nobody
alter table public.webhook_endpoints                                -- since it was made; null: nobody, or before this was kept
  add column url_by uuid,
  add column url_at timestamptz,
  add column headers_by uuid,
  add column headers_at timestamptz,
  add column secret_by uuid,                                        -- has seen the present secret
  add column secret_at timestamptz;
alter table public.oauth_states add column begun_by uuid;           -- the maker of the key that began it; null: a server's key
alter table public.provider_connections
  add column connected_by uuid,
  add column connected_at timestamptz;                              -- created_at is of the first connection
