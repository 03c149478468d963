"""docs.stripe.com/api/idempotent_requests, against the real SDK."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.sandbox.conftest import DAY, default_card, in_error

KEY: stripe.RequestOptions = {"idempotency_key": "operation-1"}


def count(client: stripe.StripeClient) -> int:
    return len(client.v1.customers.list({"limit": 100}).data)


def test_the_same_key_replays_the_first_answer(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"name": "Ada"}, KEY)
    again = client.v1.customers.create({"name": "Ada"}, KEY)
    assert again.id == first.id
    assert again.last_response is not None
    assert first.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert count(client) == 1


def test_other_parameters_under_the_same_key_are_an_error(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"name": "Ada"}, KEY)
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"name": "Eve"}, KEY)
    assert count(client) == 1


def test_another_endpoint_under_the_same_key_is_an_error(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada"}, KEY)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.update(made.id, {"name": "Ada"}, KEY)


def test_a_failure_after_execution_began_is_replayed(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """A decline is stored: the retry of a declined payment needs a new key."""
    params = {"amount": 900, "currency": "usd", "customer": customer.id, "confirm": True}
    declined = {**params, "payment_method": "pm_card_visa_chargeDeclined"}
    with pytest.raises(stripe.CardError) as first:
        client.v1.payment_intents.create(declined, KEY)  # pyright: ignore[reportArgumentType] - a merged literal
    with pytest.raises(stripe.CardError) as again:
        client.v1.payment_intents.create(declined, KEY)  # pyright: ignore[reportArgumentType] - a merged literal
    assert first.value.json_body == again.value.json_body
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_validation_failure_is_not_stored(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"nmae": "Ada"}, KEY)  # pyright: ignore[reportArgumentType] - the point
    assert client.v1.customers.create({"name": "Ada"}, KEY).name == "Ada"


def test_a_500_after_execution_is_stored_and_replayed(app: Sandbox, client: stripe.StripeClient) -> None:
    app.faults.add(Fault("error_after", "POST"))
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.customers.create({"name": "Ada"}, KEY)
        assert failed.value.http_status == 500
    assert count(client) == 1


def test_a_500_before_execution_is_not_stored(app: Sandbox, client: stripe.StripeClient) -> None:
    app.faults.add(Fault("error_before", "POST"))
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Ada"}, KEY)
    assert count(client) == 0
    client.v1.customers.create({"name": "Ada"}, KEY)
    assert count(client) == 1


def test_keys_are_forgotten_after_24_hours(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    first = client.v1.customers.create({"name": "Ada"}, KEY)
    advance(DAY - 1)
    assert client.v1.customers.create({"name": "Ada"}, KEY).id == first.id
    advance(1)
    assert client.v1.customers.create({"name": "Ada"}, KEY).id != first.id


def test_a_key_in_flight_is_a_conflict(
    app: Sandbox, client: stripe.StripeClient, customer: stripe.Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads, one key: one executes, the other is told 409 `idempotency_key_in_use`, which is not stored."""
    waiting, release = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        waiting.set()
        assert release.wait(60)

    monkeypatch.setattr("tools.stripe_asgi.time", SimpleNamespace(sleep=sleep))
    app.faults.add(Fault("delay", "POST", "/v1/payment_intents", seconds=1))
    params: Any = {
        "amount": 500,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": default_card(customer),
        "confirm": True,
    }
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(client.v1.payment_intents.create, params, KEY)
        assert waiting.wait(60)
        with pytest.raises(stripe.APIError) as conflict:
            client.v1.payment_intents.create(params, KEY)
        release.set()
        paid = slow.result()
    assert (conflict.value.http_status, in_error(conflict.value, "code")) == (409, "idempotency_key_in_use")
    assert client.v1.payment_intents.create(params, KEY).id == paid.id
    assert len(client.v1.charges.list().data) == 1


def test_gets_ignore_keys(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada"})
    client.v1.customers.retrieve(made.id, None, KEY)
    assert client.v1.customers.create({"name": "Eve"}, KEY).name == "Eve"


def test_a_key_has_at_most_255_characters(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k" * 256})
