"""How plainly something has to be asked for where nobody confirms it: the dearer a wrong reading, the plainer.

What the law lets Lee do on the customer's word alone rests on how that word was read. Where the reading is weaker than
the act needs, Lee asks about the very act, and a yes to that question is what it waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from agent.brief import TopicView

Weakness = Literal["indirect", "faint", "close"]


@dataclass(frozen=True, slots=True)
class Needs:
    """`topics`: the readings that ask for it. `sure`: the calibrated confidence from which on they do, and `borne_out`
    the one that is enough where the message names, or the account shows, what it would be done to. `ahead`: how likely
    the second choice may be at most, as a share of the first. `answers`: whether the answer to another question of
    Lee's (which payment?) goes on with what was asked for before it."""

    topics: frozenset[str]
    sure: float
    borne_out: float
    ahead: float = 1.0
    answers: bool = True


NEEDS: Final[dict[str, Needs]] = {
    # A page on which whoever holds it changes the card: only for who plainly asked for it.
    "card_update_link": Needs(frozenset({"update_payment_method"}), sure=0.6, borne_out=0.6, ahead=0.5, answers=False),
    # Real money, but the customer's own, of a payment that the law lets go back on their word.
    "refund": Needs(frozenset({"refund_request", "duplicate_charge"}), sure=0.5, borne_out=0.35),
    # A page to buy what an earlier page sold. Nothing is paid by making one.
    "new_checkout_link": Needs(frozenset({"expired_payment_link", "missing_entitlement"}), sure=0.35, borne_out=0.35),
}


def weakness(tool: str, topic: TopicView, *, borne_out: bool = False) -> Weakness | None:
    """Why this reading is too weak for that act; None where it is strong enough, or where by law the act waits for a
    yes of its own."""
    needs = NEEDS.get(tool)
    if needs is None:
        return None
    if topic.source == "case" and needs.answers:
        return None
    if topic.topic not in needs.topics or topic.source == "case":
        return "indirect"
    if topic.confidence < (needs.borne_out if borne_out else needs.sure):
        return "faint"
    return "close" if topic.second_confidence > topic.confidence * needs.ahead else None
