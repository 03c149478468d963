"""The figures in an article: finding them, understanding them, and looking up where they come from."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from billing.money import Money
from policy.limits import load_limits
from sandbox import checkout_terms, invoice_collection, links, portal
from sandbox.demo.catalogue import METERED_PRICES, PLANS, PRICES, REQUESTS_PRICE
from sandbox.disputes import REVIEW_SECONDS
from sandbox.invoice_drafts import FINALIZE_AFTER
from tools.list_invoices import LINK_LIFE
from tools.refund_status import ARRIVES

Value = Money | timedelta | tuple[int, str]
"""Money, a span of time, or a count with what is counted ("" for a bare number)."""

UNCHECKED: Final = frozenset({"bank", "company", "law", "example"})
"""Sources that nothing here can check: what banks do, what the company promises, the law, a made-up number."""

STEPS: Final = "steps"
"""The source of what showed up when the article's steps were followed."""

_SIGNS: Final = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
_UNITS: Final = {"minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400}
_MONEY = re.compile(r"(-?)([$€£¥])(\d[\d,]*)(?:\.(\d\d))?")
_SPAN = re.compile(r"(\d+)[ -](minute|hour|day|week)s?")
_COUNT = re.compile(r"(\d[\d,]*)(?: ?(%|[a-z]+))?")
_LIST_MARK = re.compile(r"(?m)^\s*\d+\.\s")
_TOKEN = re.compile(r"[^\s|(]*\d[^\s|)]*")
_NAMES = frozenset({"3-D"})

_DAY: Final = timedelta(days=1)
_HOUSE: Final[dict[str, Value]] = {
    "house.refund_arrives": ARRIVES,
    "house.fresh_invoice_link": LINK_LIFE,
    "stripe.invoice_link_after_due": links.AFTER_DUE_DAYS * _DAY,
    "stripe.finalizes_after": timedelta(seconds=FINALIZE_AFTER),
    "stripe.payment_tries": (invoice_collection.TRIES, "times"),
    "stripe.days_between_tries": invoice_collection.DAYS_BETWEEN * _DAY,
    "stripe.retry_span": (invoice_collection.TRIES - 1) * invoice_collection.DAYS_BETWEEN * _DAY,
    "stripe.checkout_link": timedelta(seconds=checkout_terms.LONGEST),
    "stripe.portal_link": timedelta(seconds=portal.VISIT_WITHIN),
    "stripe.dispute_review": timedelta(seconds=REVIEW_SECONDS),
}


def tokens(text: str) -> list[tuple[int, int]]:
    """Where the text (Markdown) has words with digits, numbers of list items and names left out."""
    blank = _LIST_MARK.sub(lambda mark: " " * len(mark[0]), text)
    return [found.span() for found in _TOKEN.finditer(blank) if found[0].strip("*.,:;") not in _NAMES]


def unsourced(text: str, facts: dict[str, str]) -> list[str]:
    """Words with digits that no figure of `facts` covers."""
    covered = [found.span() for figure in facts for found in re.finditer(_exactly(figure), text)]
    return [
        text[start:end]
        for start, end in tokens(text)
        if not any(begin < end and start < stop for begin, stop in covered)
    ]


def _exactly(figure: str) -> str:
    """A pattern for the figure that is not found inside a longer number: `$20` is not part of `$200` or `$20.50`."""
    return rf"(?<![\d.,$€£¥-]){re.escape(figure)}(?![\d]|[.,]\d)"


def read(figure: str) -> Value:
    """A figure as it is written: `$1,200.50`, `14 days`, `3 times`, `20 %`, `50,000`. Raises `ValueError`."""
    if match := _MONEY.fullmatch(figure):
        minus, sign, whole, part = match.groups()
        currency = _SIGNS[sign]
        amount = int(whole.replace(",", "")) * (1 if currency == "jpy" else 100) + int(part or 0)
        return Money(-amount if minus else amount, currency)
    if match := _SPAN.match(figure):
        return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if match := _COUNT.match(figure):
        return int(match[1].replace(",", "")), match[2] or ""
    raise ValueError(f"{figure!r} is no figure")


def source(name: str) -> Value:
    """The value of a source. Raises `KeyError` for one that does not exist."""
    kind, _, rest = name.partition(".")
    match kind:
        case "limits":
            return _limit(rest)
        case "price":
            price = PRICES[rest]
            return Money(price.amount, price.currency)
        case "metered":
            return _metered(rest)
        case "included":
            return PLANS[rest].included_requests, "requests"
        case _:
            return _HOUSE[name]


def _metered(path: str) -> Value:
    """`up_to.second` is where the second tier of the price for requests ends, `thousand.second` what a thousand cost
    in it."""
    part, _, tier_name = path.partition(".")
    tier = METERED_PRICES[REQUESTS_PRICE]["tiers"][("first", "second", "third").index(tier_name)]
    if part == "up_to":
        return tier["up_to"], "requests"
    return Money(int(Decimal(tier["unit_amount_decimal"]) * 1_000), "usd")


def same(figure: Value, known: Value) -> bool:
    """Counts agree when their numbers do and neither names another thing than the other."""
    if isinstance(figure, tuple) and isinstance(known, tuple):
        return figure[0] == known[0] and (not figure[1] or not known[1] or figure[1] == known[1])
    return figure == known


def _limit(path: str) -> Value:
    found: object = load_limits().model_dump()
    for part in path.split("."):
        assert isinstance(found, dict)
        found = found[part]
    assert isinstance(found, int)
    if path.startswith("currency."):
        return Money(found, path.split(".")[1])
    if path.endswith("_days"):
        return timedelta(days=found)
    if path.endswith("_hours"):
        return timedelta(hours=found)
    return found, ""
