"""Cards: what may be saved, and what happens to saved ones."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import DAY, charged, default_card


def card(number: str, **other: Any) -> Any:
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "314", **other}}


def test_a_card_by_number(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/payment_methods/create"""
    method = client.v1.payment_methods.create(card("4242 4242 4242 4242"))
    assert method.card is not None
    assert (method.card.brand, method.card.last4, method.card.exp_year) == ("visa", "4242", 2030)
    assert method.customer is None


def test_the_number_itself_is_not_stored(client: stripe.StripeClient, app: Any) -> None:
    client.v1.payment_methods.create(card("4000000000009995"))
    assert all("4000000000009995" not in row for (row,) in app.world.rows("SELECT body FROM objects"))
    assert all("4000000000009995" not in row for (row,) in app.world.rows("SELECT body FROM answers"))


def test_two_cards_of_one_number_share_a_fingerprint(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/payment_methods/object#payment_method_object-card-fingerprint"""
    methods = [client.v1.payment_methods.create(card(number)) for number in ("4242424242424242",) * 2]
    other = client.v1.payment_methods.create(card("5555555555554444"))
    prints = [method.card.fingerprint for method in (*methods, other) if method.card]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (card("4242424242424241"), "incorrect_number"),
        (card("42424242"), "incorrect_number"),
        (card("4242424242424242", exp_month=13), "invalid_expiry_month"),
        (card("4242424242424242", exp_year=2025), "invalid_expiry_year"),
        (card("4242424242424242", exp_month=10, exp_year=2026), "invalid_expiry_month"),
        (card("4242424242424242", cvc="99"), "invalid_cvc"),
        (card("4539578763621486"), "card_declined"),
    ],
)
def test_invalid_card_data(client: stripe.StripeClient, params: Any, code: str) -> None:
    """docs.stripe.com/testing#invalid-data; numbers that are no test cards are refused as live cards"""
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.create(params)
    assert refused.value.code == code
    assert refused.value.http_status == 402


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_declining_cards_cannot_be_saved(
    client: stripe.StripeClient, customer: stripe.Customer, token: str, code: str, decline_code: str
) -> None:
    """docs.stripe.com/testing#declined-payments"""
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach(token, {"customer": customer.id})
    assert refused.value.error is not None
    assert (refused.value.code, refused.value.error.decline_code) == (code, decline_code)
    assert len(client.v1.payment_methods.list({"customer": customer.id}).data) == 1


@pytest.mark.parametrize(
    ("token", "decline_code"),
    [
        ("tok_chargeCustomerFail", "generic_decline"),
        ("tok_visa_chargeCustomerFailLostCard", "lost_card"),
        ("tok_visa_chargeCustomerFailStolenCard", "stolen_card"),
    ],
)
def test_cards_that_decline_after_attaching(
    client: stripe.StripeClient, customer: stripe.Customer, token: str, decline_code: str
) -> None:
    """docs.stripe.com/testing#declined-payments"""
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    saved = client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    with pytest.raises(stripe.CardError) as declined:
        charged(client, customer=customer.id, payment_method=saved.id)
    assert declined.value.error is not None
    assert declined.value.error.decline_code == decline_code


def test_a_saved_card_belongs_to_one_customer(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/payment_methods/attach"""
    other = client.v1.customers.create({"name": "Eve"})
    method = default_card(customer)
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(method, {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        charged(client, customer=other.id, payment_method=method)
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
        charged(client, payment_method=method)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.payment_methods.retrieve(other.id, method)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.update(other.id, {"invoice_settings": {"default_payment_method": method}})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"invoice_settings": {"default_payment_method": method}})
    assert client.v1.customers.payment_methods.retrieve(customer.id, method).id == method


def test_a_detached_card_is_no_default_and_never_used_again(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/payment_methods/detach"""
    method = default_card(customer)
    assert client.v1.payment_methods.detach(method).customer is None
    after = client.v1.customers.retrieve(customer.id)
    assert after.invoice_settings is not None
    assert after.invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        charged(client, payment_method=method)


def test_a_card_paid_with_once_is_spent(client: stripe.StripeClient) -> None:
    """docs.stripe.com/payments/payment-methods#using-payment-methods"""
    method = client.v1.payment_methods.create(card("4242424242424242"))
    charged(client, payment_method=method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        charged(client, payment_method=method.id)


def test_a_saved_card_expires_with_time(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/declines/codes: `expired_card`, until its date is renewed"""
    method = default_card(customer)
    advance(380 * DAY)
    charged(client, customer=customer.id, payment_method=method)
    advance(30 * DAY)
    with pytest.raises(stripe.CardError) as declined:
        charged(client, customer=customer.id, payment_method=method)
    assert declined.value.code == "expired_card"
    client.v1.payment_methods.update(method, {"card": {"exp_year": 2030}})
    charged(client, customer=customer.id, payment_method=method)


def test_an_issuer_can_change_its_mind(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any]
) -> None:
    """The control action gives a saved card any decline code, which Stripe's test cards cannot."""
    method = default_card(customer)
    act("set_card_outcome", payment_method=method, decline="insufficient_funds")
    with pytest.raises(stripe.CardError) as declined:
        charged(client, customer=customer.id, payment_method=method)
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "insufficient_funds"
    act("set_card_outcome", payment_method=method, decline=None)
    assert charged(client, customer=customer.id, payment_method=method).status == "succeeded"


def test_a_deleted_customer(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/customers/delete"""
    client.v1.customers.delete(customer.id)
    assert client.v1.customers.retrieve(customer.id).deleted is True
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.update(customer.id, {"name": "Ghost"})
    assert refused.value.code == "resource_missing"


def test_a_new_customer_with_a_test_card_as_the_default(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/customers/create: the same test name in both places is one card."""
    made = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    (card,) = client.v1.customers.payment_methods.list(made.id).data
    assert default_card(made) == card.id != "pm_card_visa"
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        client.v1.customers.create(
            {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_mastercard"}}
        )
    assert len(client.v1.customers.list().data) == 1
