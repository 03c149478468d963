"""Refunds never exceed their charge, and may fail after they succeeded."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.server import Sandbox
from tests.sandbox.conftest import DAY, charged


def net(client: stripe.StripeClient) -> int:
    """What the account holds, by Stripe's own ledger."""
    held = client.v1.balance.retrieve()
    total = sum(funds.amount for funds in (*held.available, *held.pending))
    assert total == sum(line.net for line in client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter())
    return total


def test_in_parts_and_the_rest(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/refunds, docs.stripe.com/api/refunds/create"""
    part = client.v1.refunds.create({"charge": charge.id, "amount": 500, "reason": "duplicate"})
    assert (part.status, part.amount, part.payment_intent) == ("succeeded", 500, charge.payment_intent)
    after = client.v1.charges.retrieve(charge.id)
    assert (after.amount_refunded, after.refunded) == (500, False)
    rest = client.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 1500
    after = client.v1.charges.retrieve(charge.id)
    assert (after.amount_refunded, after.refunded) == (2000, True)
    assert [refund.id for refund in client.v1.refunds.list({"charge": charge.id}).data] == [rest.id, part.id]


def test_never_more_than_the_charge(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/error-codes#charge-already-refunded"""
    client.v1.refunds.create({"charge": charge.id, "amount": 1500})
    with pytest.raises(stripe.InvalidRequestError, match=r"\$6.00.*unrefunded amount on charge.*\$5.00") as over:
        client.v1.refunds.create({"charge": charge.id, "amount": 600})
    assert over.value.param == "amount"
    client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"charge": charge.id})
    assert again.value.code == "charge_already_refunded"


def test_a_disputed_charge_is_not_refunded(client: stripe.StripeClient) -> None:
    """docs.stripe.com/error-codes#charge-disputed"""
    disputed = charged(client, payment_method="pm_card_createDispute")
    assert disputed.disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": disputed.id})
    assert refused.value.code == "charge_disputed"
    assert client.v1.refunds.list().data == []


def test_an_inquiry_may_still_be_refunded(client: stripe.StripeClient) -> None:
    """docs.stripe.com/disputes/how-disputes-work#inquiries"""
    asked = charged(client, payment_method="pm_card_createDisputeInquiry")
    assert client.v1.refunds.create({"charge": asked.id}).status == "succeeded"


def test_a_failed_charge_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/refunds/create"""
    with pytest.raises(stripe.CardError) as declined:
        charged(client, payment_method="pm_card_visa_chargeDeclined")
    assert declined.value.error is not None
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": str(declined.value.error.charge)})
    assert declined.value.error.payment_intent is not None
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": declined.value.error.payment_intent.id})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"charge": "ch_none"},
        {"payment_intent": "pi_none"},
        {"amount": 0},
        {"amount": -5},
        {"amount": "5.5"},
        {"reason": "because"},
        {"reason": "expired_uncaptured_charge"},
    ],
)
def test_wrong_refunds(client: stripe.StripeClient, charge: stripe.Charge, params: dict[str, Any]) -> None:
    """docs.stripe.com/api/refunds/create"""
    if {"amount", "reason"} & set(params):
        params = {"charge": charge.id, **params}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params)  # pyright: ignore[reportArgumentType] - parametrized
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_pending_refund_settles(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    """docs.stripe.com/testing#refunds (asynchronous success); it counts against the charge at once"""
    paid = charged(client, payment_method="pm_card_pendingRefund")
    refund = client.v1.refunds.create({"charge": paid.id})
    assert refund.status == "pending"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": paid.id})
    advance(DAY)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    events = [event.type for event in client.v1.events.list({"types": ["refund.*"]}).data]
    assert events == ["refund.updated", "refund.created"]


