"""No input breaks the sandbox, and no race gets past its rules."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
import stripe
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sandbox import clock, endpoints
from sandbox.faults import Fault
from sandbox.parameters import (
    Boolean,
    Choice,
    Currency,
    DecimalText,
    Fields,
    Integer,
    Kind,
    Many,
    Metadata,
    OneOf,
    Timestamp,
)
from sandbox.server import Sandbox, create_app
from tests.sandbox.conftest import START, charged
from tests.sandbox.sdk_routes import check_exchange
from tools.stripe_asgi import AsgiHTTPClient

HEADERS = {"Authorization": "Bearer sk_test_x"}
WILD = st.one_of(st.text(max_size=12), st.sampled_from(["true", "", "usd", "null", "[]", "0", "-1", "99999999999999"]))
ROUTES = {f"{route.method} {route.path}": route for route in endpoints.ALL}
ID = st.integers(0, 60).map(lambda index: f"@{index}")
OWNERS = {
    "charges": "ch_",
    "customers": "cus_",
    "disputes": "du_",
    "invoiceitems": "ii_",
    "invoices": "in_",
    "payment_intents": "pi_",
    "payment_methods": "pm_",
    "prices": "price_",
    "products": "prod_",
    "refunds": "re_",
    "subscription_items": "si_",
    "subscriptions": "sub_",
}


@pytest.fixture(scope="module")
def shared() -> Sandbox:
    """One world with something of everything in it; the fuzzed requests may change it as they like."""
    app = create_app(seed="fuzz", start=START)
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app))
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    card = client.v1.customers.payment_methods.list(customer.id).data[0].id
    for _ in range(3):
        paid = charged(client, customer=customer.id, payment_method=card)
        client.v1.refunds.create({"charge": paid.id, "amount": 100})
    charged(client, payment_method="pm_card_createDispute")
    return app


def plausible(kind: Kind) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Name suffixes and values that the kind accepts, more or less. `@7` stands for the seventh id at that moment."""
    if isinstance(kind, Fields):
        return fields(kind.spec).map(lambda pairs: [(_nested(name), value) for name, value in pairs])
    if isinstance(kind, Many):
        return plausible(kind.of).map(lambda pairs: [(f"[0]{suffix}", value) for suffix, value in pairs])
    if isinstance(kind, OneOf):
        return st.one_of([plausible(each) for each in kind.kinds])
    if isinstance(kind, Metadata):
        return st.just([("[k]", "v")])
    plain: st.SearchStrategy[str] = {
        Integer: st.integers(-2, 3000).map(str),
        Boolean: st.sampled_from(["true", "false"]),
        Currency: st.sampled_from(["usd", "usd", "USD", "jpy"]),
        Timestamp: st.integers(-90, 90).map(lambda days: str(int(START.timestamp()) + days * 86400)),
        DecimalText: st.sampled_from(["1", "0.5", "-2"]),
    }.get(type(kind), st.sampled_from(["pm_card_visa", "pm_card_chargeCustomerFail", "Ada"]) | ID)
    if isinstance(kind, Choice):
        plain = st.sampled_from(kind.words)
    return plain.map(lambda value: [("", value)])


def _nested(name: str) -> str:
    head, bracket, rest = name.partition("[")
    return f"[{head}]{bracket}{rest}"


@st.composite
def fields(draw: st.DrawFn, spec: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """Some of the declared parameters, the required ones among them nearly always."""
    pairs: list[tuple[str, str]] = []
    for name, kind in spec.items():
        if draw(st.integers(0, 9)) < (9 if kind.required else 2):
            pairs += [(name + suffix, value) for suffix, value in draw(plausible(kind))]
    if draw(st.integers(0, 9)) == 9:
        pairs.append((draw(st.sampled_from(["expand[]", "cat", "[", "a[b", "limit", "customer"])), draw(WILD)))
    return pairs


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]], int]:
    """A route, the id in its path, its parameters, and the days that pass afterwards."""
    label = draw(st.sampled_from(sorted(ROUTES)))
    route = ROUTES[label]
    owned = st.integers(0, 5).map(lambda index: f"@{OWNERS.get(route.path.split('/')[2], '')}{index}")
    some_id = draw(st.one_of(owned, owned, owned, ID, st.text(min_size=1, max_size=8)))
    return label, some_id, draw(fields(route.parameters)), draw(st.sampled_from([0, 0, 0, 0, 1, 31]))


