"""Joins Stripe's own books with ledger and audit log: nothing Lee did goes untold, and nothing told was not done.

Stripe knows an effect of Lee's by its idempotency key (in events, kept for 30 days) and by its labels (on refunds,
balance transactions and Checkout sessions). Both name the intent and carry the leaf of the entry that decided it. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# Of these Stripe keeps nothing that can be listed: no value moves, a new page is made on demand.
TRACELESS: Final = frozenset(["card_update_link"])
# What an event says about money that has moved; a failed intent must not have one.
MOVED: Final = frozenset(["invoice.paid"])
# Objects that each stand for one effect: a second one of an intent is a second effect.
SINGLE: Final = frozenset(["refund", "balance_transaction", "checkout_session"])

_KEY: Final = re.compile(r"lee-(int_[0-9a-f]+)(?:-([0-9a-f]{64}))?(?:-pay)?")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing in Stripe's books under Lee's key or label. `what` is an event's type or the kind of object.

    `amount` in minor units as it left the company, where the object is money. `undone`: it failed or was canceled."""

    intent: str
    leaf: str | None
    what: str
    object_id: str
    at: datetime
    amount: int | None = None
    currency: str | None = None
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the ledger. `status` is `reserved | succeeded | failed | pending_reconciliation`."""

    intent: str
    case: str
    tool: str
    key: str
    status: str
    created: datetime
    sent: bool
    amount: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Logged:
    """What the audit log says of intents. `leaves`: of every decision, hex. `closed`: cases whose entries cannot all be
    opened any more (erased), so that only their leaves speak."""

    decided: Mapping[str, str]  # intent → leaf, hex
    sent: frozenset[str]
    outcomes: Mapping[str, str]  # intent → the last status told
    leaves: frozenset[str]
    closed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something without its counterpart. `kind` is `only_in_stripe`, `only_in_log`, `witness_missing`, `no_attempt`,
    `no_decision`, `no_sending`, `no_outcome`, `other_outcome`, `other_amount`, `twice` or `moved_though_failed`."""

    kind: str
    intent: str
    message: str


def idempotency_key(intent: str, leaf: str) -> str:
    """Of an intent, with the leaf (hex) of the audit entry that decided it."""
    return f"lee-{intent}-{leaf}"


def key_mark(key: str) -> tuple[str, str | None] | None:
    """Intent and leaf in an idempotency key; None for a key that is not Lee's. A key that only looks like one is an
    intent of its own name, which no ledger knows."""
    if not key.startswith("lee-"):
        return None
    found = _KEY.fullmatch(key)
    return (key, None) if found is None else (found[1], found[2])


def join(attempts: Iterable[Attempt], logged: Logged, marks: Sequence[Mark], since: datetime) -> list[Orphan]:
    """Everything without its counterpart; none of it may be. `since`: how far back `marks` reach."""
    known = {attempt.intent: attempt for attempt in attempts}
    shown = Counter(mark.intent for mark in marks)
    orphans = [orphan for mark in marks for orphan in _of_mark(mark, known.get(mark.intent), logged)]
    orphans += [orphan for attempt in known.values() for orphan in _of_attempt(attempt, logged)]
    for attempt in known.values():
        done = attempt.status == "succeeded" and attempt.tool not in TRACELESS and attempt.created >= since
        if done and not shown[attempt.intent]:
            told = f"The log says that {attempt.tool} was done ({attempt.case}); Stripe shows nothing of it."
            orphans.append(Orphan("only_in_log", attempt.intent, told))
    for intent in [*logged.decided, *logged.outcomes]:
        if intent not in known:
            orphans.append(Orphan("no_attempt", intent, "The log tells of it; the ledger has no row of it (any more)."))
    single = Counter((mark.intent, mark.what) for mark in marks if mark.what in SINGLE and not mark.undone)
    orphans += [
        Orphan("twice", intent, f"Stripe shows {count} objects ({what}) of one intent.")
        for (intent, what), count in single.items()
        if count > 1
    ]
    return list(dict.fromkeys(orphans))


def _of_mark(mark: Mark, attempt: Attempt | None, logged: Logged) -> Iterator[Orphan]:
    there = f"{mark.what} {mark.object_id} of {mark.at:%Y-%m-%d %H:%M:%S} UTC"
    if attempt is None:
        yield Orphan(
            "only_in_stripe", mark.intent, f"Stripe has {there} under Lee's name; the ledger knows no such intent."
        )
    if mark.leaf is not None and mark.leaf not in logged.leaves:
        yield Orphan(
            "witness_missing",
            mark.intent,
            f"Stripe's {there} names an entry that the log does not have: it was cut or rewritten after that.",
        )
    if attempt is None:
        return
    if attempt.status == "failed" and mark.what in MOVED | SINGLE and not mark.undone:
        yield Orphan("moved_though_failed", mark.intent, f"The ledger says it failed; Stripe shows {there}.")
    money = (mark.amount, mark.currency)
    if mark.amount is not None and not mark.undone and money != (attempt.amount, attempt.currency):
        told = (
            f"Stripe's {there} is {mark.amount} {mark.currency}, the ledger says {attempt.amount} {attempt.currency}."
        )
        yield Orphan("other_amount", mark.intent, told)


def _of_attempt(attempt: Attempt, logged: Logged) -> Iterator[Orphan]:
    """Attempt, decision, outcome: each has the others."""
    intent, closed = attempt.intent, attempt.case in logged.closed
    found = key_mark(attempt.key)
    leaf = found[1] if found is not None else None
    if (leaf is not None and leaf not in logged.leaves) or (intent not in logged.decided and not closed):
        yield Orphan(
            "no_decision", intent, f"The ledger has {attempt.tool} ({attempt.case}); the log has no decision of it."
        )
    elif intent in logged.decided and leaf is not None and logged.decided[intent] != leaf:
        yield Orphan("no_decision", intent, "The log's decision is not the one whose entry went to Stripe.")
    if closed:
        return
    if attempt.sent and intent not in logged.sent:
        yield Orphan("no_sending", intent, "The ledger says that it left for Stripe; the log does not tell so.")
    told = logged.outcomes.get(intent)
    if told is None and attempt.status != "reserved":
        yield Orphan("no_outcome", intent, f"The ledger says {attempt.status}; the log tells no outcome.")
    elif told is not None and told != attempt.status:
        yield Orphan("other_outcome", intent, f"The ledger says {attempt.status}, the log says {told}.")
