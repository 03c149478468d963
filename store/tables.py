"""Every table. Guarantees that no caller may forget are constraints or triggers here (see `versions/`).

Columns named `*_sealed` hold ciphertext under the customer's data key (`store.keys`); everything a customer or a model
wrote goes there, redacted before it was sealed. Times are ISO 8601 UTC text with microseconds, so both databases agree.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

Minor = BigInteger().with_variant(Integer, "sqlite")  # minor units of a currency; 64 bits on both


def _id() -> Column[str]:
    return Column("id", String(64), primary_key=True)


def _case() -> Column[str]:
    return Column("case_id", String(64), ForeignKey("cases.id"), nullable=False)


cases = Table(
    "cases",
    metadata,
    _id(),
    Column("customer", String(128), nullable=False, index=True),
    Column("user", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("owner", String(8), nullable=False, server_default="lee"),
    Column("epoch", Integer, nullable=False, server_default="1"),  # rises with every change of owner
    Column("status", String(20), nullable=False, server_default="open"),
    Column("topic", String(40)),
    Column("opened_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    CheckConstraint("owner in ('lee', 'human')", name="cases_owner"),
    CheckConstraint("status in ('open', 'awaiting_customer', 'escalated', 'resolved')", name="cases_status"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _case(),
    Column("n", Integer, nullable=False),  # 1, 2, 3 … within the case: times may be equal
    Column("turn_id", String(64)),
    Column("kind", String(12), nullable=False),  # inbound | outbound | draft | note
    Column("author", String(256), nullable=False),  # customer:<user> | lee:<model> | human:<name>
    Column("external_id", String(256)),  # the channel's own id: the same message twice is one message
    Column("body_sealed", LargeBinary, nullable=False),
    Column("created_at", String(32), nullable=False),
    UniqueConstraint("case_id", "external_id", name="messages_once"),
    CheckConstraint("kind in ('inbound', 'outbound', 'draft', 'note')", name="messages_kind"),
    UniqueConstraint("case_id", "n", name="messages_order"),
)

turns = Table(
    "turns",
    metadata,
    _id(),
    _case(),
    Column("n", Integer, nullable=False),  # 1, 2, 3 … within the case: the queue's order
    Column("epoch", Integer, nullable=False),
    Column("message_id", String(64), ForeignKey("messages.id"), nullable=False),
    Column("proposal_id", String(64)),  # set when the message confirmed this proposal
    Column("status", String(12), nullable=False, server_default="queued"),  # queued | running | done
    Column("outcome", String(20)),
    Column("result_sealed", LargeBinary),  # JSON of the turn's result, as `lee resolve --json` prints it
    Column("created_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    UniqueConstraint("case_id", "n", name="turns_order"),
    CheckConstraint("status in ('queued', 'running', 'done')", name="turns_status"),
    # One turn a case at a time: the database refuses a second.
    Index(
        "turns_one_running",
        "case_id",
        unique=True,
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
    Column("worker", String(64)),  # the life of a worker (`workers`) whose it is
    Index(
        "turns_unfinished",
        "worker",
        sqlite_where=text("status <> 'done'"),
        postgresql_where=text("status <> 'done'"),
    ),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("life", String(64), nullable=False, unique=True),
    Column("folder", String(64), nullable=False),  # of the data folder that this worker has locked
    Column("house_key", String(64), nullable=False),  # all workers seal with the same keys, or cannot read each other
    Column("until_ms", BigInteger, nullable=False),  # of the database's clock: taken for dead afterwards
)

turn_steps = Table(
    "turn_steps",
    metadata,
    Column("turn_id", String(64), ForeignKey("turns.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # 0, 1, 2 …
    Column("kind", String(24), nullable=False),  # topic | model | tool | reply | …
    Column("content_sealed", LargeBinary, nullable=False),
    Column("created_at", String(32), nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    _id(),
    _case(),
    Column("turn_id", String(64)),
    Column("epoch", Integer, nullable=False),
    Column("actor", String(256), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", Text, nullable=False),  # canonical JSON: ids and integers only; what a person wrote is sealed
    Column("digest", String(64), nullable=False),
    Column("verdict", String(20), nullable=False),  # of the latest decision
    Column("rule", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("shown", Text),  # what the customer was asked to confirm
    Column("decided_at", String(32), nullable=False),
    Column("personal_sealed", LargeBinary),  # arguments and shown, where a person's own words are in them
    Index("proposals_of_case", "case_id"),
)

confirmations = Table(
    "confirmations",
    metadata,
    _id(),
    _case(),
    Column("digest", String(64), nullable=False),
    Column("message_id", String(64), ForeignKey("messages.id"), nullable=False),  # the customer's own yes
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Column("used_by", String(64)),  # intent id: single use
    UniqueConstraint("message_id", "digest", name="confirmations_once"),
)

approvals = Table(
    "approvals",
    metadata,
    _id(),
    _case(),
    Column("proposal_id", String(64), ForeignKey("proposals.id"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("human", String(256), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Column("used_by", String(64)),
    UniqueConstraint("proposal_id", "digest", name="approvals_once"),
)

intents = Table(
    "intents",
    metadata,
    _id(),
    _case(),
    Column("proposal_id", String(64), ForeignKey("proposals.id"), nullable=False),
    Column("customer", String(128), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column(
        "target", String(128), nullable=False
    ),  # the Stripe object acted on: charge, invoice, subscription, customer
    Column("operation_key", String(300), nullable=False, unique=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("attempt", Integer, nullable=False),
    Column("amount", Minor),
    Column("currency", String(3)),
    Column("policy_hash", String(64), nullable=False),
    Column("status", String(24), nullable=False),  # reserved | succeeded | failed | pending_reconciliation
    Column("stripe_id", String(128)),
    Column("receipt", Text),  # JSON of the receipt without its secret, or of the refusal
    Column("created_at", String(32), nullable=False),
    Column("sent_at", String(32)),  # when it last left for Stripe: until a while later an answer may still come
    Column("settled_at", String(32)),
    Column("personal_sealed", LargeBinary),  # the arguments, where a person's own words are in them
    CheckConstraint("status in ('reserved', 'succeeded', 'failed', 'pending_reconciliation')", name="intents_status"),
    Index("intents_of_case", "case_id"),
    Index("intents_of_target", "target"),
    UniqueConstraint("proposal_id", name="intents_once"),  # a proposal is carried out at most once
    # One action in flight per charge, invoice, subscription or customer: the database refuses a second.
    Index(
        "intents_one_in_flight",
        "target",
        unique=True,
        sqlite_where=text("status in ('reserved', 'pending_reconciliation')"),
        postgresql_where=text("status in ('reserved', 'pending_reconciliation')"),
    ),
)

budgets = Table(
    "budgets",
    metadata,
    Column(
        "key", String(300), primary_key=True
    ),  # value_out:<customer key>:usd:2026-11, refunds:<customer key>:2026-11, …
    Column("held", Minor, nullable=False, server_default="0"),  # reserved and settled, never more than the cap
    CheckConstraint("held >= 0", name="budgets_not_negative"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("intent_id", String(64), ForeignKey("intents.id"), primary_key=True),
    Column("budget", String(300), ForeignKey("budgets.key"), primary_key=True),
    Column("amount", Minor, nullable=False),
    Column("state", String(10), nullable=False),  # held | settled | released
    CheckConstraint("state in ('held', 'settled', 'released')", name="reservations_state"),
    CheckConstraint("amount > 0", name="reservations_positive"),
)

escalations = Table(
    "escalations",
    metadata,
    _id(),
    _case(),
    Column("turn_id", String(64)),
    Column("proposal_id", String(64)),  # what waits for approval, if anything
    Column("reason", String(80), nullable=False),
    Column("packet_sealed", LargeBinary, nullable=False),
    Column("status", String(12), nullable=False, server_default="open"),  # open | acknowledged | closed
    Column("created_at", String(32), nullable=False),
    Column("acknowledged_by", String(256)),
    Column("closed_at", String(32)),
    CheckConstraint("status in ('open', 'acknowledged', 'closed')", name="escalations_status"),
    Index("escalations_open", "status", "created_at"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # the leaf's index + 1
    Column("id", String(64), nullable=False, unique=True),
    Column("at", String(32), nullable=False),
    Column("kind", String(40), nullable=False),  # ticket.received, proposal.decided, effect.settled, …
    Column("actor", String(256), nullable=False),
    Column("case_id", String(64), index=True),
    Column("key_id", String(64), nullable=False),  # which data key sealed it
    Column("sealed", LargeBinary, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),  # RFC 6962 leaf hash over the header and the ciphertext
)

searches = Table(
    "searches",
    metadata,
    _id(),
    _case(),
    Column("turn_id", String(64)),  # None: a human searched for the case
    Column("n", Integer, nullable=False),  # 0, 1, 2 … within the turn
    Column("actor", String(256), nullable=False),  # lee:<model> | human:<name>
    Column("found", Text, nullable=False),  # JSON: passages of our own articles, with their scores: nobody's data
    Column("answers", Integer),  # how likely the first of them answers, in thousandths; None: from before it was kept
    Column("question_sealed", LargeBinary, nullable=False),  # its vector is kept nowhere: it would tell the question
    Column("created_at", String(32), nullable=False),
    UniqueConstraint("turn_id", "n", name="searches_once"),
    Index("searches_of_case", "case_id"),
    Index("searches_by_time", "created_at"),
)

# What a human decided about the draft that a case gives; the draft itself is made anew from the case's messages each
# time, so that it goes when they go.
draft_decisions = Table(
    "draft_decisions",
    metadata,
    Column("case_id", String(64), ForeignKey("cases.id"), primary_key=True),
    Column("status", String(12), nullable=False),  # published | discarded
    Column("article", String(200)),  # the article it became
    Column("human", String(256), nullable=False),
    Column("decided_at", String(32), nullable=False),
    CheckConstraint("status in ('published', 'discarded')", name="draft_decisions_status"),
)
