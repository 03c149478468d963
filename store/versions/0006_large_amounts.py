"""Amounts of money beyond 32 bits: a month of rupiah passes two thousand millions of its minor unit soon.

SQLite's integers have 64 bits already (sqlite.org/datatype3.html)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (("intents", "amount"), ("budgets", "held"), ("reservations", "amount"))


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table, column in COLUMNS:
            op.alter_column(table, column, type_=sa.BigInteger())
