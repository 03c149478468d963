"""Webhook endpoints and what is delivered to them (docs.stripe.com/webhooks, docs.stripe.com/api/webhook_endpoints)."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox.deliveries import PAUSES, listed
from sandbox.delivering import AT_ONCE, Deliverer
from sandbox.serve import LOOPBACK, server
from sandbox.server import Sandbox, create_app
from sandbox.world import World
from tests.sandbox.conftest import START
from tests.sandbox.webhook_inbox import Inbox
from tools.stripe_asgi import AsgiHTTPClient

KEY = {"Authorization": "Bearer sk_test_webhooks"}
Act = Callable[..., dict[str, Any]]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


def register(client: stripe.StripeClient, url: str, *events: Any) -> stripe.WebhookEndpoint:
    return client.v1.webhook_endpoints.create({"url": url, "enabled_events": list(events or ("*",))})


def deliver(app: Sandbox) -> int:
    return asyncio.run(Deliverer(app.world).deliver_due())


def test_the_secret_is_shown_once(client: stripe.StripeClient, app: Sandbox) -> None:
    """docs.stripe.com/api/webhook_endpoints/object: `secret` is only returned at creation"""
    made = register(client, "http://127.0.0.1:8000/hook", "invoice.paid", "invoice.paid", "charge.refunded")
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert (made.status, made.enabled_events) == ("enabled", ["invoice.paid", "charge.refunded"])
    again = client.v1.webhook_endpoints.retrieve(made.id)
    assert "secret" not in again
    assert again.to_dict() == {name: value for name, value in made.to_dict().items() if name != "secret"}
    assert made.secret not in str(app.world.snapshot())
    register(client, "http://127.0.0.1:8000/other")
    assert [one.url[-5:] for one in client.v1.webhook_endpoints.list().data] == ["other", "/hook"]


def test_changing_and_deleting(client: stripe.StripeClient) -> None:
    made = register(client, "http://127.0.0.1:8000/hook")
    changed = client.v1.webhook_endpoints.update(
        made.id,
        {"url": "http://127.0.0.1:8001/", "enabled_events": ["refund.failed"], "disabled": True, "description": "desk"},
    )
    assert (changed.url, changed.enabled_events) == ("http://127.0.0.1:8001/", ["refund.failed"])
    assert (changed.status, changed.description) == ("disabled", "desk")
    assert client.v1.webhook_endpoints.update(made.id, {"disabled": False}).status == "enabled"
    assert client.v1.webhook_endpoints.delete(made.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.retrieve(made.id)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/",
        "http://example.com/",
        "http://localhost:8000/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://me@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/a b",
        "http://[::1]:8000/",
        "nonsense",
    ],
)
def test_nothing_is_delivered_to_another_machine(client: stripe.StripeClient, url: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"127\.0\.0\.1 only"):
        register(client, url)
    made = register(client, "http://127.0.0.1:8000/")
    with pytest.raises(stripe.InvalidRequestError, match=r"127\.0\.0\.1 only"):
        client.v1.webhook_endpoints.update(made.id, {"url": url})


@pytest.mark.parametrize("name", ["everything", "invoice.*", "Invoice.paid"])
def test_an_event_has_to_be_named(client: stripe.StripeClient, name: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="must be `\\*` or an event"):
        register(client, "http://127.0.0.1:8000/", name)


def test_sixteen_endpoints_at_most(client: stripe.StripeClient) -> None:
    for port in range(16):
        register(client, f"http://127.0.0.1:{8000 + port}/")
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16"):
        register(client, "http://127.0.0.1:9000/")


def test_an_event_arrives_signed(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    """docs.stripe.com/webhooks/signature; the endpoint's clock is real, the sandbox's stands in 2026"""
    secret = register(client, inbox.url).secret
    made = client.v1.customers.create({"name": "Ada Ünal"})
    assert deliver(app) == 1
    [event] = inbox.events(str(secret))
    assert (event.type, event.data.object["id"], event.data.object["name"]) == ("customer.created", made.id, "Ada Ünal")
    assert event.pending_webhooks == 1
    body, signed = inbox.received[0]
    for wrong in ((body.replace(b"Ada", b"Eve"), signed, secret), (body, signed, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(wrong[0], wrong[1], wrong[2])
    assert deliver(app) == 0


def test_pending_until_every_endpoint_has_taken_it(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    """docs.stripe.com/api/events/object: pending_webhooks; docs.stripe.com/api/events/list: delivery_success"""
    first = client.v1.customers.create({"name": "Before"})
    register(client, inbox.url)
    register(client, inbox.url, "customer.created", "invoice.paid")
    register(client, inbox.url, "invoice.paid")
    client.v1.customers.create({"name": "Ada"})
    newest, before = client.v1.events.list().data
    assert (newest.pending_webhooks, before.pending_webhooks) == (2, 0)
    assert before.data.object["id"] == first.id
    inbox.statuses = [500]
    assert deliver(app) == 2
    assert client.v1.events.retrieve(newest.id).pending_webhooks == 1
    assert [event.id for event in client.v1.events.list({"delivery_success": False}).data] == [newest.id]
    assert [event.id for event in client.v1.events.list({"delivery_success": True}).data] == [before.id]


def test_retries_with_growing_pauses_for_three_days(
    client: stripe.StripeClient, app: Sandbox, inbox: Inbox, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/webhooks: up to three days, with an exponential back-off"""
    register(client, inbox.url)
    client.v1.customers.create({"name": "Ada"})
    inbox.statuses = [500] * 100
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES) <= 3 * 86_400
    assert deliver(app) == 1
    for pause in PAUSES:
        assert deliver(app) == 0
        advance(pause - 1)
        assert deliver(app) == 0
        advance(1)
        assert deliver(app) == 1
    advance(30 * 86_400)
    assert deliver(app) == 0
    [told] = listed(app.world)
    assert (told["state"], told["next_at"], len(told["tries"])) == ("failed", None, 1 + len(PAUSES))
    assert len({body for body, _ in inbox.received}) == 1


