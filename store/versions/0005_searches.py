"""The log of searches for cases, and what humans decided about drafts of articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "searches",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=256), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("question_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", "n", name="searches_once"),
    )
    op.create_index("searches_of_case", "searches", ["case_id"])
    op.create_index("searches_by_time", "searches", ["created_at"])
    op.create_table(
        "draft_decisions",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("article", sa.String(length=200), nullable=True),
        sa.Column("human", sa.String(length=256), nullable=False),
        sa.Column("decided_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("status in ('published', 'discarded')", name="draft_decisions_status"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
