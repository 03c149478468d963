"""Why an invoice comes to what it does: lines in words that add up to it, to the minor unit.

A line is explained only when its amount was reproduced. What could not be reproduced keeps its amount as billed and is
marked `not_explained`; nothing is fitted to make a sum come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from billing.findings import day
from billing.ids import PriceId
from billing.money import Money, decimals
from billing.proration import Share, Stretch, reproduce, rounded
from billing.usage_bill import TierLine, UsagePrice, usage_lines

Kind = Literal[
    "plan", "usage", "usage_flat", "unused_time", "remaining_time", "item", "discount", "tax", "tax_included",
    "not_explained",
]  # fmt: skip
AfterKind = Literal["credit_used", "balance_added", "credit_note", "not_explained"]


@dataclass(frozen=True, slots=True)
class BilledLine:
    """`unit_amount` is the exact price of one in minor units, None where a price has tiers."""

    description: str
    amount: Money
    price: PriceId | None
    quantity: int | None
    unit_amount: Fraction | None
    proration: bool
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class NamedAmount:
    """A discount (positive: taken off) or a tax. `included`: the tax lies within the lines' prices."""

    name: str
    amount: Money
    included: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as its sums need it (docs.stripe.com/api/invoices/object). `balance` is what the customer's balance
    changed: negative is credit used. `credit_notes` were issued before it was paid. `earlier` are stretches billed on
    other invoices, which a credit may give back."""

    currency: str
    lines: tuple[BilledLine, ...]
    discounts: tuple[NamedAmount, ...]
    taxes: tuple[NamedAmount, ...]
    total: Money
    balance: Money
    credit_notes: Money
    amount_due: Money
    earlier: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class SumLine:
    """`text` says how the amount comes about; `amount` is 0 for what is only shown, as a tax within the price."""

    kind: Kind | AfterKind
    text: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Sums:
    """`lines` add up to the invoice's total; `total` and `after` to what was due."""

    lines: tuple[SumLine, ...]
    total: Money
    after: tuple[SumLine, ...]
    amount_due: Money

    @property
    def complete(self) -> bool:
        """Everything was reproduced."""
        return all(line.kind != "not_explained" for line in (*self.lines, *self.after))


def explain(bill: Bill, prices: Mapping[PriceId, UsagePrice] | None = None) -> Sums:
    """Raises `MoneyError` when the parts are of several currencies."""
    lines: list[SumLine] = []
    stretches = (*bill.earlier, *(_stretch(line) for line in bill.lines if _prepaid(line)))
    for group in _groups(bill.lines, prices or {}):
        first = group[0]
        if first.price is not None and prices and first.price in prices and not first.proration:
            lines += _usage(group, prices[first.price])
        else:
            lines += [_line(line, stretches) for line in group]
    lines += [SumLine("discount", f"Discount: {each.name}", -each.amount) for each in bill.discounts]
    for tax in bill.taxes:
        if tax.included:
            lines.append(
                SumLine("tax_included", f"{tax.name}: {tax.amount}, within the prices", Money(0, bill.currency))
            )
        else:
            lines.append(SumLine("tax", tax.name, tax.amount))
    lines += _rest(bill.total, lines)
    after: list[SumLine] = []
    if bill.credit_notes.amount:
        after.append(SumLine("credit_note", "Taken off by a credit note", -bill.credit_notes))
    if bill.balance.amount < 0:
        after.append(SumLine("credit_used", "Paid from your credit", bill.balance))
    elif bill.balance.amount > 0:
        after.append(SumLine("balance_added", "Carried from your balance", bill.balance))
    after += _rest(bill.amount_due - bill.total, after)
    return Sums(tuple(lines), bill.total, tuple(after), bill.amount_due)


def _rest(wanted: Money, lines: Iterable[SumLine]) -> list[SumLine]:
    rest = wanted
    for line in lines:
        rest -= line.amount
    return [SumLine("not_explained", "Not explained by what we can see", rest)] if rest.amount else []


def _groups(lines: Iterable[BilledLine], prices: Mapping[PriceId, UsagePrice]) -> Iterable[list[BilledLine]]:
    """A price in tiers may be billed on a line for each tier: those of one price and period are one bill."""
    groups: dict[object, list[BilledLine]] = {}
    for place, line in enumerate(lines):
        tiered = line.price in prices and not line.proration
        groups.setdefault((line.price, line.start, line.end) if tiered else place, []).append(line)
    return groups.values()


