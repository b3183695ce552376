"""How many messages a silence hid, beside how many events: the first row of each message is marked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Of older rows nobody knows which belong together; each counts as a message."""
    op.add_column("hidden", sa.Column("first", sa.Boolean(), nullable=False, server_default=sa.true()))
