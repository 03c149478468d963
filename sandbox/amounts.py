"""Amounts in minor units as Stripe writes them in messages, and the smallest it charges.

docs.stripe.com/currencies (zero-decimal currencies, minimum charge amounts)
"""

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905 - reads as a list
)
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
MINIMUM = {"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "jpy": 50, "sek": 300, "dkk": 250}
MAXIMUM = 99_999_999


def written(amount: int, currency: str) -> str:
    """`$20.00`, `¥500`, `1,212.50 CHF`."""
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    number = f"{size:,}" if currency in ZERO_DECIMAL else f"{size // 100:,}.{size % 100:02d}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"


def written_exact(amount: Decimal, currency: str) -> str:
    """The same for fractions of a minor unit: `$0.002`."""
    if amount == amount.to_integral_value():
        return written(int(amount), currency)
    places = 0 if currency in ZERO_DECIMAL else 2
    number = f"{amount.scaleb(-places).normalize():f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency.upper()}"
