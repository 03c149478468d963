"""The clock, the durable file, transactions, snapshots and replayable ids."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox import clock
from sandbox.calls import Call
from sandbox.clock import HOOKS, timer
from sandbox.errors import StripeError
from sandbox.server import Sandbox, create_app
from sandbox.world import World
from tests.sandbox.conftest import START, charged
from tools.stripe_asgi import AsgiHTTPClient


def control(app: Sandbox, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """A request to the sandbox's own controls."""
    sent = None if body is None else json.dumps(body)
    text, status, _ = AsgiHTTPClient(app).request(method, f"http://sandbox/_sandbox/{path}", {}, sent)
    return status, json.loads(text)


@pytest.fixture
def ticks() -> Any:
    """A hook that notes when it ran and plans itself once more, a day later."""
    seen: list[tuple[str, int]] = []

    @timer("test.tick")
    def tick(call: Call, target: str) -> None:
        seen.append((target, call.now))
        call.create("customer", {"id": f"cus_{target}{len(seen)}"}, "customer.created")
        if len(seen) < 4:
            call.schedule(call.now + 86400, "test.tick", target)

    yield seen
    del HOOKS["test.tick"]


def test_moving_the_clock_runs_what_falls_due_in_order(app: Sandbox, ticks: list[tuple[str, int]]) -> None:
    """docs.stripe.com/billing/testing/test-clocks"""
    begin = clock.now(app.world)
    call = Call(app.world)
    call.schedule(begin + 50, "test.tick", "b")
    call.schedule(begin + 10, "test.tick", "a")
    call.schedule(begin + 99, "test.tick", "gone")
    call.unschedule("test.tick", "gone")
    assert control(app, "POST", "clock", {"advance": 9})[1]["ran"] == 0
    status, state = control(app, "POST", "clock", {"advance": 86400 + 10})
    assert (status, state["ran"], state["now"]) == (200, 3, begin + 86400 + 19)
    assert ticks == [("a", begin + 10), ("b", begin + 50), ("a", begin + 86410)]
    created = [each["created"] for each in app.world.select("customer")]
    assert created == [begin + 86410, begin + 50, begin + 10]
    assert state["planned"] == [
        {"at": begin + 86450, "kind": "test.tick", "target": "b"},
        {"at": begin + 2 * 86400 + 10, "kind": "test.tick", "target": "a"},
    ]


def test_a_hook_that_raises_stops_the_clock_there(app: Sandbox, ticks: list[tuple[str, int]]) -> None:
    begin = clock.now(app.world)
    Call(app.world).create("customer", {"id": "cus_a"})
    Call(app.world).schedule(begin + 10, "test.tick", "a")

    def broken(call: Call, _: str) -> None:
        call.remove(call.need("customer", "cus_a"))
        call.need("charge", "ch_none")

    HOOKS["test.tick"] = broken
    with pytest.raises(StripeError):
        clock.advance_to(app.world, begin + 20)
    assert app.world.find("customer", "cus_a") is not None, "its writes are undone"
    assert clock.now(app.world) == begin
    assert len(clock.planned(app.world)) == 1


def test_the_clock_only_moves_forward(app: Sandbox) -> None:
    """docs.stripe.com/api/test_clocks/advance"""
    assert control(app, "POST", "clock", {"to": int(START.timestamp()) - 1})[0] == 400
    assert control(app, "POST", "clock", {"advance": -5})[0] == 400
    assert control(app, "POST", "clock", {"advance": "5"})[0] == 400
    assert control(app, "POST", "clock", {"sideways": 1})[0] == 400
    assert control(app, "GET", "clock")[1]["now"] == int(START.timestamp())


def test_a_running_clock_catches_up_by_itself(ticks: list[tuple[str, int]]) -> None:
    app = create_app()
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app))
    assert control(app, "GET", "clock")[1]["frozen"] is False
    due = clock.now(app.world) - 5
    Call(app.world).schedule(due, "test.tick", "late")
    assert len(client.v1.customers.list().data) == 1
    assert ticks == [("late", due)]
    control(app, "POST", "clock", {"freeze": True})
    frozen = control(app, "GET", "clock")[1]
    assert frozen["frozen"] is True
    control(app, "POST", "clock", {"advance": 3600})
    control(app, "POST", "clock", {"run": True})
    assert 0 <= clock.now(app.world) - (frozen["now"] + 3600) <= 5


def test_an_unregistered_hook_cannot_be_planned(app: Sandbox) -> None:
    with pytest.raises(ValueError, match="no hook"):
        Call(app.world).schedule(1, "nobody.listens", "x")


def scenario(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada", "payment_method": "pm_card_visa"}, {"idempotency_key": "a"})
    card = client.v1.customers.payment_methods.list(made.id).data[0].id
    intent = client.v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "customer": made.id, "payment_method": card, "confirm": True},
        {"idempotency_key": "b"},
    )
    client.v1.customers.list()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 10}, {"idempotency_key": "c"})


def test_the_same_seed_gives_the_same_world() -> None:
    worlds = []
    for seed in ("one", "one", "two"):
        app = create_app(seed=seed, start=START)
        scenario(stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app)))
        worlds.append(control(app, "GET", "world")[1])
    assert worlds[0] == worlds[1]
    assert list(worlds[0]) == sorted(worlds[0])
    assert set(worlds[0]["charge"]).isdisjoint(worlds[2]["charge"])


