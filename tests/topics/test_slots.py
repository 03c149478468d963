"""Particulars read from messages: amounts, days, cards, ids, plans."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.topics.slots import Period, extract

TODAY = dt.date(2026, 11, 20)  # a Friday
PLANS = ("Free", "Starter", "Team", "Business")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("you took $20 twice", [(2000, "usd")]),
        ("US$ 60 and 20€ and £3.50", [(6000, "usd"), (2000, "eur"), (350, "gbp")]),
        ("Betrag 1.234,56 EUR", [(123456, "eur")]),
        ("1,234.56 usd was debited", [(123456, "usd")]),
        ("CHF 1'200.50 please", [(120050, "chf")]),
        ("1 200,00 € on the invoice", [(120000, "eur")]),
        ("twelve? no, 12 dollars or 20 bucks", [(1200, "usd"), (2000, "usd")]),
        ("500 yen and ¥12000", [(500, "jpy"), (12000, "jpy")]),
        ("KWD 1.250", [(1_250_000, "kwd")]),
        ("please explain the 214.30", [(21430, None)]),
        ("$0.50", [(50, "usd")]),
        ("A$15", [(1500, "aud")]),
        ("20,- € or CHF 20.-", [(2000, "eur"), (2000, "chf")]),
        ("R$ 45,90 and S$20", [(4590, "brl"), (2000, "sgd")]),
        ("20 US dollars, Rs. 500", [(2000, "usd"), (50000, "inr")]),
        ("($20.00) or -$21", [(2000, "usd"), (2100, "usd")]),
        ("£ 1 234.50", [(123450, "gbp")]),
    ],
)
def test_amounts_in_any_style_become_minor_units(text: str, expected: list[tuple[int, str | None]]) -> None:
    assert [(found.minor, found.currency) for found in extract(text, today=TODAY).amounts] == expected


@pytest.mark.parametrize(
    "text",
    [
        "10.00% off",
        "4242424242424242 usd",
        "version 1.20.3",
        "3 seats for 12 people",
        "ch_20eur20",
        "99999999999 usd",
        "half a dollar",
        "$1.2k",
        "$3 m",
        "20 dollars 50",
        "20€50",
    ],
)
def test_what_is_no_amount_is_left_out(text: str) -> None:
    assert extract(text, today=TODAY).amounts == ()


@settings(deadline=None)
@given(
    minor=st.integers(1, 99_999_999),
    style=st.sampled_from(["${}", "{} usd", "USD {}", "{} dollars", "US${}"]),
    grouped=st.booleans(),
)
def test_an_amount_written_in_dollars_comes_back(minor: int, style: str, grouped: bool) -> None:
    number = Decimal(minor) / 100
    written = style.format(f"{number:,.2f}" if grouped else f"{number:.2f}")
    assert [(found.minor, found.currency) for found in extract(f"I paid {written} today", today=TODAY).amounts] == [
        (minor, "usd")
    ]


@settings(deadline=None)
@given(minor=st.integers(1, 99_999_999))
def test_an_amount_written_the_continental_way_comes_back(minor: int) -> None:
    written = f"{Decimal(minor) / 100:,.2f}".translate(str.maketrans(",.", ".,"))
    assert [found.minor for found in extract(f"Es waren {written} €.", today=TODAY).amounts] == [minor]


@settings(deadline=None)
@given(
    minor=st.integers(1, 99_999_999),
    thousand=st.sampled_from("  '’,."),
    style=st.sampled_from(["{} €", "EUR {}", "€{}"]),
)
def test_an_amount_in_any_grouping_comes_back_exactly(minor: int, thousand: str, style: str) -> None:
    point = "," if thousand == "." else "."
    written = f"{Decimal(minor) / 100:,.2f}".translate({ord(","): thousand, ord("."): point})
    assert [(found.minor, found.currency) for found in extract(style.format(written), today=TODAY).amounts] == [
        (minor, "eur")
    ]


@settings(deadline=None)
@given(
    digits=st.integers(0, 9999).map("{:04d}".format),
    form=st.sampled_from(["visa {}", "my card ({})", "•••• {}", "ending in {}", "last four digits: {}", "xxxx-{}"]),
)
def test_a_card_ending_comes_back(digits: str, form: str) -> None:
    assert extract(f"it is {form.format(digits)}, I think", today=TODAY).card_endings == (digits,)


@settings(deadline=None)
@given(prefix=st.from_regex(r"[A-Z][A-Z0-9]{2,11}", fullmatch=True), number=st.integers(1, 999_999))
def test_an_invoice_number_comes_back(prefix: str, number: int) -> None:
    written = f"{prefix}-{number:04d}"
    assert extract(f"about invoice {written}, please", today=TODAY).invoice_numbers == (written,)


def day(year: int, month: int, number: int) -> tuple[dt.date, dt.date]:
    return dt.date(year, month, number), dt.date(year, month, number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 2026-10-03", [day(2026, 10, 3)]),
        ("on 2026/10/03", [day(2026, 10, 3)]),
        ("since Nov 4th", [day(2026, 11, 4)]),
        ("3 March 2025", [day(2025, 3, 3)]),
        ("the 3rd of March", [day(2026, 3, 3)]),
        ("December 24", [day(2025, 12, 24)]),
        ("25/12/2025", [day(2025, 12, 25)]),
        ("3.4.2026", [day(2026, 4, 3)]),
        ("yesterday", [day(2026, 11, 19)]),
        ("the day before yesterday", [day(2026, 11, 18)]),
        ("last Tuesday", [day(2026, 11, 17)]),
        ("3 days ago", [day(2026, 11, 17)]),
        ("taken on the 9th", [day(2026, 11, 9)]),
        ("taken on the 28th", [day(2026, 10, 28)]),
        ("on the 31st", [day(2026, 10, 31)]),
        ("no, the October one", [(dt.date(2026, 10, 1), dt.date(2026, 10, 31))]),
        ("december 2024", [(dt.date(2024, 12, 1), dt.date(2024, 12, 31))]),
        ("last month", [(dt.date(2026, 10, 1), dt.date(2026, 10, 31))]),
        ("this month", [(dt.date(2026, 11, 1), dt.date(2026, 11, 30))]),
        ("2026-02-30 is no day, you may march on", []),
        ("for the 3rd time", []),
    ],
)
def test_days_and_months(text: str, expected: list[tuple[dt.date, dt.date]]) -> None:
    assert [(found.start, found.end) for found in extract(text, today=TODAY).dates] == expected


@settings(deadline=None, max_examples=60)
@given(date=st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), style=st.sampled_from(["%Y-%m-%d", "%d %B %Y"]))
def test_a_full_date_comes_back(date: dt.date, style: str) -> None:
    found = extract(f"charged on {date.strftime(style)}!", today=TODAY).dates
    assert [(period.start, period.end) for period in found] == [(date, date)]


@settings(deadline=None)
@given(number=st.integers(1, 31), today=st.dates(dt.date(2001, 1, 1), dt.date(2099, 12, 31)))
def test_a_day_of_the_month_is_the_last_such_day(number: int, today: dt.date) -> None:
    (found,) = extract(f"on the {number}th", today=today).dates
    assert found.start.day == number
    assert found.start <= today < found.start + dt.timedelta(days=63)


def test_a_period_holds_its_days() -> None:
    october = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31), "October")
    assert dt.date(2026, 10, 31) in october
    assert dt.date(2026, 11, 1) not in october


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the card ending 4242", ("4242",)),
        ("ends in 0005 or ending with 1881", ("0005", "1881")),
        ("last four digits are 9995", ("9995",)),
        ("•••• 4242 / xxxx1234 / **** 5556", ("4242", "1234", "5556")),
        ("my visa 4242", ("4242",)),
        ("my card is 4242 4242 4242 4242", ()),
        ("my card 4242424242424242", ()),
        ("invoice 4242", ()),
    ],
)
def test_card_endings_and_never_a_whole_number(text: str, expected: tuple[str, ...]) -> None:
    assert extract(text, today=TODAY).card_endings == expected


def test_stripe_ids_and_invoice_numbers() -> None:
    slots = extract("in_1AbC, ch_3X9 and sub_total in_progress price_team_monthly re_1", today=TODAY)
    assert slots.stripe_ids == ("in_1AbC", "ch_3X9", "price_team_monthly")
    assert slots.ids("ch") == ("ch_3X9",)
    assert extract("invoice number 0042, A1B2C3D4-0001 and #0017", today=TODAY).invoice_numbers == (
        "0042",
        "A1B2C3D4-0001",
        "0017",
    )


@pytest.mark.parametrize(
    ("text", "plans", "wanted"),
    [
        ("Hi Team, upgrade from Starter to Business", ("Starter", "Business"), "Business"),
        ("move us to the team plan please", ("Team",), "Team"),
        ("What would the Team one cost us?", ("Team",), "Team"),
        ("starter -> team thx", ("Team",), "Team"),
        ("from Business to the Starter plan", ("Business", "Starter"), "Starter"),
        ("Can I have Business?", ("Business",), "Business"),
        ("downgrade to free", ("Free",), "Free"),
        ("free", ("Free",), "Free"),
        ("half the team is gone", (), None),
        ("I talked to the team about our business", (), None),
        ("is it for free", (), None),
        ("difference between Starter and Team", ("Starter", "Team"), None),
    ],
)
def test_plan_names_among_everyday_words(text: str, plans: tuple[str, ...], wanted: str | None) -> None:
    slots = extract(text, plans=PLANS, today=TODAY)
    assert (slots.plans, slots.plan_wanted) == (plans, wanted)


@pytest.mark.parametrize(
    ("text", "interval"),
    [("yearly please", "year"), ("pay by the month", "month"), ("monthly to annual", None), ("soon", None)],
)
def test_billing_interval(text: str, interval: str | None) -> None:
    assert extract(text, today=TODAY).interval == interval


@settings(deadline=None)
@given(st.text(max_size=300))
def test_nothing_a_customer_writes_breaks_it(text: str) -> None:
    extract(text, plans=PLANS, today=TODAY)


def test_a_megabyte_is_read_quickly_and_in_part() -> None:
    assert extract("$20 " + "1 " * 500_000, today=TODAY).amounts[0].minor == 2000
