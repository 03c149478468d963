"""Prices in words, the same wherever a customer reads them."""

from __future__ import annotations

from billing.money import Money


def per_period(unit: Money, quantity: int, interval: str) -> str:
    """`$60.00 a month`, or `$180.00 every 3 months`: for the whole quantity."""
    every = "every" if interval[:1].isdigit() else "a"
    return f"{Money(unit.amount * quantity, unit.currency)} {every} {interval}"


def priced(name: str, unit: Money | None, quantity: int, interval: str) -> str:
    """`Team at $60.00 a month`; `3 × Team` for several; the name alone where the price has no amount of its own."""
    if unit is None:
        return name
    many = f"{quantity} × " if quantity != 1 else ""
    return f"{many}{name} at {per_period(unit, quantity, interval)}"
