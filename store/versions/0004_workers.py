"""Workers, and whose each turn is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("life", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.Column("house_key", sa.String(length=64), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("life"),
    )
    op.add_column("turns", sa.Column("worker", sa.String(length=64), nullable=True))
    unfinished = sa.text("status <> 'done'")
    op.create_index("turns_unfinished", "turns", ["worker"], sqlite_where=unfinished, postgresql_where=unfinished)
