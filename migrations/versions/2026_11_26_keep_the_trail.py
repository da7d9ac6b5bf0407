"""Keep the trail: triggers refuse UPDATE, DELETE and TRUNCATE, and there is one door."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MESSAGE = "activity_log keeps its rows as they are; its one door is AuditTrail.custody"

SQLITE = {
    "activity_log_no_delete": f"""BEFORE DELETE ON activity_log
WHEN NOT EXISTS (SELECT 1 FROM activity_log_door WHERE action = 'prune' AND up_to >= OLD.id)
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "activity_log_no_update": f"""BEFORE UPDATE ON activity_log
WHEN NOT (EXISTS (SELECT 1 FROM activity_log_door WHERE action = 'blank')
 AND NEW.id IS OLD.id
 AND NEW.user_id IS OLD.user_id
 AND NEW.activity_type IS OLD.activity_type
 AND NEW.description IS OLD.description
 AND NEW.playlist_id IS OLD.playlist_id
 AND NEW.playlist_name IS OLD.playlist_name
 AND NEW.created_at IS OLD.created_at
 AND NEW.event_id IS OLD.event_id
 AND NEW.entity_type IS OLD.entity_type
 AND NEW.entity_id IS OLD.entity_id
 AND NEW.source IS OLD.source
 AND NEW.request_id IS OLD.request_id
 AND json_remove(NEW.metadata_json, '$.client') IS json_remove(OLD.metadata_json, '$.client')
 AND json_type(NEW.metadata_json, '$.client') IS NULL)
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "activity_log_no_replace": f"""BEFORE INSERT ON activity_log
WHEN EXISTS (SELECT 1 FROM activity_log WHERE event_id = NEW.event_id)
 OR EXISTS (SELECT 1 FROM activity_log WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
}

CLIENT = "'{metadata_json,client}'"

FUNCTION = f"""CREATE FUNCTION activity_log_permanent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM activity_log_door WHERE action = 'prune' AND up_to >= OLD.id) THEN
      RETURN OLD;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    IF EXISTS (SELECT 1 FROM activity_log_door WHERE action = 'blank')
      AND (to_jsonb(NEW) #- {CLIENT}) - 'remote_addr' - 'user_agent'
        = (to_jsonb(OLD) #- {CLIENT}) - 'remote_addr' - 'user_agent'
      AND to_jsonb(NEW) #> {CLIENT} IS NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION USING ERRCODE = '42501',
    MESSAGE = '{MESSAGE}';
END $$"""


def upgrade():
    op.create_table(
        "activity_log_door",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=True),
        sa.Column("shut_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_activity_log_door_only")),
        sa.CheckConstraint("shut_by = 0", name=op.f("ck_activity_log_door_never")),
        sa.ForeignKeyConstraint(
            ["shut_by"],
            ["activity_log_door.id"],
            name=op.f("fk_activity_log_door_shut_by_activity_log_door"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_log_door")),
    )
    if op.get_context().dialect.name == "sqlite":
        for name, rest in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {rest}")
    else:
        op.execute(FUNCTION)
        op.execute(
            "CREATE TRIGGER activity_log_no_change BEFORE UPDATE OR DELETE ON activity_log"
            " FOR EACH ROW EXECUTE FUNCTION activity_log_permanent()"
        )
        op.execute(
            "CREATE TRIGGER activity_log_no_truncate BEFORE TRUNCATE ON activity_log"
            " FOR EACH STATEMENT EXECUTE FUNCTION activity_log_permanent()"
        )


def downgrade():
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER activity_log_no_truncate ON activity_log")
        op.execute("DROP TRIGGER activity_log_no_change ON activity_log")
        op.execute("DROP FUNCTION activity_log_permanent()")
    op.drop_table("activity_log_door")