def _usage(group: list[BilledLine], price: UsagePrice) -> list[SumLine]:
    told = reproduced_usage(price, [line.quantity or 0 for line in group], [line.amount for line in group])
    if told is None:
        return [_unexplained(line) for line in group]
    if not told:
        return [SumLine("usage", f"No {price.name} used", Money(0, price.currency))]
    return [SumLine("usage_flat" if line.flat else "usage", tier_text(line, price), line.amount) for line in told]


def reproduced_usage(
    price: UsagePrice, quantities: Sequence[int], amounts: Sequence[Money]
) -> tuple[TierLine, ...] | None:
    """The tiers of a bill whose lines count `quantities` and come to `amounts`; None when the price does not give
    their sum."""
    units, billed = sum(quantities), sum(amount.amount for amount in amounts)
    if units < 0 or any(amount.currency != price.currency for amount in amounts):
        return None
    ways = [usage_lines(price, units)]
    if len(amounts) == 1:
        ways.append(usage_lines(price, units, on_one_line=True))
    return next((told for told in ways if sum(line.amount.amount for line in told) == billed), None)


def tier_text(line: TierLine, price: UsagePrice) -> str:
    """`100,000 API requests at 0.2 cents each (50,001 to 150,000)`."""
    reach = f"{line.first:,} to {line.last:,}"
    if line.kind == "minimum":
        until = next(tier.up_to for tier in price.tiers)
        return f"Committed minimum for up to {until:,} {price.name}"
    if line.kind == "flat":
        return f"Flat amount for {price.name} {reach}" if line.units else f"Flat amount for {price.name}"
    counted = f"{line.units:,} {price.name}"
    if line.kind == "included":
        return f"{counted} included ({reach})"
    each = written_price(Fraction(line.unit_amount), price.currency)
    if price.package > 1:
        return f"{counted} in {line.count:,} packages of {price.package:,} at {each} each"
    return f"{counted} at {each} each ({reach})"


def written_price(exact: Fraction, currency: str) -> str:
    """`$20.00`; fractions of a minor unit `0.2 cents`, and `¥0.5` or `CHF 0.002` where the minor unit has no name."""
    if exact.denominator == 1:
        return str(Money(exact.numerator, currency))
    if currency in ("usd", "eur"):
        return f"{_decimal(exact)} cents"
    sign = str(Money(0, currency)).rstrip("0.")
    return f"{sign}{_decimal(exact / 10 ** decimals(currency))}"


def _decimal(exact: Fraction) -> str:
    return f"{Decimal(exact.numerator) / Decimal(exact.denominator):f}"


def _line(line: BilledLine, stretches: tuple[Stretch, ...]) -> SumLine:
    if line.proration:
        whole = _whole_periods(line, stretches)
        found = reproduce(
            line.amount, line.start, line.end, (*whole, *stretches) if line.amount.amount >= 0 else (*stretches, *whole)
        )
        return _unexplained(line) if found is None else _prorated(line, found)
    if line.unit_amount is None or line.quantity is None:
        return SumLine("item", line.description, line.amount)
    if rounded(line.unit_amount * line.quantity) != line.amount.amount:
        # Stripe bills a trial at zero with the price it will have.
        return SumLine("item", line.description, line.amount) if not line.amount.amount else _unexplained(line)
    each = written_price(line.unit_amount, line.amount.currency)
    # Stripe's own words for a subscription's line say both: "2 × Team (at $60.00 / month)".
    said = line.description.startswith(f"{line.quantity} × ")
    text = line.description if said else f"{line.description}: {line.quantity:,} × {each}"
    return SumLine("plan" if line.start < line.end else "item", text, line.amount)


def _prorated(line: BilledLine, share: Share) -> SumLine:
    kind = "unused_time" if line.amount.amount < 0 else "remaining_time"
    text = f"{line.description}: {share.full} × {share.part:,} of {share.whole:,} seconds, from {day(line.start)}"
    return SumLine(kind, text, line.amount)


def _unexplained(line: BilledLine) -> SumLine:
    return SumLine("not_explained", f"{line.description}: as billed, not reproduced", line.amount)


def _prepaid(line: BilledLine) -> bool:
    return line.amount.amount > 0 and line.start < line.end


def _stretch(line: BilledLine) -> Stretch:
    return Stretch(line.amount, line.start, line.end)


def _whole_periods(line: BilledLine, known: Iterable[Stretch]) -> list[Stretch]:
    """The line's own price over each period that is known to end when the line does."""
    if line.unit_amount is None:
        return []
    full = Money(rounded(line.unit_amount * (1 if line.quantity is None else line.quantity)), line.amount.currency)
    if full.amount < 0:
        return []
    starts = {each.start for each in known if each.end == line.end}
    return [Stretch(full, start, line.end) for start in sorted(starts)]
