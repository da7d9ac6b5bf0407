"""Hold the door: only that in the log's own schema counts, whatever the search path says."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("activity_log", "activity_seals")


def upgrade():
    if op.get_context().dialect.name != "postgresql":
        return  # SQLite's triggers look in their own database alone.
    for table in TABLES:
        op.execute(f"""DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION {table}_permanent() SET search_path = pg_catalog, '
    || (SELECT relnamespace::regnamespace FROM pg_class
        WHERE oid = '{table}'::regclass) || ', pg_temp';
END $$""")


def downgrade():
    if op.get_context().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER FUNCTION {table}_permanent() RESET search_path")
