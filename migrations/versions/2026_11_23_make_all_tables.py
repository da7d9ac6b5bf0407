"""Make all tables."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "scheduler_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("leader", sa.String(length=255), nullable=False),
        sa.Column("heartbeat_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduler_state")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spotify_id", sa.String(length=255), nullable=False),
        sa.Column("spotify_account_id", sa.String(length=255), nullable=True),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("profile_image_url", sa.String(length=1024), nullable=True),
        sa.Column("spotify_uri", sa.String(length=255), nullable=True),
        sa.Column("encrypted_access_token", sa.Text(), nullable=True),
        sa.Column("access_token_expires_at", MOMENT, nullable=True),
        sa.Column("encrypted_refresh_token", sa.Text(), nullable=True),
        sa.Column("granted_scope", sa.String(length=500), nullable=True),
        sa.Column("consented_at", MOMENT, nullable=True),
        sa.Column("needs_reconnect", sa.Boolean(), nullable=False),
        sa.Column("last_login_at", MOMENT, nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("login_count >= 0", name=op.f("ck_users_login_count_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("spotify_account_id", name=op.f("uq_users_spotify_account_id")),
        sa.UniqueConstraint("spotify_id", name=op.f("uq_users_spotify_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "activity_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("activity_type", sa.String(length=50), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("playlist_id", sa.String(length=255), nullable=True),
        sa.Column("playlist_name", sa.String(length=255), nullable=True),
        sa.Column("metadata_json", JSON, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("entity_type", sa.String(length=50), nullable=True),
        sa.Column("entity_id", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_activity_log_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_log")),
        sa.UniqueConstraint("event_id", name=op.f("uq_activity_log_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_activity_log_activity_type"), "activity_log", ["activity_type"])
    op.create_index(op.f("ix_activity_log_created_at"), "activity_log", ["created_at"])
    op.create_index(
        op.f("ix_activity_log_entity_type_entity_id"), "activity_log", ["entity_type", "entity_id"]
    )
    op.create_index(op.f("ix_activity_log_user_id"), "activity_log", ["user_id"])
    op.create_index("ix_activity_user_created", "activity_log", ["user_id", "created_at"])

    op.create_table(
        "login_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("logged_in_at", MOMENT, nullable=False),
        sa.Column("logged_out_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_by", sa.String(length=20), nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=512), nullable=True),
        sa.Column("login_type", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "ended_by IN ('logout', 'everywhere', 'expired')",
            name=op.f("ck_login_history_ended_by_known"),
        ),
        sa.CheckConstraint(
            "login_type IN ('oauth_initial', 'oauth_refresh')",
            name=op.f("ck_login_history_login_type_known"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_login_history_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_history")),
        sa.UniqueConstraint("session_id", name=op.f("uq_login_history_session_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_login_history_logged_in_at"), "login_history", ["logged_in_at"])
    op.create_index(
        op.f("ix_login_history_user_id_logged_out_at"),
        "login_history",
        ["user_id", "logged_out_at"],
    )

    op.create_table(
        "playlist_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("playlist_id", sa.String(length=255), nullable=False),
        sa.Column("playlist_name", sa.String(length=255), nullable=False),
        sa.Column("track_uris", JSON, nullable=False),
        sa.Column("track_count", sa.Integer(), nullable=False),
        sa.Column("snapshot_type", sa.String(length=30), nullable=False),
        sa.Column("trigger_description", sa.String(length=500), nullable=True),
        sa.Column("write_state", sa.String(length=20), nullable=True),
        sa.Column("write_target", sa.String(length=64), nullable=True),
        sa.Column("restores_id", sa.Integer(), nullable=True),
        sa.Column("restored_at", MOMENT, nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "snapshot_type IN ('auto_pre_shuffle', 'auto_pre_commit', 'auto_pre_restore', "
            "'auto_pre_raid', 'scheduled_pre_execution', 'manual')",
            name=op.f("ck_playlist_snapshots_snapshot_type_known"),
        ),
        sa.CheckConstraint(
            "write_state IN ('pending', 'applied', 'void', 'interrupted')",
            name=op.f("ck_playlist_snapshots_write_state_known"),
        ),
        sa.CheckConstraint(
            "track_count >= 0", name=op.f("ck_playlist_snapshots_track_count_range")
        ),
        sa.ForeignKeyConstraint(
            ["restores_id"],
            ["playlist_snapshots.id"],
            name=op.f("fk_playlist_snapshots_restores_id_playlist_snapshots"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_playlist_snapshots_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playlist_snapshots")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_playlist_snapshots_restores_id"), "playlist_snapshots", ["restores_id"]
    )
    op.create_index(
        op.f("ix_playlist_snapshots_user_id_playlist_id_created_at"),
        "playlist_snapshots",
        ["user_id", "playlist_id", "created_at"],
    )
    op.create_index(
        op.f("ix_playlist_snapshots_write_state"),
        "playlist_snapshots",
        ["write_state"],
        sqlite_where=sa.text("write_state = 'pending'"),
        postgresql_where=sa.text("write_state = 'pending'"),
    )

    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("job_type", sa.String(length=20), nullable=False),
        sa.Column("target_playlist_id", sa.String(length=255), nullable=False),
        sa.Column("target_playlist_name", sa.String(length=255), nullable=False),
        sa.Column("source_playlist_ids", JSON, nullable=False),
        sa.Column("algorithm_name", sa.String(length=64), nullable=True),
        sa.Column("algorithm_params", JSON, nullable=False),
        sa.Column("schedule_type", sa.String(length=10), nullable=False),
        sa.Column("schedule_value", sa.String(length=100), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("anchor_at", MOMENT, nullable=False),
        sa.Column("next_run_at", MOMENT, nullable=True),
        sa.Column("last_run_at", MOMENT, nullable=True),
        sa.Column("last_status", sa.String(length=20), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "job_type IN ('raid', 'shuffle', 'raid_and_shuffle')",
            name=op.f("ck_schedules_job_type_known"),
        ),
        sa.CheckConstraint(
            "last_status IN ('running', 'success', 'failed', 'skipped')",
            name=op.f("ck_schedules_last_status_known"),
        ),
        sa.CheckConstraint(
            "schedule_type IN ('interval', 'cron')", name=op.f("ck_schedules_schedule_type_known")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_schedules_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_schedules_is_enabled_next_run_at"), "schedules", ["is_enabled", "next_run_at"]
    )
    op.create_index(
        op.f("ix_schedules_user_id_target_playlist_id"),
        "schedules",
        ["user_id", "target_playlist_id"],
    )

    op.create_table(
        "upstream_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("target_playlist_id", sa.String(length=255), nullable=False),
        sa.Column("target_playlist_name", sa.String(length=255), nullable=False),
        sa.Column("source_playlist_id", sa.String(length=255), nullable=False),
        sa.Column("source_name", sa.String(length=255), nullable=False),
        sa.Column("source_type", sa.String(length=20), nullable=False),
        sa.Column("source_url", sa.String(length=1024), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "source_type IN ('own', 'external')",
            name=op.f("ck_upstream_sources_source_type_known"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_upstream_sources_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_sources")),
        sa.UniqueConstraint(
            "user_id",
            "target_playlist_id",
            "source_playlist_id",
            name="uq_upstream_sources_target_source",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("default_algorithm", sa.String(length=64), nullable=True),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("auto_snapshot_enabled", sa.Boolean(), nullable=False),
        sa.Column("max_snapshots_per_playlist", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "theme IN ('light', 'dark', 'system')", name=op.f("ck_user_settings_theme_known")
        ),
        sa.CheckConstraint(
            "max_snapshots_per_playlist >= 1 AND max_snapshots_per_playlist <= 50",
            name=op.f("ck_user_settings_max_snapshots_per_playlist_range"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_settings_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_settings")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_settings_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workshop_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("playlist_id", sa.String(length=255), nullable=False),
        sa.Column("playlist_name", sa.String(length=255), nullable=False),
        sa.Column("session_name", sa.String(length=255), nullable=False),
        sa.Column("track_uris", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_workshop_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_workshop_sessions_user_id_playlist_id"),
        "workshop_sessions",
        ["user_id", "playlist_id"],
    )

    op.create_table(
        "job_executions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("tracks_added", sa.Integer(), nullable=False),
        sa.Column("tracks_total", sa.Integer(), nullable=True),
        sa.Column("error_message", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'success', 'failed', 'skipped')",
            name=op.f("ck_job_executions_status_known"),
        ),
        sa.CheckConstraint(
            "trigger IN ('manual', 'scheduler')", name=op.f("ck_job_executions_trigger_known")
        ),
        sa.CheckConstraint("tracks_added >= 0", name=op.f("ck_job_executions_tracks_added_range")),
        sa.CheckConstraint("tracks_total >= 0", name=op.f("ck_job_executions_tracks_total_range")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_job_executions_schedule_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_executions")),
        sa.UniqueConstraint(
            "schedule_id", "due_at", name=op.f("uq_job_executions_schedule_id_due_at")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_job_executions_schedule_id"), "job_executions", ["schedule_id"])
    op.create_index(
        op.f("ix_job_executions_status_started_at"), "job_executions", ["status", "started_at"]
    )


def downgrade():
    op.drop_table("job_executions")
    op.drop_table("workshop_sessions")
    op.drop_table("user_settings")
    op.drop_table("upstream_sources")
    op.drop_table("schedules")
    op.drop_table("playlist_snapshots")
    op.drop_table("login_history")
    op.drop_table("activity_log")
    op.drop_table("users")
    op.drop_table("scheduler_state")
