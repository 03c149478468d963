"""Proration: per second, in integer minor units, pure.

A change in the middle of a period credits what was paid for the time not used and debits the new price for the time
that is left. Under the flexible billing mode (the default of API 2025-09-30 and later) a credit is a share of the
amount *originally debited*, whatever the item's price or quantity have become since.
Sources: https://docs.stripe.com/billing/subscriptions/prorations
         https://docs.stripe.com/billing/subscriptions/billing-mode/compare
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.periods import Period


def share(amount: int, part_seconds: int, whole_seconds: int) -> int:
    """`amount` (minor units, ≥ 0) × part ÷ whole, rounded half up without leaving the integers.

    Raises ValueError unless 0 ≤ part ≤ whole and whole > 0.
    """
    if whole_seconds <= 0 or not 0 <= part_seconds <= whole_seconds:
        raise ValueError(f"cannot take {part_seconds} of {whole_seconds} seconds")
    if amount < 0:
        raise ValueError(f"an amount to be shared is never negative, got {amount}")
    return (2 * amount * part_seconds + whole_seconds) // (2 * whole_seconds)


@dataclass(frozen=True)
class Debit:
    """What a subscription item has been billed for a stretch of time, and on which line."""

    amount: int
    period: Period
    price: str
    quantity: int
    invoice: str | None = None
    line: str | None = None
    invoice_item: str | None = None


@dataclass(frozen=True)
class Credit:
    """The unused rest of a debit; `amount` is ≤ 0 in minor units."""

    amount: int
    period: Period
    debit: Debit


def credit_unused(debits: Sequence[Debit], moment: int) -> list[Credit]:
    """One credit for each debit that reaches beyond `moment`, over the time not used."""
    credits: list[Credit] = []
    for debit in debits:
        start = max(moment, debit.period.start)
        if start >= debit.period.end or debit.amount == 0:
            continue
        unused = Period(start, debit.period.end)
        credits.append(Credit(-share(debit.amount, unused.seconds, debit.period.seconds), unused, debit))
    return credits


def used_parts(debits: Sequence[Debit], moment: int) -> list[Debit]:
    """What stays billed once `credit_unused(debits, moment)` has been given back: earlier time at its share."""
    parts: list[Debit] = []
    for debit in debits:
        if debit.period.start >= moment:
            continue
        if debit.period.end <= moment:
            parts.append(debit)
            continue
        unused = share(debit.amount, debit.period.end - moment, debit.period.seconds)
        parts.append(replace(debit, amount=debit.amount - unused, period=Period(debit.period.start, moment)))
    return parts


def debit_remaining(period_amount: int, period: Period, moment: int) -> int:
    """What the rest of `period` costs from `moment` on, when the whole costs `period_amount` minor units."""
    start = min(max(moment, period.start), period.end)
    return share(period_amount, period.end - start, period.seconds)
