"""Amounts of money in a text and in tool results, as integers in minor units. Nothing here is ever added up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.sentences import plain
from billing.money import decimals

Amount = tuple[int, str]  # minor units without sign, lower-case currency

_SIGNS = {"$": "usd", "us$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
_WORDS = {
    "dollar": "usd", "dollars": "usd", "buck": "usd", "bucks": "usd", "euro": "eur", "euros": "eur",
    "pound": "gbp", "pounds": "gbp", "quid": "gbp", "yen": "jpy", "franc": "chf", "francs": "chf",
}  # fmt: skip
_CODES = "usd|eur|gbp|jpy|chf|cad|aud|nzd|sek|nok|dkk|pln|inr|brl|mxn|sgd|hkd|czk|huf"
_NUMBER = r"\d{1,3}(?:[,.'\u202f ]\d{3})+(?:[.,]\d{1,3})?|\d+(?:[.,]\d{1,3})?"
_BEFORE = re.compile(rf"(?P<sign>us\$|[$€£¥]|\b(?:{_CODES})\b)[ \u202f]?[-+]?(?P<number>{_NUMBER})(?![\d%])", re.I)
_NAMED = "|".join(sorted(_WORDS, key=len, reverse=True))
_AFTER = re.compile(
    rf"(?<![\w.,])(?P<number>{_NUMBER})[ \u202f]?(?P<sign>[$€£¥](?! ?\d)|(?:{_CODES}|{_NAMED})\b)",
    re.I,
)
_CENTS = re.compile(r"(?<![\w.,])(?P<number>\d+)\s?(?:cents?|¢)(?!\w)", re.I)
_UNITS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\\w+teen|twenty|thirty|forty|fifty|sixty|seventy"
)
_SPELLED = re.compile(
    rf"\b(?:{_UNITS}|eighty|ninety|hundred|thousand|million)(?:[\s-]\w+){{0,3}}?\s(?:{'|'.join(_WORDS)}|cents?)\b", re.I
)

# "free for you", "costs nothing": an amount of zero. Not the plan Free, a trial as such, "feel free", "free to go".
_NOTHING = re.compile(
    r"(?<![-\w])(?<!feel )(?:free|FREE)(?![-\w])(?! (?:to|from|up|trials?|plans?|workspaces?|accounts?)\b)"
    r"|\bcosts? (?:you |them )?nothing\b(?! extra)"
    r"|\b(?:at|for) no (?:\w+ )?(?:cost|charge)\b|\bwithout (?:any )?(?:cost|charge)\b"
    r"|\bcomplimentary\b|\bgratis\b|\bon the house\b|\b(?:is|are|be|'s|'re) on us\b"
)


def amounts(text: str) -> set[Amount]:
    """Every amount with a currency that the text names in figures."""
    flat = plain(text).replace("¢", " cents")
    found = {_amount(match["number"], _currency(match["sign"])) for match in _BEFORE.finditer(flat)}
    found |= {_amount(match["number"], _currency(match["sign"])) for match in _AFTER.finditer(flat)}
    return found | {(int(match["number"]), "usd") for match in _CENTS.finditer(flat)}


def spelled(text: str) -> bool:
    """Whether the text names an amount in words: it cannot be compared, so a reply may not."""
    return _SPELLED.search(plain(text)) is not None


def given_away(text: str) -> bool:
    """Whether the text says in words that something costs nothing: no tool does, and a price of zero has a figure."""
    return _NOTHING.search(plain(text)) is not None


def amounts_in(value: Any) -> set[Amount]:
    """Every amount in a tool result: integers beside a `currency`, and figures in its texts."""
    return set(_walk(value, None))


def _walk(value: Any, currency: str | None) -> Iterator[Amount]:
    if isinstance(value, dict):
        named = value.get("currency")
        here = named.lower() if isinstance(named, str) and len(named) == 3 else currency
        for item in value.values():
            yield from _walk(item, here)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, currency)
    elif isinstance(value, str):
        yield from amounts(value)
    elif type(value) is int and currency is not None:
        yield abs(value), currency


def _currency(sign: str) -> str:
    low = sign.lower()
    return _SIGNS.get(low) or _WORDS.get(low) or low


def _amount(number: str, currency: str) -> Amount:
    """`1,234.5` → 123450 for a currency with two decimals. A last group of three digits is thousands, not decimals."""
    digits = decimals(currency)
    parts = re.split(r"[,.'\u202f ]", number)
    fraction = ""
    if len(parts) > 1 and len(parts[-1]) != 3:
        fraction = parts.pop()
    whole = int("".join(parts))
    return whole * 10**digits + int((fraction + "0" * digits)[:digits] or "0"), currency
