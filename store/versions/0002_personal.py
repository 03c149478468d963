"""A sealed place in proposals and intents for what a person wrote: names, addresses, tax ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("proposals", "intents"):
        op.add_column(table, sa.Column("personal_sealed", sa.LargeBinary(), nullable=True))
