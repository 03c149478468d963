"""Ways to reach somebody that a reply names: telephone numbers, and web or mail addresses written so that no filter
sees them. A customer believes such a line from their own supplier, so it must come from us and from nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from agent.amounts import amounts
from agent.references import without_days
from agent.sentences import plain

_GROUPED: Final = re.compile(r"(?<![\w.,$€£¥-])\+?\(?\d{1,4}\)?(?:[ ./()-]{1,2}\d{2,5}){2,6}(?![\w-])")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_PLUS: Final = re.compile(r"(?<!\w)\+\d[\d ./()-]{5,}\d")
_SPOKEN: Final = re.compile(
    r"\b(?:call|phone|telephone|ring|dial|text|fax|whats\s?app|reach)\b[^.!?\d]{0,40}(?<![\w-])(?P<number>\d{6,15})\b",
    re.I,
)
_DIGITS: Final = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_IN_WORDS: Final = re.compile(rf"\b{_DIGITS}(?:[\s,-]+{_DIGITS}){{5,}}\b", re.I)
_ENDS: Final = (
    "com|net|org|io|app|dev|co|ai|biz|info|me|xyz|shop|online|site|store|top|live|club|click|link|page|example"
)
_HIDDEN: Final = re.compile(
    rf"\b[\w-]+\s?(?:[\[({{<]\s?(?:\.|dot|punkt|punto)\s?[\])}}>]|\s(?:dot|punkt|punto)\s)\s?(?:{_ENDS})\b", re.I
)
_SPACED: Final = re.compile(rf"\b[\w-]+ ?\. (?:{_ENDS})\b", re.I)
_AT: Final = re.compile(r"\b[\w.+-]+\s?(?:[\[({<]\s?at\s?[\])}>])\s?[\w-]+", re.I)
_SECRETS: Final = re.compile(
    r"\b(?:full|whole|complete|entire|16|sixteen)[ -](?:digit )?(?:(?:card )?number|number of your card)\b"
    r"|\b(?:cvv|cvc|cvv2|security code|pin code|one[- ]time (?:code|password)|password)\b"
    r"|\b(?:photo|picture|scan|copy) of (?:your|the) (?:credit |debit |bank )?(?:card|passport|id)\b"
    r"|\b(?:digits|code|number) on (?:its|the) back\b",
    re.I,
)
_ASKED: Final = re.compile(
    r"\b(?:send|give|tell|reply|write|share|provide|enter|type|e-?mail|forward|confirm|need|want)\b", re.I
)
_KEY: Final = re.compile(r"\b(?:[srp]k_(?:live|test)_\w{8,}|whsec_\w{8,}|sk-[\w-]{20,})")
_NOT: Final = re.compile(r"\b(?:never|not|don't|do not|nobody|no one|without|won't)\b", re.I)


def telephones(text: str) -> set[str]:
    """Telephone numbers in a text, as digits."""
    flat = without_days(plain(text))
    found = [
        match.group()
        for pattern in (_GROUPED, _PLUS)
        for match in pattern.finditer(flat)
        if not (amounts(match.group()) or _THOUSANDS.fullmatch(match.group()))
    ]
    found += [match["number"] for match in _SPOKEN.finditer(flat)]
    return {digits for digits in (re.sub(r"\D", "", each) for each in found) if 7 <= len(digits) <= 15}


def unknown_contacts(text: str, ours: Iterable[str]) -> list[str]:
    """What is wrong with the ways of contact in a reply, in sentences for the model. `ours`: texts that the company
    itself wrote, whose numbers may be told."""
    known = " ".join(ours)
    numbers = telephones(known)
    found = [f"The telephone number {each} is none of ours." for each in sorted(telephones(text) - numbers)]
    flat = plain(text)
    if _IN_WORDS.search(flat):
        found.append("Write numbers in figures, as the tools gave them.")
    if _KEY.search(text):
        found.append("A key is told to nobody.")
    for pattern in (_HIDDEN, _SPACED, _AT):
        found += [f"“{match.group()[:80]}” is an address that no tool gave." for match in pattern.finditer(flat)]
    return found


def asks_for_secret(sentence: str) -> bool:
    """Whether a sentence asks for what nobody may ask a customer for: a whole card number, its code, a password."""
    flat = plain(sentence)
    return bool(_SECRETS.search(flat) and _ASKED.search(flat)) and not _NOT.search(flat)
