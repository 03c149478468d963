"""Wishes that count: "refund my last two payments", "I want both charges back", "all three of them, please"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = {"both": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_OF = r"(?:(?:of|the|my|our|these|those|very) )*"
_THINGS = r"(?:payments|charges|transactions|debits|purchases|orders|invoices|bills|months|renewals)"
_KIND = rf"(?: {_OF}(?:\w+ )?{_THINGS}\b| of (?:them|these|those)\b)"
_NUMBER = r"(two|three|four|five|six|[2-6])\b"
_NEWEST = re.compile(rf"\b{_OF}(?:last|latest|past|previous|newest|most recent) {_NUMBER}{_KIND}", re.I)
# "Both", and a number that is all there are: "all three", "the two charges", never "two charges" alone.
_ALL = re.compile(
    rf"\b(?:(both)\b{_KIND}?|all {_OF}{_NUMBER}{_KIND}?|(?:the|my|our|these|those) {_NUMBER}{_KIND})", re.I
)
_BEFORE = re.compile(
    r"\b(?:refund(?:ed|ing)?|return|reimburse|back (?:for|on|from)|(?:give|send|pay|get|want|like|have|need)\b.*\bback"
    r"|(?:refund|money) (?:for|on|of|from))\b(?: (?!one\b|not\b|either\b|half\b|difference\b)\w+){0,3}$",
    re.I,
)
_AFTER = re.compile(r"^(?: \w+){0,5}? (?:back|refunded|returned|reimbursed)\b(?! to)", re.I)
_WANTED = re.compile(r"\b(?:give|send|pay|get|want|like|have|need|can|could|please|refund)\b", re.I)
_ONE_OF = re.compile(r"\b(?:one|either|neither|none|not|half|between|difference)(?: (?:of|for|the))*$", re.I)
_NOT = re.compile(r"\b(?:not|don'?t|don’t|never|without)\b", re.I)
_CLAUSE = re.compile(r"[.;!?\n]+|, (?:but|so|and) ")


@dataclass(frozen=True, slots=True)
class Counted:
    """`number` payments; `newest`: the newest so many, else so many as there are."""

    number: int
    newest: bool


def counted(text: str) -> Counted | None:
    """How many payments a text wants back, where it counts more than one; None where it does not, or not plainly."""
    for clause in _CLAUSE.split(text):
        said = " ".join(clause.split())
        for counts, newest in ((_NEWEST, True), (_ALL, False)):
            for found in counts.finditer(said):
                before, after = said[: found.start()].rstrip(), said[found.end() :]
                wanted = _BEFORE.search(before) or (_AFTER.search(after) and _WANTED.search(before))
                if wanted and not _ONE_OF.search(before) and not _NOT.search(before):
                    (word,) = [each.lower() for each in found.groups() if each]
                    return Counted(_NUMBERS.get(word) or int(word), newest)
    return None
