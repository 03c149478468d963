"""PaymentIntents and their charges."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.declines import DECLINES
from sandbox.server import Sandbox
from tests.sandbox.conftest import charged, default_card, in_error


def test_a_payment_succeeds(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/payments/paymentintents/lifecycle"""
    intent = client.v1.payment_intents.create(
        {"amount": 2000, "currency": "USD", "customer": customer.id, "metadata": {"order": "7"}}
    )
    assert (intent.status, intent.currency, intent.latest_charge) == ("requires_payment_method", "usd", None)
    intent = client.v1.payment_intents.update(intent.id, {"payment_method": default_card(customer)})
    assert intent.status == "requires_confirmation"
    intent = client.v1.payment_intents.confirm(intent.id)
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.metadata is not None
    assert (charge.paid, charge.customer, charge.metadata.to_dict()) == (True, customer.id, {"order": "7"})
    types = [event.type for event in client.v1.events.list({"types": ["payment_intent.*", "charge.*"]}).data]
    assert types == ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]


@pytest.mark.parametrize(
    ("token", "code", "decline_code", "advice"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "try_again_later"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", "do_not_try_again"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "confirm_card_data"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "try_again_later"),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
            "try_again_later",
        ),
        ("pm_card_radarBlock", "card_declined", "fraudulent", None),
    ],
)
def test_a_declined_payment(
    client: stripe.StripeClient, token: str, code: str, decline_code: str, advice: str | None
) -> None:
    """docs.stripe.com/testing#declined-payments, docs.stripe.com/declines"""
    with pytest.raises(stripe.CardError) as declined:
        charged(client, payment_method=token)
    error = declined.value.error
    assert error is not None
    assert (declined.value.http_status, declined.value.code, error.decline_code) == (402, code, decline_code)
    assert error.payment_intent is not None
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error is not None
    assert (intent.last_payment_error.decline_code, intent.last_payment_error.charge) == (decline_code, error.charge)
    charge = client.v1.charges.retrieve(str(error.charge))
    assert charge.outcome is not None
    assert (charge.status, charge.failure_code, charge.outcome.advice_code) == ("failed", code, advice)
    assert charge.balance_transaction is None, "nothing moved"
    types = [event.type for event in client.v1.events.list({"limit": 2}).data]
    assert types == ["payment_intent.payment_failed", "charge.failed"]


def test_a_declined_payment_is_retried_with_another_card(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/payments/paymentintents/lifecycle: the same intent, a new charge"""
    with pytest.raises(stripe.CardError) as declined:
        charged(client, customer=customer.id, payment_method="pm_card_chargeCustomerFail")
    assert declined.value.error is not None
    assert declined.value.error.payment_intent is not None
    intent_id = declined.value.error.payment_intent.id
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.payment_intents.confirm(intent_id)
    assert missing.value.code == "payment_intent_unexpected_state"
    paid = client.v1.payment_intents.confirm(intent_id, {"payment_method": default_card(customer)})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = client.v1.charges.list({"payment_intent": intent_id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert paid.latest_charge == charges[0].id


def test_a_paid_intent_is_not_paid_again(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/error-codes#payment-intent-unexpected-state"""
    for again in (client.v1.payment_intents.confirm, client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            again(str(charge.payment_intent))
        assert refused.value.code == "payment_intent_unexpected_state"
    assert len(client.v1.charges.list().data) == 1


def test_authentication_is_asked_for_and_passed(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any]
) -> None:
    """docs.stripe.com/payments/3d-secure, docs.stripe.com/testing#regulatory-cards"""
    intent = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://example.com/back",
        }
    )
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert intent.next_action is not None
    assert intent.next_action.type == "redirect_to_url"
    act("authenticate", payment_intent=intent.id)
    intent = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert intent.status == "succeeded"
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_method_details is not None
    assert intent.latest_charge.payment_method_details.card is not None
    assert intent.latest_charge.payment_method_details.card.three_d_secure is not None


