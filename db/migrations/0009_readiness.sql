-- The service may read which migrations ran: an instance is ready when the database has all that it was built with.
grant usage on schema trunkline_migrations to service_role;
grant select on trunkline_migrations.applied to service_role;
