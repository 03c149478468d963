"""A sandbox in memory, called by the real SDK in process; every exchange is checked against the SDK's types."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from sandbox import clock
from sandbox.control import perform
from sandbox.server import Sandbox, create_app
from tests.sandbox.billing import price, subscribe
from tests.sandbox.browser import Browser
from tests.sandbox.sdk_routes import CheckedApp
from tools.stripe_asgi import AsgiHTTPClient

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = 24 * 3600


@pytest.fixture
def app() -> Sandbox:
    return create_app(seed="tests", start=START)


@pytest.fixture
def checked(app: Sandbox) -> Iterator[CheckedApp]:
    wrapped = CheckedApp(app)
    yield wrapped
    assert wrapped.violations == []


@pytest.fixture
def client(checked: CheckedApp) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_sandbox", http_client=AsgiHTTPClient(checked), max_network_retries=0)


@pytest.fixture
def browser(app: Sandbox) -> Browser:
    return Browser(app)


@pytest.fixture
def advance(app: Sandbox) -> Callable[[int], int]:
    """Move the clock by seconds; returns how many hooks ran."""
    return lambda seconds: clock.advance_to(app.world, clock.now(app.world) + seconds)


@pytest.fixture
def act(app: Sandbox) -> Callable[..., dict[str, Any]]:
    """Run a control action: `act("create_dispute", charge="ch_…")`."""

    return lambda name, **body: perform(app.world, name, body)


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    """A customer whose default card is a good Visa."""
    made = client.v1.customers.create({"email": "ada@example.com", "payment_method": "pm_card_visa"})
    card = client.v1.customers.payment_methods.list(made.id).data[0]
    return client.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": card.id}})


@pytest.fixture
def basic(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 1000, name="Basic")


@pytest.fixture
def pro(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 2000, name="Pro")


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer, basic: stripe.Price) -> stripe.Subscription:
    return subscribe(client, customer.id, basic.id)


@pytest.fixture
def charge(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Charge:
    """A succeeded charge of 20.00 USD on the customer's card."""
    return charged(client, customer=customer.id, payment_method=default_card(customer))


def default_card(customer: stripe.Customer) -> str:
    assert customer.invoice_settings is not None
    return str(customer.invoice_settings.default_payment_method)


def charged(client: stripe.StripeClient, **params: Any) -> stripe.Charge:
    """The charge of a confirmed PaymentIntent over 20.00 USD (or other `params`)."""
    whole: Any = {"amount": 2000, "currency": "usd", "confirm": True, **params}
    intent = client.v1.payment_intents.create(whole)
    return client.v1.charges.retrieve(str(intent.latest_charge))


def in_error(error: stripe.StripeError, name: str) -> Any:
    """A field of the error's body: the SDK's attributes miss some (`APIError.code`)."""
    body: Any = error.json_body
    return body["error"].get(name)