def test_failed_authentication_makes_no_charge(client: stripe.StripeClient, act: Callable[..., Any]) -> None:
    """docs.stripe.com/error-codes#payment-intent-authentication-failure"""
    intent = client.v1.payment_intents.create(
        {"amount": 700, "currency": "eur", "payment_method": "pm_card_threeDSecure2Required", "confirm": True}
    )
    act("authenticate", payment_intent=intent.id, success=False)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize(
    ("token", "off_session", "outcome"),
    [
        ("pm_card_authenticationRequired", False, "requires_action"),
        ("pm_card_authenticationRequired", True, "authentication_required"),
        ("pm_card_authenticationRequiredOnSetup", False, "requires_action"),
        ("pm_card_authenticationRequiredOnSetup", True, "authentication_required"),
        ("pm_card_authenticationRequiredSetupForOffSession", False, "requires_action"),
        ("pm_card_authenticationRequiredSetupForOffSession", True, "succeeded"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", True, "insufficient_funds"),
        ("pm_card_visa", True, "succeeded"),
    ],
)
def test_who_must_authenticate(
    client: stripe.StripeClient, customer: stripe.Customer, token: str, off_session: bool, outcome: str
) -> None:
    """docs.stripe.com/testing#regulatory-cards"""
    method = client.v1.payment_methods.attach(token, {"customer": customer.id})
    try:
        seen = client.v1.payment_intents.create(
            {
                "amount": 700,
                "currency": "eur",
                "customer": customer.id,
                "payment_method": method.id,
                "confirm": True,
                "off_session": off_session,
            }
        ).status
    except stripe.CardError as declined:
        seen = in_error(declined, "decline_code")
    assert seen == outcome


def test_a_card_set_up_once_pays_off_session(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any]
) -> None:
    """docs.stripe.com/testing#regulatory-cards (authenticate unless set up)"""
    method = client.v1.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": customer.id})
    first = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": method.id,
            "confirm": True,
            "setup_future_usage": "off_session",
        }
    )
    act("authenticate", payment_intent=first.id)
    assert charged(client, customer=customer.id, payment_method=method.id, off_session=True).paid


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"amount": 49, "currency": "usd"}, "amount_too_small"),
        ({"amount": 100_000_000, "currency": "usd"}, "amount_too_large"),
        ({"amount": 0, "currency": "usd"}, "parameter_invalid_integer"),
        ({"amount": 100, "currency": "usd", "customer": "cus_none"}, "resource_missing"),
        ({"amount": 100, "currency": "usd", "payment_method": "pm_none"}, "resource_missing"),
        ({"amount": 100, "currency": "usd", "payment_method": "pm_card_cat"}, "resource_missing"),
        ({"amount": 100, "currency": "usd", "payment_method_types": ["card"]}, "parameter_unknown"),
        ({"amount": 100, "currency": "usd", "off_session": True}, None),
        ({"amount": 100, "currency": "usd", "confirm": True}, "payment_intent_unexpected_state"),
    ],
)
def test_refused_intents_leave_nothing(client: stripe.StripeClient, app: Sandbox, params: Any, code: str) -> None:
    """docs.stripe.com/api/payment_intents/create, docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(params)
    assert refused.value.code == code
    assert app.world.snapshot() == {}


def test_cancel(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/payment_intents/cancel"""
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "usd"})
    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "duplicate"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "duplicate")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})


def test_charges_are_listed_by_customer(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/api/charges/list"""
    other = client.v1.customers.create({"name": "Eve"})
    assert [each.id for each in client.v1.charges.list({"customer": str(charge.customer)}).data] == [charge.id]
    assert client.v1.charges.list({"customer": other.id}).data == []


@pytest.mark.parametrize("decline_code", sorted(DECLINES))
def test_every_decline_reaches_the_sdk_as_a_card_error(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any], decline_code: str
) -> None:
    """docs.stripe.com/declines/codes"""
    act("set_card_outcome", payment_method=default_card(customer), decline=decline_code)
    with pytest.raises(stripe.CardError) as declined:
        charged(client, customer=customer.id, payment_method=default_card(customer))
    assert declined.value.error is not None
    assert declined.value.error.decline_code == decline_code
