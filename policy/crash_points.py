"""Named places in the gate where a test may kill the process: the crash suite visits every one."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class CrashPoint(StrEnum):
    FACTS_READ = "facts_read"  # facts are here, nothing is written
    RESERVED = "reserved"  # decision, budgets, intent and audit entry are committed; Stripe knows nothing
    SENDING = "sending"  # the request is about to leave
    ANSWERED = "answered"  # Stripe has answered; the ledger does not know
    SETTLED = "settled"  # the ledger knows; the customer does not


Reach = Callable[[CrashPoint], None]


def pass_by(point: CrashPoint) -> None:
    """Outside tests nothing happens at a crash point."""