def resolved(app: Sandbox, value: str) -> str:
    """`@ch_2`: the third of the ids that begin with `ch_`, of however many there are."""
    match = re.fullmatch(r"@([a-z]+_)?([0-9]+)", value)
    if match is None:
        return value
    prefix = match[1] or ""
    known = [row[0] for row in app.world.rows("SELECT id FROM objects WHERE type != 'event' ORDER BY seq")]
    known = [id_ for id_ in known if id_.startswith(prefix)] or known
    return known[int(match[2]) % len(known)]


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(requests(), min_size=1, max_size=8))
def test_any_request_gets_an_answer_in_stripes_shape(
    shared: Sandbox, steps: list[tuple[str, str, list[tuple[str, str]], int]]
) -> None:
    """docs.stripe.com/api/errors: a 2xx of the SDK's types, or a 4xx with an error object; never an exception"""
    app = create_app(world=shared.world.copy())
    for label, some_id, pairs, days in steps:
        route = ROUTES[label]
        path = re.sub(r"\{\w+\}", lambda _: quote(resolved(app, some_id), safe=""), route.path)  # noqa: B023 - used at once
        form = "&".join(f"{quote(name, safe='[]')}={quote(resolved(app, value))}" for name, value in pairs)
        query, body = ("", form) if route.method == "POST" else (form, "")
        url = f"http://sandbox{path}?{query}" if query else f"http://sandbox{path}"
        text, status, _ = AsgiHTTPClient(app).request(route.method, url, HEADERS, body)
        event(f"{status // 100}xx")
        assert status < 500
        assert check_exchange(route.method, path, query, body, status, text.encode()) == []
        clock.advance_to(app.world, clock.now(app.world) + days * 86400)
    app.world.close()


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer(shared: Sandbox, body: bytes) -> None:
    for path in ("/v1/customers", "/_sandbox/clock", "/_sandbox/faults", "/_sandbox/keys"):
        text, status, _ = AsgiHTTPClient(shared).request("POST", f"http://sandbox{path}", HEADERS, body)
        assert status in (200, 400), text
        json.loads(text)
    shared.faults.clear()


def test_racing_refunds_never_exceed_the_charge(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/refunds, with 32 threads asking for 300 of 2000 each"""

    def refund(_: int) -> bool:
        try:
            client.v1.refunds.create({"charge": charge.id, "amount": 300})
        except stripe.InvalidRequestError:
            return False
        return True

    with ThreadPoolExecutor(32) as threads:
        granted = sum(threads.map(refund, range(32)))
    assert granted == 6
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 1800


def test_racing_requests_with_one_key_have_one_effect(
    app: Sandbox, client: stripe.StripeClient, charge: stripe.Charge
) -> None:
    """docs.stripe.com/api/idempotent_requests: 32 threads, one key, slow answers"""
    app.faults.add(Fault("delay", "POST", "refunds", count=4, seconds=0.05))

    def refund(_: int) -> str:
        try:
            made = client.v1.refunds.create({"charge": charge.id, "amount": 300}, {"idempotency_key": "one"})
        except stripe.APIError as conflict:
            return str(conflict.http_status)
        return made.id

    with ThreadPoolExecutor(32) as threads:
        outcomes = set(threads.map(refund, range(32)))
    assert len(outcomes - {"409"}) == 1
    assert len(client.v1.refunds.list().data) == 1


def test_nothing_is_live(shared: Sandbox) -> None:
    for objects in shared.world.snapshot().values():
        assert all(obj.get("livemode", False) is False for obj in objects.values())
