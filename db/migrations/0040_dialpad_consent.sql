-- A consent belongs to the browser that gave it: the callback answers only that one.
alter table public.oauth_states add column browser_hash bytea;   -- SHA-256 of the cookie; null: nobody has agreed on our page yet
