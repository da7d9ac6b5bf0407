"""Seal the trail: a table of digests that nothing changes."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MESSAGE = "activity_seals keeps its rows as they are"

SQLITE = {
    "activity_seals_no_delete": f"""BEFORE DELETE ON activity_seals
WHEN NOT FALSE
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "activity_seals_no_update": f"""BEFORE UPDATE ON activity_seals
WHEN NOT FALSE
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "activity_seals_no_replace": f"""BEFORE INSERT ON activity_seals
WHEN EXISTS (SELECT 1 FROM activity_seals WHERE first_id = NEW.first_id)
 OR EXISTS (SELECT 1 FROM activity_seals WHERE id = NEW.id)
 OR EXISTS (SELECT 1 FROM activity_seals WHERE previous = NEW.previous)
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
}

FUNCTION = f"""CREATE FUNCTION activity_seals_permanent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '42501',
    MESSAGE = '{MESSAGE}';
END $$"""


def upgrade():
    op.create_table(
        "activity_seals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=20), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_seals")),
        sa.UniqueConstraint("first_id", name=op.f("uq_activity_seals_first_id")),
        sa.UniqueConstraint("previous", name=op.f("uq_activity_seals_previous")),
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "sqlite":
        for name, rest in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {rest}")
    else:
        op.execute(FUNCTION)
        op.execute(
            "CREATE TRIGGER activity_seals_no_change BEFORE UPDATE OR DELETE ON activity_seals"
            " FOR EACH ROW EXECUTE FUNCTION activity_seals_permanent()"
        )
        op.execute(
            "CREATE TRIGGER activity_seals_no_truncate BEFORE TRUNCATE ON activity_seals"
            " FOR EACH STATEMENT EXECUTE FUNCTION activity_seals_permanent()"
        )


def downgrade():
    op.drop_table("activity_seals")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION activity_seals_permanent()")
