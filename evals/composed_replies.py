"""Composed replies beside what was done: true where the effect is there with that amount, false where it is not.

Each kind of `evals.composed` stands in a turn without any effect, where every claim of it is false; what tells of
something done stands also in a turn with the effect, where it is true, and with another amount, where it is false.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.amounts import amounts
from evals.composed import PARTS, Composed, compose
from evals.replies import KnownReply, situations

# What bears out that the action was carried out, in evals/claims/situations.toml.
DONE_IN: Final = {
    "refund": "refund_done",
    "retry_payment": "retry_done",
    "change_plan": "change_done",
    "cancel_subscription": "cancel_done",
    "card_update_link": "link_made",
    "resume_subscription": "resume_done",
    "undo_scheduled_change": "undo_done",
    "account_credit": "credit_done",
    "apply_promotion_code": "promotion_done",
    "update_billing_details": "details_done",
    "set_tax_id": "tax_id_done",
    "new_checkout_link": "checkout_done",
}
TOLD_AS_DONE: Final = frozenset({"done", "passive", "state", "status"})
NOT_FOUND: Final = ("$37.50", "$112.00", "€20.00", "$4.90", "$2,000.50")  # in no situation
_FIGURE = re.compile(r"\$\d[\d,.]*\d")


def composed_replies(seed: int, each: int, path: Path = PARTS) -> Iterator[KnownReply]:
    """In a fixed order for a seed. Of the replies in other languages no true one is made: Lee answers in English, and
    what cannot be checked is refused whatever it says."""
    chance = random.Random(seed)
    for one in compose(seed, each, path):
        yield _known(one, "nothing", false=one.claims)
        if one.kind not in TOLD_AS_DONE or one.action not in DONE_IN:
            continue
        there = DONE_IN[one.action]
        done = {
            (effect.amount.amount, effect.amount.currency) for effect in situations()[there].effects if effect.amount
        }
        named = amounts(one.clause)
        if named <= done:
            yield _known(one, there, false=False)
        if named:
            yield _other_amount(one, there, chance.choice(NOT_FOUND))
    with path.open("rb") as file:
        languages: dict[str, list[str]] = tomllib.load(file).get("languages", {})
    for language, texts in languages.items():
        for text in texts:
            yield KnownReply(text, text, "language", language, "nothing")


def _known(one: Composed, situation: str, *, false: bool) -> KnownReply:
    kind = one.kind if situation == "nothing" else f"{one.kind}, effect there"
    return KnownReply(one.text, one.clause if false else None, kind, "English", situation)


def _other_amount(one: Composed, situation: str, amount: str) -> KnownReply:
    def swapped(text: str) -> str:
        return _FIGURE.sub(lambda _: amount, text)

    return KnownReply(swapped(one.text), swapped(one.clause), "wrong amount, effect there", "English", situation)
