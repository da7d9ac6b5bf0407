"""Keep what the trail is told of a write, for recovery to tell it in a dead process's place."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.add_column("playlist_snapshots", sa.Column("write_facts", JSON, nullable=True))


def downgrade():
    # Not in a batch: SQLite drops a column in place, and a rebuilt table would forget its
    # autoincrement.
    op.drop_column("playlist_snapshots", "write_facts")
