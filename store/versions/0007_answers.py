"""How likely the first passage of a search was to answer: what gaps are judged by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("searches", sa.Column("answers", sa.Integer(), nullable=True))
