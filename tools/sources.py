"""Sources of facts beside Stripe, and how they fail."""

from __future__ import annotations

from billing.facts import Source
from policy.effects import FactsUnavailable


class SourceUnavailable(FactsUnavailable):
    """`source` did not answer; the message is one plain sentence for the operator, with what mends it."""

    def __init__(self, source: Source, message: str) -> None:
        super().__init__(message)
        self.source: Source = source
