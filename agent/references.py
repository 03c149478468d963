"""Days and identifiers in a text: what a reply names must stand in the facts, to the letter.

A day is compared without its year where the text leaves the year out. Months without a day and weekdays are no days.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from agent.sentences import plain

Day = tuple[int | None, int, int]  # year where it is named, month, day of the month

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_DAYS = (
    re.compile(rf"(?<![\d.,$€£]){_DAY}(?:\s+of)?\s+{_MONTH}{_YEAR}", re.I),
    re.compile(rf"\b{_MONTH}\s+{_DAY}(?![\d:.,]\d|\w){_YEAR}", re.I),
    re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
)
_OBJECT = r"(?:ch|py|pi|in|ii|il|re|pyr|sub|si|cus|pm|card|src|price|prod|cs|bps|seti|cn|cbtxn|txn|promo|txi|dp|evt)"
_IDENTIFIERS = (
    re.compile(rf"\b{_OBJECT}_[A-Za-z0-9_]+"),
    re.compile(r"\b[A-Z][A-Z0-9]{1,11}-\d{3,}(?:-\d+)*\b"),  # numbers of invoices and credit notes
    re.compile(r"\bord(?:er)?_[A-Za-z0-9]+"),
    # "refund reference 12345", "confirmation number: 4471"
    re.compile(
        r"\b(?:reference|confirmation|case|ticket|tracking|transaction|invoice|refund|order)"
        r"(?: (?:number|no\.?|id|code))?(?: is)?:? #?(?P<number>\d{4,})\b",
        re.I,
    ),
)
_CARD = re.compile(r"\b(?:ending|ends|ended)(?: in| with| on)? (?P<card>\d{4})\b|[•*xX·]{2,} ?(?P<dots>\d{4})\b")
_TIMES = frozenset({"created", "period_start", "period_end", "due_date", "trial_end", "cancel_at", "ended_at"})


def days(text: str) -> set[Day]:
    found: set[Day] = set()
    for pattern in _DAYS:
        for match in pattern.finditer(plain(text)):
            month = match["month"]
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
            if 1 <= number <= 12:
                found.add((int(match["year"]) if match["year"] else None, number, int(match["day"])))
    return found


def without_days(text: str) -> str:
    """The text with every day taken out: the name of a month says nothing about the language."""
    flat = plain(text)
    for pattern in _DAYS:
        flat = pattern.sub(" ", flat)
    return flat


def identifiers(text: str) -> set[str]:
    """Ids of Stripe's objects, invoice and reference numbers, the last four digits of cards; in upper case."""
    found: set[str] = set()
    for form in (text, plain(text)):  # without its marks `in_1` would be `in1`
        for pattern in _IDENTIFIERS:
            for match in pattern.finditer(form):
                found.add((match.groupdict().get("number") or match.group()).upper())
        found |= {match["card"] or match["dots"] for match in _CARD.finditer(form)}
    return found


def facts(values: Iterable[Any]) -> tuple[frozenset[Day], str]:
    """The days that tool results and texts name, and all of their words in upper case, for looking up identifiers."""
    words: list[str] = []
    named: set[Day] = set()
    for value in values:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        words.append(text.upper())
        named |= days(text)
        named |= _moments(value)
    return frozenset(named), "\n".join(words)


def unknown_days(text: str, known: frozenset[Day]) -> list[str]:
    """Days of the text that no fact names, in words."""
    without_year = {(month, number) for _, month, number in known}
    return [
        f"{number} {_MONTHS[month - 1].title()}{f' {year}' if year else ''}"
        for year, month, number in sorted(days(text), key=str)
        if (year, month, number) not in known
        and not (year is None and (month, number) in without_year)
        # A fact without a year bears out any: "3 November" in a message, "3 November 2026" in the reply.
        and (None, month, number) not in known
    ]


def unknown_identifiers(text: str, known: str) -> list[str]:
    return sorted(
        name for name in identifiers(text) if not re.search(rf"(?<![A-Z0-9]){re.escape(name)}(?![A-Z0-9])", known)
    )


def _moments(value: Any) -> set[Day]:
    """Days of Unix seconds under names that hold times."""
    if isinstance(value, dict):
        found = {
            _day(item) for name, item in value.items() if name in _TIMES and type(item) is int and 10**9 < item < 10**10
        }
        return found.union(*(_moments(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_moments(item) for item in value))
    return set()


def _day(seconds: int) -> Day:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.year, moment.month, moment.day
