"""What a quantity costs under a price: integer minor units, pure.

Fractions of a minor unit (`unit_amount_decimal`) are exact until the line's total, which is rounded half up.
Sources: https://docs.stripe.com/products-prices/pricing-models
         https://docs.stripe.com/billing/subscriptions/usage-based/pricing-models
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


def amount_for(price: Mapping[str, Any], quantity: int) -> int:
    """The cost of `quantity` units of a Price object (tiers under `tiers` or, as stored, `_tiers`), in minor units.

    Raises ValueError for a negative quantity, or a price with neither an amount nor tiers.
    """
    if quantity < 0:
        raise ValueError(f"quantity must not be negative, got {quantity}")
    units = _transformed(price.get("transform_quantity"), quantity)
    if price["billing_scheme"] == "tiered":
        tiers = price.get("_tiers") or price.get("tiers") or []
        total = _graduated(tiers, units) if price["tiers_mode"] == "graduated" else _volume(tiers, units)
    else:
        total = _decimal(price, "unit_amount") * units
    return _rounded(total)


def _transformed(transform: Mapping[str, Any] | None, quantity: int) -> int:
    if not transform:
        return quantity
    whole, rest = divmod(quantity, transform["divide_by"])
    return whole + (1 if rest and transform["round"] == "up" else 0)


def _decimal(priced: Mapping[str, Any], name: str) -> Decimal:
    exact, rounded = priced.get(f"{name}_decimal"), priced.get(name)
    if exact is None and rounded is None:
        if name == "flat_amount":
            return Decimal(0)
        raise ValueError(f"a price needs {name} or {name}_decimal")
    return Decimal(str(exact if exact is not None else rounded))


def _tier_unit(tier: Mapping[str, Any]) -> Decimal:
    # A tier may have a flat amount only.
    if tier.get("unit_amount") is None and tier.get("unit_amount_decimal") is None:
        return Decimal(0)
    return _decimal(tier, "unit_amount")


def _graduated(tiers: Sequence[Mapping[str, Any]], units: int) -> Decimal:
    """Each unit at the price of the tier it falls in; a tier's flat amount is due once the tier is entered."""
    total, below = Decimal(0), 0
    for tier in tiers:
        ceiling = tier["up_to"]
        # The first tier's flat amount is due even at quantity 0.
        if units <= below and below > 0:
            break
        inside = (units if ceiling is None else min(units, ceiling)) - below
        total += _decimal(tier, "flat_amount") + _tier_unit(tier) * max(inside, 0)
        below = units if ceiling is None else ceiling
    return total


def _volume(tiers: Sequence[Mapping[str, Any]], units: int) -> Decimal:
    """All units at the price of the one tier that holds the whole quantity."""
    for tier in tiers:
        if tier["up_to"] is None or units <= tier["up_to"]:
            return _decimal(tier, "flat_amount") + _tier_unit(tier) * units
    raise ValueError("the last tier of a price must be unlimited (up_to: inf)")


@dataclass(frozen=True)
class Part:
    """A line of a bill by use. `tier` counts from 1, None where the price has no tiers; a flat amount counts no units,
    and its `unit_amount_decimal` is that amount."""

    quantity: int
    unit_amount_decimal: str
    amount: int
    tier: int | None = None
    flat: bool = False


def parts_for(price: Mapping[str, Any], quantity: int) -> list[Part]:
    """What `quantity` used units cost, each line rounded half up for itself. Raises as `amount_for`."""
    if quantity < 0:
        raise ValueError(f"quantity must not be negative, got {quantity}")
    if price["billing_scheme"] != "tiered":
        return [Part(quantity, str(price["unit_amount_decimal"]), amount_for(price, quantity))]
    tiers = price.get("_tiers") or price.get("tiers") or []
    parts: list[Part] = []
    below = 0
    for number, tier in enumerate(tiers, 1):
        ceiling = tier["up_to"]
        if price["tiers_mode"] == "volume":
            if ceiling is None or quantity <= ceiling:
                return _tier_parts(tier, number, quantity)
            continue
        if quantity <= below and below > 0:
            break
        parts += _tier_parts(tier, number, (quantity if ceiling is None else min(quantity, ceiling)) - below)
        below = quantity if ceiling is None else ceiling
    return parts


def _tier_parts(tier: Mapping[str, Any], number: int, units: int) -> list[Part]:
    unit, flat = _tier_unit(tier), _decimal(tier, "flat_amount")
    parts = [Part(units, f"{unit:f}", _rounded(unit * units), number)]
    return [*parts, Part(0, f"{flat:f}", _rounded(flat), number, flat=True)] if flat else parts


def _rounded(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
