"""What is said of Checkout links. That one is found at all: test_diagnosis; near misses: test_near_misses."""

from dataclasses import replace

from billing.checkouts import sold
from billing.diagnosis import diagnose
from billing.findings import RootCause
from tests.billing.made import ago, usd
from tests.billing.made_checkouts import ADDON, NEW, OLD, SEAT, lara


def test_it_is_told_what_was_for_sale_and_since_when_it_is_not() -> None:
    found = diagnose(lara())
    assert found.explanation == (
        "Your link to buy Analytics add-on over $49.00 expired on 18 November 2026 before it was used, so nothing was "
        "charged by it. A new link lets you buy it."
    )
    assert found.evidence == (("checkout_session", "cs_old"),)
    assert found.at_stake == usd(4900)


def test_the_newest_of_several_for_one_thing_is_told_once() -> None:
    again = replace(NEW, expires_at=ago(hours=1))
    seats = replace(OLD, id="cs_seats", items=(SEAT,), total=usd(2700))
    found = diagnose(lara(again, seats, OLD))
    assert [found.evidence, *(each.evidence for each in found.also)] == [
        (("checkout_session", "cs_new"),),
        (("checkout_session", "cs_seats"),),
    ]
    assert {each.root_cause for each in found.also} == {RootCause.CHECKOUT_LINK_EXPIRED}


def test_a_full_basket_does_not_fill_the_sentence() -> None:
    many = replace(OLD, items=tuple(replace(ADDON, description=f"Thing number {n}") for n in range(10)))
    assert "to buy what was in it over $49.00" in diagnose(lara(many)).explanation
    assert sold(replace(OLD, items=(ADDON, SEAT))) == "Analytics add-on and 3 × Seat"
