"""What a message names of an account: promotion codes, tax ids, e-mail addresses. As written; others check them.

A tax id's shape by country: docs.stripe.com/billing/customer/tax-ids#supported-tax-ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORD = re.compile(r"(?<![\w.@-])[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){3,29}(?![\w@]|-\w)")
_NAMES_A_CODE = re.compile(r"\b(?:codes?|coupons?|vouchers?|promos?|promotions?|discounts?)\b", re.IGNORECASE)
NEAR: Final = 30  # characters between the word "code" and the code itself

# Two letters of the country, then what its authority writes after them, gaps allowed. Greece writes EL, and XI is
# Northern Ireland's.
_EU: Final = frozenset(
    "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI".split()  # noqa: SIM905
)
_PREFIXED = re.compile(
    rf"(?<![A-Za-z0-9])({'|'.join(sorted(_EU))}|GB)[ -]?([0-9A-Z](?:[ .-]?[0-9A-Z]){{6,13}})(?![A-Za-z0-9])"
)
_SWISS = re.compile(r"\bCHE[ -]?\d{3}\.?\d{3}\.?\d{3}(?: ?(?:MWST|TVA|IVA))?(?![A-Za-z0-9])")
_NAMED: Final = (
    ("au_abn", re.compile(r"\bABN\W{0,3}(\d{2} ?\d{3} ?\d{3} ?\d{3})\b")),
    ("us_ein", re.compile(r"\bEIN\W{0,3}(\d{2}-?\d{7})\b")),
    ("in_gst", re.compile(r"\bGST(?:IN)?\W{0,3}(\d{2}[A-Z]{5}\d{4}[A-Z]\d[A-Z][0-9A-Z])\b")),
)
_GAPS = re.compile(r"[ .-]")
DIGITS: Final = 7  # fewer are no tax id of any of these countries

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![\w-])")


@dataclass(frozen=True, slots=True)
class TaxId:
    """`type` as Stripe names it."""

    type: str
    value: str


def tax_ids(text: str) -> tuple[TaxId, ...]:
    """In the order of the text; their check digits are not looked at."""
    found: dict[int, TaxId] = {}
    for match in _PREFIXED.finditer(text):
        country, value = match[1], _GAPS.sub("", match[2])
        kind = "eu_vat" if country in _EU else "gb_vat"
        if sum(each.isdigit() for each in value) >= DIGITS:
            found[match.start()] = TaxId(kind, country + value)
    for match in _SWISS.finditer(text):
        found[match.start()] = TaxId("ch_vat", match.group())
    for kind, pattern in _NAMED:
        for match in pattern.finditer(text):
            found[match.start()] = TaxId(kind, match[1].replace(" ", ""))
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))


def emails(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_EMAIL.findall(text)))


def promotion_codes(text: str) -> tuple[str, ...]:
    """Words that can only be a code (capitals with digits), or that look like one beside a word for it."""
    shouted = text.upper() == text
    beside = [match.span() for match in _NAMES_A_CODE.finditer(text)]
    taken = {_GAPS.sub("", tax_id.value) for tax_id in tax_ids(text)}
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        letters = any(each.isalpha() for each in word)
        if not letters or _GAPS.sub("", word) in taken or _NAMES_A_CODE.fullmatch(word):
            continue
        digits = any(each.isdigit() for each in word)
        capitals = word == word.upper()
        near = any(match.start() - end < NEAR and start - match.end() < NEAR for start, end in beside)
        if (capitals and digits and word[0].isalpha()) or (near and (digits or (capitals and not shouted))):
            found.append(word)
    return tuple(dict.fromkeys(found))
