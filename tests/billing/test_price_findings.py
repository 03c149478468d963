"""What is said of discounts and taxes. That each is found at all: test_diagnosis; near misses: test_near_misses."""

from dataclasses import replace

from billing.diagnosis import diagnose
from billing.findings import RootCause
from tests.billing.made import usd
from tests.billing.made_prices import BEFORE, LAST, cody, tina


def test_a_discount_that_ended_explains_the_higher_bill() -> None:
    found = diagnose(cody())
    assert found.at_stake == usd(3000)
    assert "comes to $60.00, after $30.00 the time before" in found.explanation
    assert "a discount of $30.00 has ended. The price itself is the same" in found.explanation


def test_with_another_price_too_nothing_is_said_of_the_price() -> None:
    found = diagnose(cody(invoices=(replace(LAST, total=usd(20000)), BEFORE)))
    assert found.root_cause is RootCause.DISCOUNT_ENDED
    assert "price itself" not in found.explanation


def test_tax_without_a_tax_id_is_told_with_the_amount() -> None:
    found = diagnose(tina())
    assert found.at_stake == usd(1140)
    assert "$11.40 of tax" in found.explanation
    assert "future invoices only" in found.explanation
