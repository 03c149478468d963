from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.facts import ChargeFacts
from billing.ids import ChargeId, CustomerId, InvoiceId
from billing.money import Money
from billing.twins import same_purchase, twins

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def charge(id_: str = "ch_1", **changes: object) -> ChargeFacts:
    plain = ChargeFacts(
        id=ChargeId(id_),
        customer=CustomerId("cus_nina"),
        payment_intent=None,
        invoice=None,
        amount=Money(4900, "usd"),
        amount_refunded=Money(0, "usd"),
        status="succeeded",
        captured=True,
        disputed=False,
        refunded=False,
        description="Analytics add-on",
        last4="4242",
        created=NOON,
        order="order_7",
    )
    return replace(plain, **changes)


def test_same_order_seconds_apart_is_one_purchase_paid_twice():
    again = charge("ch_2", created=NOON + timedelta(seconds=40))
    assert twins(charge(), [again]) == (again,)


@pytest.mark.parametrize(
    "changes",
    [
        {"order": "order_8"},
        {"order": None},
        {"amount": Money(4901, "usd")},
        {"amount": Money(4900, "eur"), "amount_refunded": Money(0, "eur")},
        {"customer": CustomerId("cus_omar")},
        {"customer": None},
        {"created": NOON + timedelta(hours=24, seconds=1)},
        {"created": NOON - timedelta(hours=24, seconds=1)},
        {"status": "failed"},
        {"status": "pending"},
        {"captured": False},
        {"refunded": True, "amount_refunded": Money(4900, "usd")},
        {"amount_refunded": Money(1, "usd")},
        {"refunded": True},
        {"disputed": True},
        {"invoice": InvoiceId("in_1")},
    ],
)
def test_near_misses(changes: dict[str, object]):
    assert twins(charge(), [charge("ch_2", **changes)]) == ()
    assert twins(charge("ch_2", **changes), [charge()]) == ()


def test_charges_of_nobody_are_not_the_same_customers():
    assert not same_purchase(charge(customer=None), charge("ch_2", customer=None))


def test_a_charge_is_not_its_own_twin():
    assert twins(charge(), [charge()]) == ()


def test_same_invoice_paid_twice_whatever_the_description():
    first = charge(invoice=InvoiceId("in_1"), order=None, description="Subscription creation")
    assert same_purchase(first, replace(first, id=ChargeId("ch_2"), description=None))


def test_two_invoices_are_two_purchases_even_with_the_same_words():
    first = charge(invoice=InvoiceId("in_1"), order=None, description="Subscription update")
    assert not same_purchase(first, replace(first, id=ChargeId("ch_2"), invoice=InvoiceId("in_2")))


@pytest.mark.parametrize("description", [None, "", "   "])
def test_without_any_reference_equal_amounts_prove_nothing(description: str | None):
    assert not same_purchase(
        charge(order=None, description=description), charge("ch_2", order=None, description=description)
    )


def test_description_counts_where_neither_has_an_order():
    assert same_purchase(charge(order=None), charge("ch_2", order=""))


def test_exactly_a_day_apart_still_counts():
    assert same_purchase(charge(), charge("ch_2", created=NOON + timedelta(hours=24)))


REFERENCES = st.sampled_from([None, "", "a", "b"])
CHARGES = st.builds(
    charge,
    id_=st.sampled_from(["ch_1", "ch_2", "ch_3"]),
    order=REFERENCES,
    description=REFERENCES,
    invoice=st.sampled_from([None, InvoiceId("in_1"), InvoiceId("in_2")]),
    customer=st.sampled_from([None, CustomerId("cus_a"), CustomerId("cus_b")]),
    amount=st.sampled_from([Money(1, "usd"), Money(2, "usd")]),
    created=st.sampled_from([NOON, NOON + timedelta(hours=23), NOON + timedelta(hours=46)]),
    refunded=st.booleans(),
    disputed=st.booleans(),
)


@given(CHARGES, CHARGES)
def test_symmetric_and_never_across_customers_orders_or_invoices(one: ChargeFacts, other: ChargeFacts):
    verdict = same_purchase(one, other)
    assert verdict == same_purchase(other, one)
    if verdict:
        assert one.customer == other.customer is not None
        assert one.invoice == other.invoice
        assert one.invoice is not None or (one.order or None) == (other.order or None)
        assert not any([one.refunded, other.refunded, one.disputed, other.disputed])
