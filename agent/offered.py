"""What Lee's last words offered to do. A yes is good for that act, and for no other that a model may think of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.prompting import money
from agent.sentences import plain, sentences

# A question that offers, and what makes one about something else: an offer to explain is not one to do.
_OFFERS = re.compile(
    r"\b(?:shall|should|may i|can i|do you want|you want|would you like|you'd like|want me to)\b", re.I
)
_EXPLAINS = re.compile(r"\b(?:know|hear|see|learn|explain|tell|why|how|whether|not|cannot|can't|status|rules?)\b", re.I)
_ACTS = {
    "refund": r"\b(?:refund(?:ed)?|reimburse[d]?)\b"
    r"|\b(?:it|this|that|one|both|payment|charge|money|amount|[\d.,]+)(?: \w+)? back\b",
    "card_update_link": r"\b(?:page|link)\b.*\bcard\b|\bcard\b.*\b(?:page|link)\b",
    "new_checkout_link": r"\b(?:new|another|fresh)\b(?: \w+){0,2} (?:link|page)\b",
}


def offered(words: str) -> frozenset[str]:
    """The tools whose act a text of Lee's offers, among those that the law takes no yes for."""
    asked = [plain(part) for part in sentences(words) if part.rstrip().endswith("?")]
    asked = [part for part in asked if _OFFERS.search(part) and not _EXPLAINS.search(part)]
    return frozenset(tool for tool, act in _ACTS.items() if any(re.search(act, part, re.I) for part in asked))


def names_payment(words: str, charge: str, charges: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a text tells the amount of that charge, of those that were read (each as `list_charges` gives it)."""
    said = " ".join(words.split())
    return any(row["id"] == charge and re.search(rf"{re.escape(money(row['amount']))}(?!\d)", said) for row in charges)