def test_a_refund_fails_later(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    """docs.stripe.com/refunds#failed-refunds, docs.stripe.com/testing#refunds (asynchronous failure)"""
    paid = charged(client, payment_method="pm_card_refundFail")
    before = net(client)
    refund = client.v1.refunds.create({"charge": paid.id, "amount": 1200})
    assert refund.status == "succeeded"
    assert client.v1.charges.retrieve(paid.id).amount_refunded == 1200
    assert net(client) == before - 1200
    advance(DAY)
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert isinstance(failed.failure_balance_transaction, stripe.BalanceTransaction)
    assert failed.failure_balance_transaction.amount == 1200
    assert client.v1.charges.retrieve(paid.id).amount_refunded == 0
    assert net(client) == before
    events = [event.type for event in client.v1.events.list({"types": ["refund.*"]}).data]
    assert events == ["refund.failed", "refund.updated", "refund.created"]
    cause = client.v1.events.list({"type": "refund.failed"}).data[0].request
    assert cause is not None
    assert cause.id is None, "time did it"


def test_any_refund_can_be_sent_back_by_the_bank(
    client: stripe.StripeClient, charge: stripe.Charge, act: Callable[..., Any]
) -> None:
    """docs.stripe.com/refunds#failed-refunds"""
    refund = client.v1.refunds.create({"charge": charge.id})
    act("fail_refund", refund=refund.id, failure_reason="lost_or_stolen_card")
    assert client.v1.refunds.retrieve(refund.id).failure_reason == "lost_or_stolen_card"
    assert client.v1.refunds.create({"charge": charge.id}).status == "succeeded"


def test_card_refunds_are_canceled_in_the_dashboard_only(
    client: stripe.StripeClient, charge: stripe.Charge, act: Callable[..., Any]
) -> None:
    """docs.stripe.com/api/refunds/cancel, docs.stripe.com/refunds#cancel-refund"""
    refund = client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(refund.id)
    act("cancel_refund", refund=refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == "canceled"
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_refund_metadata(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/api/refunds/update"""
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 1, "metadata": {"case": "c1"}})
    changed = client.v1.refunds.update(refund.id, {"metadata": {"leaf": "9"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"case": "c1", "leaf": "9"}


def test_a_charge_becomes_available_after_two_days(
    client: stripe.StripeClient, charge: stripe.Charge, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/balance_transactions/object"""
    line = str(charge.balance_transaction)
    assert client.v1.balance_transactions.retrieve(line).status == "pending"
    advance(2 * DAY)
    assert client.v1.balance_transactions.retrieve(line).status == "available"
    assert [each.id for each in client.v1.balance_transactions.list({"source": charge.id}).data] == [line]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.sampled_from(["refund", "fail", "cancel"]), st.integers(1, 1200)), max_size=12))
def test_no_sequence_refunds_more_than_was_paid(
    client: stripe.StripeClient, app: Sandbox, act: Callable[..., Any], steps: list[tuple[str, int]]
) -> None:
    """Whatever happens: live refunds = amount_refunded ≤ amount, and the ledger agrees."""
    paid = charged(client, payment_method="pm_card_visa")
    for step, amount in steps:
        live = [r for r in app.world.select("refund", {"charge": paid.id}) if r["status"] == "succeeded"]
        if step == "refund":
            try:
                client.v1.refunds.create({"charge": paid.id, "amount": amount})
                assert amount <= 2000 - sum(r["amount"] for r in live)
            except stripe.InvalidRequestError:
                assert amount > 2000 - sum(r["amount"] for r in live)
        elif live:
            act("fail_refund" if step == "fail" else "cancel_refund", refund=live[amount % len(live)]["id"])
    refunds = app.world.select("refund", {"charge": paid.id})
    alive = sum(r["amount"] for r in refunds if r["status"] == "succeeded")
    after = client.v1.charges.retrieve(paid.id)
    assert after.amount_refunded == alive <= after.amount
    lines = [
        line["amount"]
        for line in app.world.select("balance_transaction")
        if line["source"] in {refund["id"] for refund in refunds}
    ]
    assert sum(lines) == -alive
