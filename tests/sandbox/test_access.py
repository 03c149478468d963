"""Keys, labels and versions."""

import base64
from typing import Any

import pytest
import stripe

from sandbox.access import register
from sandbox.server import Sandbox
from tests.sandbox.sdk_routes import CheckedApp
from tools.stripe_asgi import AsgiHTTPClient


def client_with(app: Sandbox | CheckedApp, key: str, **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient(key, http_client=AsgiHTTPClient(app), max_network_retries=0, **options)


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", "sk_test_", "nonsense"])
def test_only_test_keys_open_the_sandbox(app: Sandbox, key: str) -> None:
    """docs.stripe.com/keys"""
    with pytest.raises(stripe.AuthenticationError) as refused:
        client_with(app, key).v1.customers.list()
    assert refused.value.http_status == 401
    assert "abc" not in str(refused.value), "a key is never echoed whole"


def test_a_live_key_is_told_why(app: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError, match="refuses live keys"):
        client_with(app, "sk_live_abc").v1.customers.list()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("Bearer", 401),
        ("Basic !!!", 401),
        (f"Basic {base64.b64encode(b'sk_test_a:').decode()}", 200),
        ("Bearer sk_test_a", 200),
    ],
)
def test_the_authorization_header(app: Sandbox, header: str, status: int) -> None:
    """docs.stripe.com/api/authentication"""
    _, answered, headers = AsgiHTTPClient(app).request("get", "http://sandbox/v1/customers", {"Authorization": header})
    assert answered == status
    assert headers["Sandbox"] == "agent-lee"


def test_a_restricted_key_does_what_it_may(app: Sandbox, checked: CheckedApp) -> None:
    """docs.stripe.com/keys/restricted-api-keys"""
    register(app.world, "rk_test_lee", ["charge_read", "refund_write"])
    lee = client_with(checked, "rk_test_lee")
    assert lee.v1.charges.list().data == []
    assert lee.v1.refunds.list().data == [], "write includes read"
    with pytest.raises(stripe.PermissionError, match="rak_customer_read") as refused:
        lee.v1.customers.list()
    assert refused.value.http_status == 403
    with pytest.raises(stripe.PermissionError, match="rak_payment_intent_write"):
        lee.v1.payment_intents.create({"amount": 100, "currency": "usd"})


def test_an_unregistered_restricted_key_may_do_all(app: Sandbox) -> None:
    assert client_with(app, "rk_test_other").v1.customers.list().data == []


def test_another_api_version_is_refused(app: Sandbox) -> None:
    """docs.stripe.com/api/versioning"""
    with pytest.raises(stripe.InvalidRequestError, match=r"2026-10-28\.endive"):
        client_with(app, "sk_test_a", stripe_version="2024-06-20").v1.customers.list()


def test_everything_is_labelled(app: Sandbox) -> None:
    made = client_with(app, "sk_test_a").v1.customers.create({"name": "Ada"})
    assert made.livemode is False
    assert made.last_response is not None
    headers = made.last_response.headers
    assert headers["Sandbox"] == "agent-lee"
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert headers["Request-Id"].startswith("req_")
