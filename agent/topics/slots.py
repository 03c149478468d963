"""Slots: the particulars of a message, in the forms that tools take. Nothing here guesses: what is unclear is left out.

Amounts are read by price-parser, dates by dateparser; patterns here only say where in the text to look.
"""

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from price_parser import Price

from agent.topics.account_slots import TaxId, emails, promotion_codes, tax_ids
from agent.topics.sentences import LONGEST_MESSAGE

# Currencies whose minor unit is not a hundredth (docs.stripe.com/currencies#zero-decimal, #three-decimal).
_ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())  # noqa: SIM905
_THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_SIGNS = {
    "us$": "usd", "a$": "aud", "au$": "aud", "c$": "cad", "ca$": "cad", "nz$": "nzd", "$": "usd", "€": "eur",
    "£": "gbp", "¥": "jpy", "₹": "inr", "₩": "krw", "zł": "pln", "fr.": "chf", "r$": "brl", "s$": "sgd", "hk$": "hkd",
    "mx$": "mxn", "rs.": "inr",
}  # fmt: skip
_WORDS = {
    "dollar": "usd", "dollars": "usd", "bucks": "usd", "buck": "usd", "euro": "eur", "euros": "eur", "pound": "gbp",
    "pounds": "gbp", "quid": "gbp", "yen": "jpy", "franc": "chf", "francs": "chf", "rupees": "inr", "rupee": "inr",
    "us dollar": "usd", "us dollars": "usd", "canadian dollars": "cad", "australian dollars": "aud",
    "swiss francs": "chf", "pounds sterling": "gbp",
}  # fmt: skip
_CODES = (
    "usd eur gbp chf jpy cad aud nzd sek nok dkk pln czk huf inr cny krw brl mxn sgd hkd zar try ils aed sar kwd bhd "
    "jod omr tnd clp vnd thb idr myr php ron bgn uah"
)
_CURRENCY = {**_SIGNS, **_WORDS, **{code: code for code in _CODES.split()}}
_ANY_CURRENCY = "|".join(re.escape(name) for name in sorted(_CURRENCY, key=len, reverse=True))
_NUMBER = r"(?:\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3}){1,2}(?:[.,]\d{1,3})?|\d{1,9}(?:[.,]\d{1,3})?)"
# "20 dollars 50" is neither twenty nor fifty dollars, and "$1.2k" not one dollar twenty: both are left out.
_BEFORE = (
    rf"(?<![\w$€£])(?<!\d[ \u00a0\u202f])(?P<before>{_ANY_CURRENCY})[ \u00a0\u202f]?(?P<number>{_NUMBER})"
    r"(?![\d]|[.,]\d| ?[kKmM]\b)"
)
_AFTER = (
    rf"(?<![\w.,$€£])(?P<number>{_NUMBER})(?:[.,]-{{1,2}})?[ \u00a0\u202f]?(?P<after>{_ANY_CURRENCY})"
    r"(?!\w| \d\d\b)"
)
_BARE = r"(?<![\w.,:/$€£-])(?P<number>\d{1,6}[.,]\d{2})(?![\w%:/-]|[.,]\d)"
# "48 instead of 60 dollars": set against an amount, a number is one too, in its currency.
_AGAINST = (
    rf"(?<![\w.,:/$€£-])(?P<number>{_NUMBER})(?= (?:instead of|rather than|and not|not) "
    rf"(?:{_NUMBER})[ \u00a0\u202f]?(?P<after>{_ANY_CURRENCY})(?!\w))"
)
_AMOUNTS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (_BEFORE, _AFTER, _AGAINST, _BARE))

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNT = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten)"
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)"
_DAY = re.compile(
    rf"\b\d{{4}}([-/])\d{{2}}\1\d{{2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\.?(?: of)? {_MONTHS}\b(?:,? \d{{4}}\b)?"
    rf"|\b{_MONTHS}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?"
    rf"|\b(?:today|yesterday|the day before yesterday)\b|\b{_COUNT} (?:day|week|month)s? ago\b|\b{_WEEKDAYS}\b",
    re.IGNORECASE,
)
_MONTH = re.compile(rf"\b(?P<name>{_MONTHS})\b(?: (?P<year>\d{{4}}))?|\b(?P<which>this|last) month\b", re.IGNORECASE)
_DAY_OF_MONTH = re.compile(rf"\b(?:the|on|of) (?P<day>{_ORDINAL})\b(?! (?:of|time|month|try|attempt))", re.IGNORECASE)

