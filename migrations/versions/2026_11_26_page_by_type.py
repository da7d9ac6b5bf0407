"""Find a type's newest rows without sorting all of them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_activity_type_created", "activity_log", ["activity_type", "created_at"])


def downgrade():
    op.drop_index("ix_activity_type_created", table_name="activity_log")
