"""SetupIntents: cards saved without a payment."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.errors import StripeError
from tests.sandbox.billing import event_types, price, subscribe
from tests.sandbox.conftest import in_error


def test_a_card_is_saved_on_the_customer(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/payments/setup-intents"""
    setup = client.v1.setup_intents.create({"customer": customer.id, "metadata": {"for": "renewals"}})
    assert (setup.status, setup.usage) == ("requires_payment_method", "off_session")
    assert setup.metadata is not None
    assert setup.metadata["for"] == "renewals"
    setup = client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_mastercard"})
    assert (setup.status, setup.next_action) == ("succeeded", None)
    saved = client.v1.payment_methods.retrieve(str(setup.payment_method))
    assert (saved.customer, saved.card and saved.card.brand) == (customer.id, "mastercard")
    assert client.v1.setup_intents.retrieve(setup.id).status == "succeeded"
    assert [each.id for each in client.v1.setup_intents.list({"customer": customer.id}).data] == [setup.id]
    assert client.v1.setup_intents.list({"customer": "cus_other"}).data == []
    assert {"setup_intent.created", "setup_intent.succeeded", "payment_method.attached"} <= set(event_types(client))


def test_a_card_may_be_saved_in_one_step(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/setup_intents/create#create_setup_intent-confirm"""
    setup = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_visa", "confirm": True, "usage": "on_session"}
    )
    assert setup.status == "succeeded"
    waiting = client.v1.setup_intents.create({"customer": customer.id, "payment_method": "pm_card_visa"})
    assert waiting.status == "requires_confirmation"
    assert client.v1.setup_intents.confirm(waiting.id).status == "succeeded"


def test_3d_secure_at_saving_lets_later_renewals_pass(
    client: stripe.StripeClient, act: Callable[..., dict[str, Any]], customer: stripe.Customer
) -> None:
    """docs.stripe.com/testing#regulatory-cards: this card needs authentication unless it was set up."""
    setup = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    )
    assert setup.status == "requires_action"
    act("authenticate_setup", setup_intent=setup.id, success=True)
    setup = client.v1.setup_intents.retrieve(setup.id)
    assert setup.status == "succeeded"
    begun = subscribe(
        client, customer.id, price(client, 900).id, default_payment_method=setup.payment_method, off_session=True
    )
    assert begun.status == "active"


def test_a_failed_3d_secure_saves_nothing_and_another_card_may_follow(
    client: stripe.StripeClient, act: Callable[..., dict[str, Any]], customer: stripe.Customer
) -> None:
    setup = client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://acme.example/back",
        }
    )
    assert setup.next_action is not None
    assert setup.next_action.type == "redirect_to_url"
    act("authenticate_setup", setup_intent=setup.id, success=False)
    failed = client.v1.setup_intents.retrieve(setup.id)
    assert failed.last_setup_error is not None
    assert (failed.status, failed.last_setup_error.code) == (
        "requires_payment_method",
        "setup_intent_authentication_failure",
    )
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
    assert client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    with pytest.raises(StripeError, match="Nothing to authenticate"):
        act("authenticate_setup", setup_intent=setup.id)


def test_a_declined_card_is_a_402_that_leaves_the_intent_open(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    setup = client.v1.setup_intents.create({"customer": customer.id})
    with pytest.raises(stripe.CardError) as refused:
        client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa_chargeDeclinedLostCard"})
    assert in_error(refused.value, "decline_code") == "lost_card"
    assert in_error(refused.value, "setup_intent")["id"] == setup.id
    setup = client.v1.setup_intents.retrieve(setup.id)
    assert setup.last_setup_error is not None
    assert (setup.status, setup.last_setup_error.decline_code) == ("requires_payment_method", "lost_card")
    assert event_types(client)[-1] == "setup_intent.setup_failed"


def test_only_an_open_intent_is_confirmed_or_canceled(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/setup_intents/cancel"""
    setup = client.v1.setup_intents.create({"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.setup_intents.confirm(setup.id)
    canceled = client.v1.setup_intents.cancel(setup.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    for again in (client.v1.setup_intents.cancel, client.v1.setup_intents.confirm):
        with pytest.raises(stripe.InvalidRequestError, match="status of canceled") as refused:
            again(setup.id)
        assert in_error(refused.value, "code") == "setup_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError, match="confirm is not true"):
        client.v1.setup_intents.create({"return_url": "https://acme.example"})