_CARD = re.compile(
    r"(?:\bend(?:ing|s|ed)?(?: (?:in|with|on))?:? |\blast (?:four|4)(?: digits?)?(?: (?:are|is|of))?:? "
    r"|(?:[•*·.]{2,4}|\bx{2,4})[ -]?|\b(?:visa|mastercard|amex|card|maestro|discover)(?: no\.?)? [-#(]?)"
    r"(\d{4})(?![\d.,]\d|\d)",
    re.IGNORECASE,
)
_STRIPE_ID = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?:ch|py|in|sub|pi|re|pm|cus|du|si)_(?=[A-Za-z_]*\d)|price_)[A-Za-z0-9_]{3,120}"
)
_INVOICE_NUMBER = re.compile(
    r"\b(?P<full>(?:[A-Z0-9]{4,12}|[A-Z][A-Z0-9]{2})-\d{4,6})\b"
    r"|(?:\b(?:invoices?|inv|bill)(?: (?:number|no\.?|nr\.?):?)?|\bnumber|#) ?#?(?P<short>\d{3,10})\b"
)
_YEARLY = re.compile(r"\b(?:annual(?:ly)?|yearly|per year|a year|once a year|by the year|12 months)\b", re.IGNORECASE)
_MONTHLY = re.compile(r"\b(?:monthly|per month|month by month|month[- ]to[- ]month|by the month)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """`minor` in the currency's minor unit; without a currency, in hundredths. `currency` is lower-case ISO 4217."""

    minor: int
    currency: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Period:
    """A day, or a month named as a whole: both ends are included."""

    start: dt.date
    end: dt.date
    text: str

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Slots:
    """What was found, each in the order of the text and once."""

    amounts: tuple[Amount, ...] = ()
    dates: tuple[Period, ...] = ()
    card_endings: tuple[str, ...] = ()
    stripe_ids: tuple[str, ...] = ()
    invoice_numbers: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    plan_wanted: str | None = None
    interval: Literal["month", "year"] | None = None
    promotion_codes: tuple[str, ...] = ()
    tax_ids: tuple[TaxId, ...] = ()
    emails: tuple[str, ...] = ()

    def ids(self, prefix: str) -> tuple[str, ...]:
        """Stripe ids of one kind: `slots.ids("ch")`."""
        return tuple(found for found in self.stripe_ids if found.startswith(f"{prefix}_"))


def extract(text: str, *, plans: Iterable[str] = (), today: dt.date) -> Slots:
    """Read a message. `plans` are the plan names as they are sold; `today` is the customer's day for "yesterday".

    Days without a year, weekdays and "the 9th" mean the last such day up to `today`: billing speaks of the past.
    """
    text = text[:LONGEST_MESSAGE]
    named = _plans(text, tuple(plans))
    yearly, monthly = _YEARLY.search(text), _MONTHLY.search(text)
    ids = tuple(dict.fromkeys(_STRIPE_ID.findall(text)))
    without_ids = _STRIPE_ID.sub(" ", text)
    return Slots(
        amounts=_amounts(without_ids),
        dates=_dates(without_ids, today),
        card_endings=tuple(dict.fromkeys(_CARD.findall(without_ids))),
        stripe_ids=ids,
        invoice_numbers=tuple(
            dict.fromkeys(match["full"] or match["short"] for match in _INVOICE_NUMBER.finditer(without_ids))
        ),
        plans=tuple(dict.fromkeys(name for name, _ in named)),
        plan_wanted=_wanted(named),
        interval=None if bool(yearly) == bool(monthly) else ("year" if yearly else "month"),
        promotion_codes=tuple(each for each in promotion_codes(without_ids) if not _INVOICE_NUMBER.fullmatch(each)),
        tax_ids=tax_ids(without_ids),
        emails=emails(text),
    )


def _amounts(text: str) -> tuple[Amount, ...]:
    found: dict[int, Amount] = {}
    taken: list[tuple[int, int]] = []
    for pattern in _AMOUNTS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            groups = match.groupdict()
            sign = groups.get("before") or groups.get("after")
            currency = _CURRENCY[sign.lower()] if sign else None
            minor = _minor(match["number"], currency)
            if minor is not None:
                taken.append(match.span())
                found[match.start()] = Amount(minor, currency, match.group().strip())
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))


