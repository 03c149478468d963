from datetime import UTC, datetime

import pytest

from billing.cards import expires, nothing_to_charge, paying_card
from billing.ids import PaymentMethodId
from tests.billing.made import NO_CARD, card, customer, facts, subscription

OWN = PaymentMethodId("pm_2")


@pytest.mark.parametrize(
    ("month", "year", "end"),
    [
        (11, 2026, datetime(2026, 12, 1, tzinfo=UTC)),
        (12, 2026, datetime(2027, 1, 1, tzinfo=UTC)),
        (1, 2000, datetime(2000, 2, 1, tzinfo=UTC)),
        (12, 9000, datetime(9001, 1, 1, tzinfo=UTC)),
        (0, 2026, None),
        (13, 2026, None),
        (12, 1999, None),
        (12, 9999, None),
    ],
)
def test_a_card_is_good_to_the_end_of_its_last_month(month: int, year: int, end: datetime | None):
    assert expires(card(month=month, year=year)) == end


def test_the_subscription_pays_with_its_own_card_before_the_customers():
    both = facts(payment_methods=(card(), card("pm_2", "4444")))
    assert paying_card(both, subscription(default_payment_method=OWN)) == card("pm_2", "4444")
    assert paying_card(both, subscription()) == card()
    assert paying_card(both, None) == card()
    assert paying_card(facts(customer=customer(default_payment_method=None)), subscription()) is None


def test_anything_on_file_is_something_to_charge():
    assert nothing_to_charge(facts(**NO_CARD), subscription())
    assert nothing_to_charge(facts(**NO_CARD), None)
    assert not nothing_to_charge(facts(**{**NO_CARD, "payment_methods": (card(),)}), None)
    assert not nothing_to_charge(facts(payment_methods=()), None)
    assert not nothing_to_charge(facts(**NO_CARD), subscription(default_payment_method=OWN))
