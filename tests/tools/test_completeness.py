"""Bar 10: Stripe's own books joined with ledger and log, after a busy run with faults: no orphan either way, and every
planted one is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
import stripe
from sqlalchemy import text

from app.auditing import match
from audit.completeness import key_mark
from policy.actions import CancelSubscription, CardUpdateLink
from policy.settlement import Settlement, Status
from sandbox.faults import KINDS, Fault
from sandbox.server import Sandbox
from store.erasure import erase
from tests.proofs import Proved, times
from tests.tools.shop import Shop
from tests.tools.test_gate_over_stripe import Counter, counter, refund, template
from tools.stripe_line import StripeLine

__all__ = ["counter", "template"]  # fixtures

Now = Callable[[], datetime]


@pytest.fixture
def faults() -> list[str | None]:
    known = [kind for kind in KINDS if kind != "delay"]
    return [None, *known]


async def busy(counter: Counter, shop: Shop, app: Sandbox, faults: list[str | None], rounds: int) -> list[Settlement]:
    """Refunds under every fault, cancellations and links, each for a customer of its own."""
    done: list[Settlement] = []
    for n in range(rounds):
        customer = shop.customer()
        fault = faults[n % len(faults)]
        if fault is not None:
            app.faults.add(Fault(fault, "POST", "/v1/refunds"))
        done.append(await counter.agreed(customer, refund(shop.charge(customer))))
        app.faults.clear()
        subscribed = shop.subscribe(customer, shop.starter).id
        done.append(await counter.agreed(customer, CancelSubscription(subscription=subscribed, when="period_end")))
        done.append(await counter.agreed(customer, CardUpdateLink()))
    return done


async def orphans(counter: Counter, client: stripe.StripeClient, now: Now) -> list[str]:
    found, _, _ = await match(counter.store, StripeLine(client), now())
    return sorted({orphan.kind for orphan in found})


def behind(counter: Counter, *statements: str) -> None:
    """Somebody owns the database: triggers first."""
    with counter.store.unit() as uow:
        for name in ("no_update", "no_delete", "gapless"):
            uow.connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_entries_{name}")
        uow.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for statement in statements:
            uow.connection.execute(text(statement))


async def test_after_a_busy_run_everything_has_its_counterpart(
    counter: Counter,
    shop: Shop,
    app: Sandbox,
    client: stripe.StripeClient,
    now: Now,
    faults: list[str | None],
    proved: Proved,
) -> None:
    done = await busy(counter, shop, app, faults, times(len(faults), 10 * len(faults)))
    assert {Status.SUCCEEDED, Status.FAILED} <= {each.status for each in done}
    found, attempts, marks = await match(counter.store, StripeLine(client), now())
    assert attempts == len([each for each in done if each.intent is not None])
    assert found == []
    proved("effects and marks in Stripe without a counterpart", attempts + marks, len(found))


async def test_an_erased_customers_effects_still_have_their_witness(
    counter: Counter, shop: Shop, client: stripe.StripeClient, now: Now
) -> None:
    customer = shop.customer()
    await counter.agreed(customer, refund(shop.charge(customer)))
    erase(counter.store, customer, "anna")
    assert await orphans(counter, client, now) == []
    behind(counter, "DELETE FROM audit_entries WHERE kind = 'proposal.decided'")
    assert await orphans(counter, client, now) == ["no_decision", "witness_missing"]


@pytest.mark.parametrize(
    ("planted", "kinds"),
    [
        ("DELETE FROM audit_entries WHERE kind = 'effect.settled'", ["no_outcome"]),
        ("DELETE FROM audit_entries WHERE kind = 'effect.sending'", ["no_sending"]),
        ("DELETE FROM audit_entries", ["no_decision", "no_outcome", "no_sending", "witness_missing"]),
        ("UPDATE intents SET status = 'failed'", ["moved_though_failed", "other_outcome"]),
        ("UPDATE intents SET amount = amount - 1 WHERE tool = 'refund'", ["other_amount"]),
        ("DELETE FROM intents", ["no_attempt", "only_in_stripe"]),
        (
            "UPDATE audit_entries SET leaf = zeroblob(32) WHERE kind = 'proposal.decided'",
            ["no_decision", "witness_missing"],
        ),
    ],
)
async def test_what_is_taken_out_of_log_or_ledger_is_an_orphan(
    counter: Counter, shop: Shop, client: stripe.StripeClient, now: Now, planted: str, kinds: list[str]
) -> None:
    customer = shop.customer()
    await counter.agreed(customer, refund(shop.charge(customer)))
    held = "DELETE FROM reservations"
    behind(counter, held, planted)
    assert await orphans(counter, client, now) == kinds


async def test_what_stripe_did_not_do_or_did_twice_is_an_orphan(
    counter: Counter, shop: Shop, client: stripe.StripeClient, now: Now, app: Sandbox
) -> None:
    customer = shop.customer()
    done = await counter.agreed(customer, refund(shop.charge(customer)))
    assert done.intent is not None
    told = {"lee_intent": done.intent.id, "lee_operation": done.intent.operation_key}
    shop.v1.refunds.create({"charge": shop.charge(customer), "amount": 2_000, "metadata": told})
    assert await orphans(counter, client, now) == ["twice"]
    stranger = {"lee_intent": "int_never"}
    shop.v1.refunds.create({"charge": shop.charge(customer), "metadata": stranger})
    assert await orphans(counter, client, now) == ["only_in_stripe", "twice"]
    for kind in ("refund", "event"):
        for each in list(app.world.select(kind)):
            app.world.remove(kind, each["id"])
    assert await orphans(counter, client, now) == ["only_in_log"]


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("lee-int_0a1b", ("int_0a1b", None)),
        ("lee-int_0a1b-" + "c" * 64, ("int_0a1b", "c" * 64)),
        ("lee-int_0a1b-" + "c" * 64 + "-pay", ("int_0a1b", "c" * 64)),
        ("lee-somebody", ("lee-somebody", None)),
        ("lee-int_0a1b-" + "c" * 63, ("lee-int_0a1b-" + "c" * 63, None)),
        ("order-7", None),
    ],
)
def test_keys_are_read(key: str, mark: tuple[str, str | None] | None) -> None:
    assert key_mark(key) == mark
