"""Sources of facts beside Stripe, and how they fail."""

from __future__ import annotations

from typing import Final

from billing.facts import Source
from policy.effects import FactsUnavailable

PATIENCE: Final = 10.0  # seconds for a source beside Stripe; without it the rest is still worth telling


class SourceUnavailable(FactsUnavailable):
    """`source` did not answer; the message is one plain sentence for the operator, with what mends it."""

    def __init__(self, source: Source, message: str) -> None:
        super().__init__(message)
        self.source: Source = source
