"""Whatever is done in whatever order, billing's money adds up: random requests and passing time, then the books."""

import re
from typing import Any
from urllib.parse import quote

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import clock, endpoints
from sandbox.parameters import Boolean, Choice, Fields, Integer, Kind, Many, Metadata, OneOf, Timestamp
from sandbox.server import Sandbox, create_app
from sandbox.world import World
from tests.sandbox.billing import DAY, HOUR, price, subscribe, use_card
from tests.sandbox.conftest import START
from tests.sandbox.sdk_routes import check_exchange
from tests.sandbox.sdk_types import check_object
from tools.stripe_asgi import AsgiHTTPClient

HEADERS = {"Authorization": "Bearer sk_test_x"}
SECTIONS = ("billing_portal", "invoice_payments", "invoiceitems", "invoices", "prices", "subscriptions")
ROUTES = {
    f"{route.method} {route.path}": route
    for route in endpoints.ALL
    if route.path.split("/")[2] in SECTIONS or route.path.endswith("balance_transactions")
}
WRITES = sorted(label for label in ROUTES if not label.startswith("GET"))
# Which ids a parameter or a path is about.
KINDS = {
    "coupon": "price_",
    "customer": "cus_",
    "customers": "cus_",
    "default_payment_method": "pm_",
    "id": "si_",
    "invoice": "in_",
    "invoice_payments": "inpay_",
    "invoiceitems": "ii_",
    "invoices": "in_",
    "payment_intent": "pi_",
    "payment_method": "pm_",
    "price": "price_",
    "prices": "price_",
    "product": "prod_",
    "subscription": "sub_",
    "subscriptions": "sub_",
}
Pairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def shared() -> Sandbox:
    """A customer with a monthly, a yearly and a trial subscription, a draft, an open invoice and a pending item."""
    app = create_app(seed="money", start=START)
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app))
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"}).id
    use_card(client, customer, "pm_card_visa")
    client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    monthly, yearly = price(client, 2000), price(client, 19_000, "year")
    price(client, 0)
    price(client, 333, None)
    subscribe(client, customer, monthly.id, quantity=3)
    subscribe(client, customer, yearly.id)
    subscribe(client, customer, monthly.id, trial_period_days=10)
    for _ in range(2):
        draft = client.v1.invoices.create({"customer": customer})
        client.v1.invoice_items.create({"customer": customer, "amount": 1500, "currency": "usd", "invoice": draft.id})
    client.v1.invoices.finalize_invoice(client.v1.invoices.list({"status": "draft"}).data[0].id)
    client.v1.invoice_items.create({"customer": customer, "amount": -700, "currency": "usd"})
    return app


def plausible(name: str, kind: Kind) -> st.SearchStrategy[Pairs]:
    """Suffixes and values for one parameter; `@in_3` stands for the fourth invoice of that moment."""
    if isinstance(kind, Fields):
        return some_of(dict(kind.spec)).map(lambda pairs: [(_nested(key), value) for key, value in pairs])
    if isinstance(kind, Many):
        return plausible(name, kind.of).map(lambda pairs: [(f"[0]{suffix}", value) for suffix, value in pairs])
    if isinstance(kind, OneOf):
        return st.one_of([plausible(name, each) for each in kind.kinds])
    if isinstance(kind, Metadata):
        return st.just([("[k]", "v")])
    values: st.SearchStrategy[str]
    if isinstance(kind, Choice):
        values = st.sampled_from(kind.words)
    elif isinstance(kind, Boolean):
        values = st.sampled_from(["true", "false"])
    elif isinstance(kind, Timestamp):
        values = st.integers(-5, 60).map(lambda days: str(int(START.timestamp()) + days * DAY + 4321))
    elif isinstance(kind, Integer):
        values = st.one_of(st.integers(-3000, 9000), st.integers(0, 5)).map(str)
    elif name in KINDS:
        values = st.integers(0, 6).map(lambda index: f"@{KINDS[name]}{index}")
    else:
        values = st.sampled_from(["usd", "1.5", "note"])
    return values.map(lambda value: [("", value)])


def _nested(name: str) -> str:
    head, bracket, rest = name.partition("[")
    return f"[{head}]{bracket}{rest}"