def test_without_a_seed_ids_are_random() -> None:
    ids = {World().new_id("charge") for _ in range(50)}
    assert len(ids) == 50
    assert all(id_.startswith("ch_") and len(id_) == 27 for id_ in ids)


def test_the_file_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    first = create_app(tmp_path / "stripe.sqlite3", seed="s", start=START)
    scenario(stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(first)))
    before = first.world.snapshot()
    first.world.close()
    second = create_app(tmp_path / "stripe.sqlite3", seed="ignored", start=datetime.fromisoformat("2030-01-01T00:00Z"))
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(second))
    assert second.world.snapshot() == before
    assert clock.now(second.world) == int(START.timestamp())
    replayed = client.v1.customers.create({"name": "Ada", "payment_method": "pm_card_visa"}, {"idempotency_key": "a"})
    assert list(before["customer"]) == [replayed.id], "keys are durable too"
    assert client.v1.customers.create({"name": "Eve"}).id not in before["customer"], "and so are the id counters"
    second.world.close()


def test_one_file_has_one_sandbox(tmp_path: Path) -> None:
    world = World(tmp_path / "stripe.sqlite3")
    with pytest.raises(ValueError, match="is another sandbox using it"):
        World(tmp_path / "stripe.sqlite3")
    world.close()
    World(tmp_path / "stripe.sqlite3").close()


@pytest.mark.parametrize("kind", ["text", "newer", "folder"])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "stripe.sqlite3"
    if kind == "text":
        path.write_text("dear diary, " * 100)
    elif kind == "folder":
        path.mkdir()
    else:
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match=r"cannot open .*stripe\.sqlite3"):
        World(path)


def test_a_file_can_be_copied_and_restored(tmp_path: Path) -> None:
    app = create_app(tmp_path / "stripe.sqlite3", seed="s", start=START)
    before = app.world.copy()
    scenario(stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app)))
    assert app.world.snapshot() != before.snapshot()
    app.world.restore(before)
    app.world.close()
    again = World(tmp_path / "stripe.sqlite3")
    assert again.snapshot() == before.snapshot() == {}
    again.close()


def test_snapshots_are_kept_and_restored(app: Sandbox, client: stripe.StripeClient, charge: stripe.Charge) -> None:
    before = app.world.snapshot()
    assert control(app, "POST", "snapshots/paid")[0] == 200
    client.v1.refunds.create({"charge": charge.id})
    assert app.world.snapshot() != before
    assert control(app, "POST", "snapshots/paid/restore")[0] == 200
    assert app.world.snapshot() == before
    assert client.v1.refunds.create({"charge": charge.id}).status == "succeeded"
    assert control(app, "POST", "snapshots/none/restore")[0] == 404


def test_a_copy_is_independent(app: Sandbox, client: stripe.StripeClient, charge: stripe.Charge) -> None:
    before = app.world.snapshot()
    twin = create_app(world=app.world.copy())
    assert twin.world.snapshot() == before
    other = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(twin))
    theirs = other.v1.refunds.create({"charge": charge.id})
    assert app.world.snapshot() == before
    assert client.v1.refunds.create({"charge": charge.id}).id == theirs.id, "and goes on with the same ids"


def test_private_notes_are_never_shown(app: Sandbox, client: stripe.StripeClient, charge: stripe.Charge) -> None:
    with pytest.raises(stripe.CardError) as declined:
        charged(client, payment_method="pm_card_visa_chargeDeclined")
    shown = json.dumps(app.world.snapshot()) + json.dumps(declined.value.json_body)
    assert "_behaviour" not in shown
    assert any("_behaviour" in body for (body,) in app.world.rows("SELECT body FROM objects"))


def test_faults_and_actions_over_the_control_api(
    app: Sandbox, client: stripe.StripeClient, charge: stripe.Charge, act: Callable[..., Any]
) -> None:
    assert control(app, "POST", "faults", {"kind": "rate_limit", "path": "refunds"})[1]["waiting"][0]["count"] == 1
    with pytest.raises(stripe.RateLimitError):
        client.v1.refunds.list()
    control(app, "POST", "faults", {"kind": "rate_limit"})
    assert control(app, "DELETE", "faults") == (200, {"waiting": []})
    assert control(app, "POST", "faults", {"kind": "meteor"})[0] == 400
    assert control(app, "POST", "faults", {"kind": "delay", "wind": 3})[0] == 400
    assert control(app, "POST", "faults", {})[0] == 400
    status, dispute = control(app, "POST", "actions/create_dispute", {"charge": charge.id})
    assert (status, dispute["status"], dispute["livemode"]) == (200, "needs_response", False)
    assert control(app, "POST", "actions/create_dispute", {"charge": "ch_none"})[0] == 404
    assert control(app, "POST", "actions/pray", {})[0] == 404
    assert control(app, "POST", "keys", {"key": "sk_test_a", "permissions": []})[0] == 400
    assert control(app, "POST", "keys", {"key": "rk_test_a", "permissions": "all"})[0] == 400
    assert control(app, "POST", "keys", {"key": "rk_test_a", "permissions": ["charge_read"]})[0] == 200
