"""An intent without a known outcome is called `pending_reconciliation`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME, WAS, IS = "intents_status", "unknown", "pending_reconciliation"
INTENTS = sa.table("intents", sa.column("status", sa.String()))
CHECK = "status in ('reserved', 'succeeded', 'failed', '{}')"


def upgrade() -> None:
    op.drop_index("intents_one_in_flight", "intents")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite()
    else:
        op.drop_constraint(NAME, "intents", type_="check")
        op.alter_column("intents", "status", type_=sa.String(24))
    op.execute(sa.update(INTENTS).where(INTENTS.c.status == WAS).values(status=IS))
    if op.get_bind().dialect.name != "sqlite":
        op.create_check_constraint(NAME, "intents", CHECK.format(IS))
    flying = sa.text(f"status in ('reserved', '{IS}')")
    op.create_index(
        "intents_one_in_flight", "intents", ["target"], unique=True, sqlite_where=flying, postgresql_where=flying
    )


def _rewrite() -> None:
    """SQLite cannot alter a check. A copy of the table in its place would break what refers to it, so its stored text
    is changed, as sqlite.org/lang_altertable.html#otheralter allows for checks."""
    op.execute("PRAGMA writable_schema = ON")
    changed = op.get_bind().execute(
        sa.text(
            "UPDATE sqlite_schema"
            " SET sql = replace(replace(sql, :was, :now), 'status VARCHAR(12)', 'status VARCHAR(24)')"
            " WHERE type = 'table' AND name = 'intents' AND instr(sql, :was)"
        ),
        {"was": CHECK.format(WAS), "now": CHECK.format(IS)},
    )
    op.execute("PRAGMA writable_schema = RESET")
    if changed.rowcount != 1:
        raise RuntimeError("the table of intents is not as an earlier version made it")
