"""Money as Stripe counts it: an integer in the currency's minor unit. No float ever touches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# docs.stripe.com/currencies#zero-decimal and #three-decimal
ZERO_DECIMAL: Final = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL: Final = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])

# Stripe's own ceiling for one amount is eight digits (docs.stripe.com/api/charges/object#charge_object-amount);
# twelve leaves room for sums and still fits every database integer.
LARGEST: Final = 10**12

_SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


class MoneyError(ValueError):
    """An amount that cannot be money: not an integer, out of range, or two currencies mixed."""


def decimals(currency: str) -> int:
    """Digits after the point: 0 for yen, 3 for dinars, otherwise 2."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`amount` in minor units (cents for usd), `currency` a lower-case ISO 4217 code. Negative means a credit."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        # bool is an int to Python and NaN compares false to everything: check the type itself.
        if type(self.amount) is not int:
            raise MoneyError(f"an amount is an integer in minor units, not {self.amount!r}")
        if abs(self.amount) > LARGEST:
            raise MoneyError(f"amount {self.amount} is out of range")
        if not (
            type(self.currency) is str
            and len(self.currency) == 3
            and self.currency.isascii()
            and self.currency.isalpha()
            and self.currency.islower()
        ):
            raise MoneyError(f"currency {self.currency!r} is not a lower-case ISO 4217 code")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other).amount

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other).amount

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other).amount

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MoneyError(f"{self.currency} and {other.currency} do not add up")
        return other

    def __str__(self) -> str:
        """`$12.34`, `-€5.00`, `¥1,200`, `CHF 3.50`."""
        digits = decimals(self.currency)
        whole, part = divmod(abs(self.amount), 10**digits)
        sign = _SIGNS.get(self.currency, self.currency.upper() + " ")
        return f"{'-' if self.amount < 0 else ''}{sign}{whole:,}" + (f".{part:0{digits}d}" if digits else "")