def test_what_does_not_answer_is_tried_again(
    client: stripe.StripeClient, app: Sandbox, inbox: Inbox, advance: Callable[[int], int]
) -> None:
    register(client, inbox.url)
    inbox.close()
    client.v1.customers.create({"name": "Ada"})
    assert deliver(app) == 1
    [told] = listed(app.world)
    at = int(START.timestamp())
    assert told["tries"] == [{"at": at, "status": None, "error": "ConnectError"}]
    assert (told["type"], told["state"], told["next_at"]) == ("customer.created", "pending", at + PAUSES[0])


def test_a_redirect_is_not_followed(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    """docs.stripe.com/webhooks: redirects are failures"""
    register(client, inbox.url)
    client.v1.customers.create({"name": "Ada"})
    inbox.statuses = [302]
    deliver(app)
    assert len(inbox.received) == 1
    assert [told["state"] for told in listed(app.world)] == ["pending"]


def test_the_sandbox_is_free_while_an_endpoint_thinks(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    """An endpoint asks back before it answers, as Stripe advises (fetch the present state): neither waits for ever."""
    register(client, inbox.url, "customer.created")
    free: list[bool] = []

    def ask_back() -> None:
        taken = app.world.lock.acquire(timeout=2)
        free.append(taken)
        if taken:
            with app.world.transaction():
                app.world.set_setting("asked", True)
            app.world.lock.release()

    inbox.meanwhile = ask_back
    client.v1.customers.create({"name": "Ada"})
    assert deliver(app) == 1
    assert free == [True]


def test_disabled_or_gone_when_its_turn_comes(
    client: stripe.StripeClient, app: Sandbox, inbox: Inbox, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/webhooks: no retries then; disabled and enabled again in time, they go on"""
    made = register(client, inbox.url, "customer.created")
    gone = register(client, inbox.url, "customer.created")
    client.v1.customers.create({"name": "Ada"})
    client.v1.webhook_endpoints.delete(gone.id)
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    client.v1.customers.create({"name": "Not told"})
    client.v1.webhook_endpoints.update(made.id, {"disabled": False})
    deliver(app)
    assert len(inbox.received) == 1
    assert sorted(told["state"] for told in listed(app.world)) == ["delivered", "dropped"]
    client.v1.customers.create({"name": "Bob"})
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    deliver(app)
    advance(86_400)
    deliver(app)
    assert len(inbox.received) == 1


def test_a_request_that_is_refused_tells_nobody(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    register(client, inbox.url)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"name": "Ada", "invoice_settings": {"default_payment_method": "pm_none"}})
    assert deliver(app) == 0


def test_resending(client: stripe.StripeClient, app: Sandbox, inbox: Inbox, act: Act) -> None:
    """`stripe events resend` (docs.stripe.com/cli/events/resend)"""
    made = register(client, inbox.url)
    client.v1.customers.create({"name": "Ada"})
    deliver(app)
    [event] = client.v1.events.list().data
    assert act("resend_event", event=event.id)["pending_webhooks"] == 1
    deliver(app)
    assert [each.id for each in inbox.events(str(made.secret))] == [event.id, event.id]
    late = register(client, inbox.url, "invoice.paid")
    act("resend_event", event=event.id, webhook_endpoint=late.id)
    deliver(app)
    assert stripe.Webhook.construct_event(*inbox.received[-1], str(late.secret)).id == event.id
    assert [len(told["tries"]) for told in listed(app.world, event.id)] == [1, 2]


def test_deliveries_are_listed_by_the_control(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    one, two = register(client, inbox.url), register(client, inbox.url)
    client.v1.customers.create({"name": "Ada"})

    async def asked(query: str) -> list[dict[str, Any]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            return (await http.get(f"/_sandbox/deliveries{query}")).json()["deliveries"]

    assert {told["endpoint"] for told in asyncio.run(asked(""))} == {one.id, two.id}
    assert [told["endpoint"] for told in asyncio.run(asked(f"?endpoint={one.id}"))] == [one.id]
    assert asyncio.run(asked("?event=evt_none")) == []


def test_a_restart_goes_on_where_it_was(tmp_path: Path, inbox: Inbox) -> None:
    path = tmp_path / "world.sqlite3"
    app = create_app(path, start=START)
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app), max_network_retries=0)
    secret = str(register(client, inbox.url).secret)
    client.v1.customers.create({"name": "Ada"})
    inbox.statuses = [500]
    deliver(app)
    client.v1.customers.create({"name": "Bob"})
    app.world.close()

    again = World(path)
    assert deliver(create_app(world=again)) == 1
    with again.transaction():
        again.set_setting("clock", {"frozen": int(START.timestamp()) + PAUSES[0]})
    assert deliver(create_app(world=again)) == 1
    assert [event.data.object["name"] for event in inbox.events(secret)] == ["Ada", "Bob", "Ada"]
    assert {told["state"] for told in listed(again)} == {"delivered"}
    again.close()


def test_many_at_once_arrive_once_each(client: stripe.StripeClient, app: Sandbox, inbox: Inbox) -> None:
    register(client, inbox.url)
    made = [client.v1.customers.create({"name": f"Customer {n}"}).id for n in range(40)]
    assert deliver(app) == 40
    assert sorted(json.loads(body)["data"]["object"]["id"] for body, _ in inbox.received) == sorted(made)


async def test_a_slow_endpoint_keeps_no_other_waiting(app: Sandbox, inbox: Inbox) -> None:
    slow, enough = Inbox(), threading.Event()
    slow.meanwhile = lambda: enough.wait(10)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox", headers=KEY)
    running = asyncio.create_task(Deliverer(app.world).run())
    try:
        for url in (slow.url, inbox.url):
            (await http.post("/v1/webhook_endpoints", data={"url": url, "enabled_events[]": "*"})).raise_for_status()
        for n in range(12):
            (await http.post("/v1/customers", data={"name": f"Customer {n}"})).raise_for_status()
        while len(inbox.received) < 12:
            await asyncio.sleep(0.02)
        assert len(slow.received) == AT_ONCE
    finally:
        enough.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await http.aclose()
        slow.close()


def test_a_served_sandbox_delivers_by_itself(inbox: Inbox) -> None:
    served = server(None, port=0)
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        wait_until(lambda: served.started)
        url = f"http://{LOOPBACK}:{served.servers[0].sockets[0].getsockname()[1]}"
        made = httpx.post(f"{url}/v1/webhook_endpoints", data=hook(inbox), headers=KEY).raise_for_status().json()
        httpx.post(f"{url}/v1/customers", data={"name": "Ada"}, headers=KEY).raise_for_status()
        wait_until(lambda: inbox.received)
        [event] = inbox.events(made["secret"])
        assert event.type == "customer.created"
    finally:
        served.should_exit = True
        thread.join()


@pytest.mark.process
def test_killed_while_an_endpoint_thinks_it_sends_again(tmp_path: Path, inbox: Inbox) -> None:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    url = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "sandbox", "--file", str(tmp_path / "w.sqlite3"), "--port", str(port)]
    thinking, killed = threading.Event(), threading.Event()

    def think() -> None:
        thinking.set()
        killed.wait(10)

    inbox.meanwhile = think
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: answers(url))
        made = httpx.post(f"{url}/v1/webhook_endpoints", data=hook(inbox), headers=KEY).raise_for_status().json()
        httpx.post(f"{url}/v1/customers", data={"name": "Ada"}, headers=KEY).raise_for_status()
        assert thinking.wait(10)
    finally:
        process.kill()
        process.wait()
        killed.set()
    inbox.meanwhile = None
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: len(inbox.received) == 2)
        wait_until(lambda: httpx.get(f"{url}/v1/events", headers=KEY).json()["data"][0]["pending_webhooks"] == 0)
    finally:
        process.kill()
        process.wait()
    first, second = inbox.events(made["secret"])
    assert first.id == second.id


def hook(inbox: Inbox) -> dict[str, str]:
    return {"url": inbox.url, "enabled_events[0]": "customer.created"}


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_sandbox/clock").is_success
    except httpx.ConnectError:
        return False


def wait_until(true: Callable[[], Any], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