@st.composite
def some_of(draw: st.DrawFn, spec: dict[str, Kind]) -> Pairs:
    """The required parameters and some of the others."""
    pairs: Pairs = []
    for name, kind in spec.items():
        if kind.required or draw(st.integers(0, 9)) < 3:
            pairs += [(name + suffix, value) for suffix, value in draw(plausible(name, kind))]
    return pairs


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, str, Pairs, int]:
    """A request (mostly one that writes), the object in its path, and the seconds that pass afterwards."""
    label = draw(st.sampled_from(WRITES) | st.sampled_from(WRITES) | st.sampled_from(sorted(ROUTES)))
    section = label.split("/")[2]
    target = f"@{KINDS.get(section, 'cus_')}{draw(st.integers(0, 6))}"
    passing = draw(st.sampled_from([0, 0, HOUR, 2 * DAY + 7, 9 * DAY, 31 * DAY]))
    return label, target, draw(some_of(dict(ROUTES[label].parameters))), passing


def resolved(world: World, value: str) -> str:
    match = re.fullmatch(r"@([a-z_]+)([0-9]+)", value)
    if match is None:
        return value
    known = [row[0] for row in world.rows("SELECT id FROM objects WHERE id LIKE ? ORDER BY seq", (match[1] + "%",))]
    if match[1] == "si_":
        known = [i["id"] for s in reversed(world.select("subscription")) for i in s["items"]["data"]]
    return known[int(match[2]) % len(known)] if known else match[1] + "none"


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(done=st.lists(steps(), min_size=1, max_size=10))
def test_the_books_add_up(shared: Sandbox, done: list[tuple[str, str, Pairs, int]]) -> None:
    """docs.stripe.com/billing/customer/balance and docs.stripe.com/api/invoices/object; each answer and each
    event also has the SDK's types"""
    app = create_app(world=shared.world.copy())
    world = app.world
    for label, target, pairs, passing in done:
        route = ROUTES[label]
        path = re.sub(r"\{\w+\}", quote(resolved(world, target), safe=""), route.path)
        form = "&".join(f"{quote(name, safe='[]')}={quote(resolved(world, value))}" for name, value in pairs)
        query, body = ("", form) if route.method == "POST" else (form, "")
        url = f"http://sandbox{path}?{query}" if query else f"http://sandbox{path}"
        text, status, _ = AsgiHTTPClient(app).request(route.method, url, HEADERS, body)
        assert status < 500
        assert check_exchange(route.method, path, query, body, status, text.encode()) == []
        clock.advance_to(world, clock.now(world) + passing)
        _check_invoices(world)
        _check_balances(world)
        _check_subscriptions(world)
    for event in world.select("event"):
        assert check_object(event, stripe.Event) == []
    world.close()


def _check_invoices(world: World) -> None:
    paid_by = {p["invoice"]: p for p in world.select("invoice_payment")}
    for invoice in world.select("invoice"):
        assert invoice["total"] == sum(line["amount"] for line in invoice["lines"]["data"])
        assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]
        if invoice["status"] == "draft":
            continue
        assert invoice["starting_balance"] + invoice["total"] == invoice["amount_due"] + invoice["ending_balance"]
        payment = paid_by.get(invoice["id"])
        if payment is None:
            assert invoice["amount_due"] == 0
            continue
        intent = world.find("payment_intent", payment["payment"]["payment_intent"])
        assert intent is not None
        assert intent["amount"] == invoice["amount_due"]
        assert (payment["status"] == "paid") == (intent["status"] == "succeeded")
        if payment["status"] == "paid":
            assert invoice["status"] == "paid"
    for intent in world.select("payment_intent"):
        succeeded = world.select("charge", {"payment_intent": intent["id"], "status": "succeeded"})
        assert len(succeeded) == (1 if intent["status"] == "succeeded" else 0)


def _check_balances(world: World) -> None:
    for customer in world.select("customer"):
        moves = world.select("customer_balance_transaction", {"customer": customer["id"]})
        assert customer["balance"] == sum(move["amount"] for move in moves)
        if moves:
            assert moves[0]["ending_balance"] == customer["balance"]


def _check_subscriptions(world: World) -> None:
    now = clock.now(world)
    for subscription in world.select("subscription"):
        items: list[dict[str, Any]] = subscription["items"]["data"]
        assert items
        for item in items:
            assert item["current_period_start"] < item["current_period_end"]
            if subscription["status"] in ("active", "past_due", "trialing", "unpaid"):
                assert item["current_period_start"] <= now < item["current_period_end"]
            for debit in item["_debits"]:
                assert debit["amount"] >= 0
        assert (subscription["ended_at"] is not None) == (subscription["status"] in ("canceled", "incomplete_expired"))
        assert (subscription["status"] == "trialing") <= ((subscription["trial_end"] or 0) > now)
    # No second of an item is credited beyond what was billed for it.
    for item in world.select("invoiceitem"):
        assert item["amount"] <= 0 or not item["proration"] or item["period"]["end"] > item["period"]["start"]
