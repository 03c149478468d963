"""Queued faults: what the SDK sees, and whether the request was executed."""

from typing import Any

import anyio
import pytest
import stripe

from sandbox.errors import StripeError
from sandbox.faults import KINDS, Fault
from sandbox.server import Sandbox
from tests.sandbox.sdk_routes import CheckedApp
from tools.stripe_asgi import AsgiHTTPClient

KEY: stripe.RequestOptions = {"idempotency_key": "once"}


@pytest.mark.parametrize(
    ("kind", "error", "executed"),
    [
        ("rate_limit", stripe.RateLimitError, False),
        ("lock_timeout", stripe.RateLimitError, False),
        ("key_expired", stripe.AuthenticationError, False),
        ("permission_missing", stripe.PermissionError, False),
        ("error_before", stripe.APIError, False),
        ("unavailable", stripe.APIError, False),
        ("key_in_use", stripe.APIError, False),
        ("error_after", stripe.APIError, True),
        ("bad_gateway", stripe.APIError, True),
        ("garbled", stripe.APIError, True),
        ("cut", stripe.APIConnectionError, True),
        ("lost_before", stripe.APIConnectionError, False),
        ("lost_after", stripe.APIConnectionError, True),
        ("timeout_before", stripe.APIConnectionError, False),
        ("timeout_after", stripe.APIConnectionError, True),
    ],
)
def test_each_fault(
    app: Sandbox, client: stripe.StripeClient, kind: str, error: type[stripe.StripeError], executed: bool
) -> None:
    """docs.stripe.com/error-handling, docs.stripe.com/error-low-level"""
    app.faults.add(Fault(kind, "POST", "^/v1/customers$"))
    with pytest.raises(error):
        client.v1.customers.create({"name": "Ada"}, KEY)
    assert len(client.v1.customers.list().data) == executed
    if kind != "error_after":
        made = client.v1.customers.create({"name": "Ada"}, KEY)
        assert made.last_response is not None
        assert ("Idempotent-Replayed" in made.last_response.headers) == executed
    assert len(client.v1.customers.list().data) == 1


def test_every_kind_is_tested_here() -> None:
    [marked] = [mark for mark in test_each_fault.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {case[0] for case in marked.args[1]} | {"delay"} == set(KINDS)


def test_the_sdk_retries_a_lost_answer_with_one_effect(app: Sandbox, checked: CheckedApp) -> None:
    """docs.stripe.com/error-low-level#network-failures: the SDK sends the same key again"""
    patient = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(checked), max_network_retries=2)
    app.faults.add(Fault("lost_after", "POST"))
    patient.v1.customers.create({"name": "Ada"})
    assert len(patient.v1.customers.list().data) == 1


def test_faults_can_skip_and_repeat(app: Sandbox, client: stripe.StripeClient) -> None:
    app.faults.add(Fault("rate_limit", "GET", "customers", count=2, skip=1))
    client.v1.customers.list()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.list()
    client.v1.customers.list()
    assert app.faults.waiting() == []


async def test_async_calls_meet_the_same_faults(app: Sandbox, client: stripe.StripeClient) -> None:
    app.faults.add(Fault("lost_after", "POST"))
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.customers.create_async({"name": "Ada"}, KEY)
    made = await client.v1.customers.create_async({"name": "Ada"}, KEY)
    assert [each.id for each in (await client.v1.customers.list_async()).data] == [made.id]


async def test_a_delay_lets_others_pass(app: Sandbox, client: stripe.StripeClient) -> None:
    app.faults.add(Fault("delay", "POST", seconds=0.2))
    order: list[str | None] = []

    async def make(name: str) -> None:
        order.append((await client.v1.customers.create_async({"name": name})).name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(make, "slow")
        await anyio.sleep(0.05)
        tasks.start_soon(make, "quick")
    assert order == ["quick", "slow"]


@pytest.mark.parametrize("wrong", [{"kind": "meteor"}, {"kind": "delay", "path": "("}])
def test_a_wrong_fault_is_refused(wrong: Any) -> None:
    with pytest.raises(StripeError):
        Fault(**wrong)
