"""What the customer pointed at: amounts, days, card endings, ids, plans. Read from the slots, never from words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from agent.assent import assents
from agent.flows.counts import counted
from agent.refusal import refuses, refuses_plainly

_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
}
# Only as an answer to a list ("the second one", "the 2nd"), never inside other wishes ("my second payment").
_ANSWER = re.compile(rf"(?P<not>\bnot )?\bthe (?P<name>{'|'.join(_ORDINALS)})\b", re.I)
# What sets one of a list apart: its size or its age, and which end of it.
_EXTREMES = {
    ("amount", max): "bigger biggest larger largest higher highest dearer dearest more~expensive most~expensive",
    ("amount", min): "smaller smallest lower lowest cheaper cheapest",
    ("created", min): "older oldest earlier earliest",
    ("created", max): "newer newest later latest last recent more~recent most~recent",
}
_BY_WORD = {word.replace("~", " "): which for which, words in _EXTREMES.items() for word in words.split()}
_EXTREME = re.compile(
    rf"\bthe ({'|'.join(sorted(_BY_WORD, key=len, reverse=True))})"
    r"(?: (?:one|payment|charge|invoice|bill|amount|plan|subscription|of (?:the two|them|these|those)))?"
    r"(?:\W+(?:please|thanks|thank you))?\W*$",
    re.I,
)
_EVERY = re.compile(
    r"\W*(?:(?:yes|no|please|i mean|refund|cancel|send)\W+)*(?:both|all|each|every)\b"
    r"(?:\W+(?:one|of|them|these|those|two|three|four|five|the|payments|charges|invoices|please))*\W*",
    re.I,
)
_NUMBER = re.compile(r"\W*(?:number|no\.?|nr\.?|option|#)?\s*([1-6])\W*", re.I)
SHORT = 10  # words of an answer
# The newest of a kind. "The last one" is the newest only where Lee has just listed several.
_NEWEST = re.compile(
    r"\b(?:last|latest|newest|most recent) (?:payment|charge|transaction|invoice|bill|debit|purchase|order)\b", re.I
)
# No word begins like this, so even an id without a digit is meant as one.
_CHARGE = re.compile(r"(?<![A-Za-z0-9_])(?:ch|py)_[A-Za-z0-9_]{3,120}")


class Hints:
    """Slots of the newest message. When it answers a question of Lee's, the earlier ones fill in where it is silent.
    `count`: how many payments are wanted back, where more than one is; `said_before` is the message before."""

    def __init__(
        self,
        slots: dict[str, Any],
        earlier: dict[str, Any],
        text: str,
        *,
        answering: bool,
        choices: Sequence[dict[str, str]] = (),
        said_before: str = "",
    ) -> None:
        self._now = slots
        self._before = earlier if answering else {}
        self._charges = _CHARGE.findall(text)
        self.newest = _NEWEST.search(text) is not None
        self.refuses = refuses(text)
        self.refuses_plainly = refuses_plainly(text)
        self.short = len(text.split()) <= SHORT
        self.assents = answering and assents(text)
        self.ordinal = _ordinal(text, len(choices)) if answering else None
        self.chosen = _chosen(text, self.ordinal, choices) if answering else None
        extreme = _EXTREME.search(text) if answering and self.ordinal is None else None
        self.extreme = None if extreme is None else _BY_WORD[extreme[1].lower()]
        self.offered = [choice["value"] for choice in choices] if answering else []
        self.every = answering and _EVERY.fullmatch(text) is not None
        self.count = counted(text)
        if self.count is None and answering and self.bare:
            self.count = counted(said_before)

    def _slot(self, name: str) -> Any:
        return self._now.get(name) or self._before.get(name) or None

    @property
    def amounts(self) -> list[tuple[int, str | None]]:
        return [(each["minor"], each["currency"]) for each in self._slot("amounts") or []]

    @property
    def days(self) -> list[tuple[date, date]]:
        found = self._slot("dates") or []
        return [(date.fromisoformat(each["start"]), date.fromisoformat(each["end"])) for each in found]

    @property
    def cards(self) -> list[str]:
        return self._slot("card_endings") or []

    @property
    def invoice_numbers(self) -> list[str]:
        return self._slot("invoice_numbers") or []

    @property
    def plans(self) -> list[str]:
        """Every plan that was named, the wanted one or not."""
        return self._slot("plans") or []

    @property
    def plan(self) -> str | None:
        return self._slot("plan_wanted")

    @property
    def promotion_codes(self) -> list[str]:
        return self._slot("promotion_codes") or []

    @property
    def tax_ids(self) -> list[dict[str, str]]:
        """Each as {type, value}."""
        return self._slot("tax_ids") or []

    @property
    def emails(self) -> list[str]:
        return self._slot("emails") or []

    @property
    def interval(self) -> str | None:
        return self._slot("interval")

    def ids(self, *prefixes: str) -> list[str]:
        named = [*(self._slot("stripe_ids") or []), *self._charges]
        return [each for each in dict.fromkeys(named) if each.startswith(prefixes)]

    @property
    def bare(self) -> bool:
        """Whether the newest message itself points at nothing."""
        picked = (self.ordinal, self.chosen, self.extreme)
        return not any(self._now.values()) and not self._charges and picked == (None, None, None) and not self.every

    @property
    def only_days(self) -> bool:
        """Whether a time was named, and nothing else that a payment could be known by."""
        others = (self.amounts, self.cards, self.invoice_numbers, self.ids("ch_", "py_", "in_"))
        return bool(self.days) and not any(others) and self.ordinal is None and self.chosen is None

    @property
    def point_at_payment(self) -> bool:
        """Whether a payment or an invoice was named by anything at all."""
        return bool(
            self.amounts
            or self.days
            or self.cards
            or self.invoice_numbers
            or self.ordinal is not None
            or self.chosen is not None
            or self.ids("ch_", "py_", "in_")
        )


def _ordinal(text: str, offered: int) -> int | None:
    """The one place that was named, or of two the one that is left when the other is not meant; else None."""
    named = list(_ANSWER.finditer(text))
    meant = {_ORDINALS[each["name"].lower()] for each in named if not each["not"]}
    if not meant and offered == 2:
        meant = {1, 2} - {_ORDINALS[each["name"].lower()] for each in named} if named else set()
    return meant.pop() if len(meant) == 1 else None


def _chosen(text: str, ordinal: int | None, choices: Sequence[dict[str, str]]) -> str | None:
    """The value of the choice that was named by its place, its number or its own words; None when it is not clear."""
    number = _NUMBER.fullmatch(text.strip())
    place = ordinal or (int(number[1]) if number else None)
    if place is not None:
        return choices[place - 1]["value"] if place <= len(choices) else None
    said = " ".join(text.casefold().split())
    named = [choice["value"] for choice in choices if " ".join(choice["label"].casefold().split()) in said]
    return named[0] if len(named) == 1 else None
