"""The law of card-update links: for billing roles only, since whoever holds the link may change the card."""

from __future__ import annotations

from typing import Final

from policy.actions import CardUpdateLink
from policy.decisions import FactValue, Reservation
from policy.facts import LinkCase
from policy.law import Law
from policy.question import Question

Q = Question[CardUpdateLink, LinkCase]


def reservations(q: Q) -> tuple[Reservation, ...]:
    return (
        Reservation(
            f"links:{q.proposal.principal.customer}:{q.day}",
            1,
            q.limits.links.per_customer_day,
            "link.count",
            "This customer got as many links today as Lee may make.",
        ),
    )


def told(q: Q) -> dict[str, FactValue]:
    return {"customer": q.proposal.principal.customer}


CARD_LINK: Final = Law(
    action=CardUpdateLink,
    facts=LinkCase,
    denials=(),
    approvals=(),
    shown=lambda q: "Make a private link on which the card on file can be changed.",  # noqa: ARG005
    value=lambda q: None,  # noqa: ARG005
    reservations=reservations,
    confirmation_rule=None,
    allow_rule="link.role",
    told=told,
)