def _minor(number: str, currency: str | None) -> int | None:
    price = Price.fromstring(re.sub(r"['’\u00a0\u202f]", " ", number))
    if price.amount is None:
        return None
    places = 0 if currency in _ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2
    scaled = Decimal(price.amount).scaleb(places)
    return int(scaled) if scaled == scaled.to_integral_value() else None


def _dates(text: str, today: dt.date) -> tuple[Period, ...]:
    found: dict[int, Period] = {}
    rest = text
    for match in _DAY.finditer(text):
        day = _day(match.group().lower(), today)
        if day is not None:
            found[match.start()] = Period(day, day, match.group())
            rest = f"{rest[: match.start()]}{' ' * len(match.group())}{rest[match.end() :]}"
    for match in _DAY_OF_MONTH.finditer(rest):
        day = _last_such_day(int(re.sub(r"\D", "", match["day"])), today)
        if day is not None:
            found[match.start()] = Period(day, day, match.group())
    for match in _MONTH.finditer(rest):
        # "may" and "mar" are words too: a month alone is written with a capital, or in full and not a verb
        name = match["name"]
        if name is None or name[0].isupper() or name.lower() not in ("may", "march", "mar", "jan", "dec", "sep"):
            found[match.start()] = _month(match, today)
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))


@lru_cache(maxsize=1)
def _parser() -> Any:
    from dateparser.date import DateDataParser  # half a second to import

    return DateDataParser


def _day(text: str, today: dt.date) -> dt.date | None:
    settings = {
        "RELATIVE_BASE": dt.datetime.combine(today, dt.time(12)),
        "PREFER_DATES_FROM": "past",
        "DATE_ORDER": "DMY" if "." in text else "MDY",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    parsed = _parser()(languages=["en"], settings=settings).get_date_data(text.replace("the day", "day")).date_obj
    if text == "the day before yesterday":
        return today - dt.timedelta(days=2)
    return parsed.date() if parsed is not None else None


def _last_such_day(number: int, today: dt.date) -> dt.date | None:
    year, month = today.year, today.month
    for _ in range(12):
        if number <= calendar.monthrange(year, month)[1] and number >= 1:
            day = dt.date(year, month, number)
            if day <= today:
                return day
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return None


def _month(match: re.Match[str], today: dt.date) -> Period:
    if match["which"]:
        first = today.replace(day=1)
        if match["which"].lower() == "last":
            first = (first - dt.timedelta(days=1)).replace(day=1)
    else:
        number = list(calendar.month_abbr).index(match["name"][:3].capitalize())
        year = int(match["year"]) if match["year"] else today.year - (number > today.month)
        first = dt.date(max(year, 1), number, 1)
    return Period(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]), match.group())


def _plans(text: str, names: Sequence[str]) -> list[tuple[str, bool]]:
    """Plans in order of mention, and whether each is said to be the aim ("to Team").

    Plan names are everyday words ("hi Team", "for free"). In lower case they count next to a word that makes them a
    plan; with their capital, unless they are greeted or owned.
    """
    found: dict[int, tuple[str, bool]] = {}
    for name in names:
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE):
            words = ["", "", *text[: match.start()].lower().split()]
            article = words[-1] in ("the", "a", "your", "our")
            before = words[-2] if article else words[-1]
            after = re.findall(r"\w+", text[match.end() :].lower())[:1] or [""]
            is_plan = after[0] in (
                "plan", "tier", "subscription", "package", "version", "tariff", "one", "monthly", "annual", "yearly"
            )  # fmt: skip
            aim = before in ("to", "onto", "into", "want", "choose", "take", "get", "buy", "->", "=>", "→", ">")
            beside = aim or before in ("from", "than", "between", "vs", "versus", "plan", "tier", "on")
            exact = match.group() == name and before.strip(",.!") not in (
                "hi", "hello", "hey", "dear", "support", "billing", "thanks",
            )  # fmt: skip
            if article and not is_plan:  # "to the Team", and not "to the team"
                beside = beside and exact
                aim = aim and exact
            exact = exact and not article
            alone = text.strip(" .!?").lower() == name.lower()
            if is_plan or beside or exact or alone:
                found[match.start()] = (name, aim)
    return [found[at] for at in sorted(found)]


def _wanted(named: list[tuple[str, bool]]) -> str | None:
    """The plan that is aimed at; with several aims or several plans and no aim, none."""
    aims = list(dict.fromkeys(name for name, aim in named if aim))
    if len(aims) == 1:
        return aims[0]
    every = list(dict.fromkeys(name for name, _ in named))
    return every[0] if len(every) == 1 and not aims else None
