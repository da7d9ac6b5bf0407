-- A role that reads the trail and nothing else. Run it once, as the owner of the tables:
--
--     psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f docs/audit/auditor-role.sql
--
-- and give the role a password with psql's \password shuffify_auditor.

BEGIN;

CREATE ROLE shuffify_auditor
  LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT;

-- Against accidents; what the role is not granted, it cannot do anyway.
ALTER ROLE shuffify_auditor SET default_transaction_read_only = on;
ALTER ROLE shuffify_auditor SET statement_timeout = '5min';

-- Before PostgreSQL 15 everybody may make tables in this schema.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO shuffify_auditor;
GRANT SELECT ON activity_log, activity_seals TO shuffify_auditor;

COMMIT;
