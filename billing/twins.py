"""What makes two charges the same purchase, paid twice. Diagnosis and policy use this one definition."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from billing.facts import ChargeFacts

WINDOW: Final = timedelta(hours=24)
"""Two charges further apart than this are two purchases, whatever else they share."""


def twins(charge: ChargeFacts, others: Iterable[ChargeFacts]) -> tuple[ChargeFacts, ...]:
    """Those of `others` that paid for the same purchase as `charge`, in the order given; empty when it has none.

    Equal amounts prove nothing by themselves: a reference must match too (see `same_purchase`).
    """
    return tuple(other for other in others if same_purchase(charge, other))


def same_purchase(one: ChargeFacts, other: ChargeFacts) -> bool:
    """True when both charges stand, and agree on customer, amount and currency within 24 hours, and on the reference:
    the invoice if either has one, else the order id if either has one, else a description that says something.

    So different invoices (two periods, two subscriptions) and different order ids are never the same purchase.
    Symmetric. A refunded or disputed charge stands no longer: its money is back, or on its way.
    """
    return (
        one.id != other.id
        and one.customer is not None
        and one.customer == other.customer
        and one.amount == other.amount
        and abs(one.created - other.created) <= WINDOW
        and _stands(one)
        and _stands(other)
        and _same_reference(one, other)
    )


def _stands(charge: ChargeFacts) -> bool:
    return (
        charge.status == "succeeded"
        and charge.captured
        and not charge.refunded
        and charge.amount_refunded.amount == 0
        and not charge.disputed
    )


def _same_reference(one: ChargeFacts, other: ChargeFacts) -> bool:
    for mine, yours in (
        (one.invoice, other.invoice),
        (_said(one.order), _said(other.order)),
        (_said(one.description), _said(other.description)),
    ):
        if mine is not None or yours is not None:
            return mine == yours
    return False


def _said(text: str | None) -> str | None:
    """A reference without surrounding blanks, or None if nothing is left of it."""
    return (text or "").strip() or None
