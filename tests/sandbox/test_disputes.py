"""Disputes take the money at once and end won, lost or closed."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.errors import StripeError
from tests.sandbox.conftest import DAY, charged


def dispute_of(client: stripe.StripeClient, charge: stripe.Charge) -> stripe.Dispute:
    return client.v1.disputes.list({"charge": charge.id}).data[0]


def test_a_chargeback_takes_amount_and_fee(client: stripe.StripeClient) -> None:
    """docs.stripe.com/disputes/how-disputes-work, docs.stripe.com/testing#disputes"""
    charge = charged(client, payment_method="pm_card_createDisputeProductNotReceived")
    dispute = dispute_of(client, charge)
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "product_not_received", 2000)
    assert [(line.amount, line.fee, line.net) for line in dispute.balance_transactions] == [(-2000, 1500, -3500)]
    assert not dispute.is_charge_refundable
    events = [event.type for event in client.v1.events.list({"types": ["charge.dispute.*"]}).data]
    assert events == ["charge.dispute.funds_withdrawn", "charge.dispute.created"]


@pytest.mark.parametrize(
    ("text", "status", "net"),
    [("winning_evidence", "won", 2000 - 88), ("losing_evidence", "lost", -1500 - 88), ("a letter", "under_review", 0)],
)
def test_evidence_decides(client: stripe.StripeClient, text: str, status: str, net: int) -> None:
    """docs.stripe.com/testing#evidence"""
    charge = charged(client, payment_method="pm_card_createDispute")
    dispute = dispute_of(client, charge)
    after = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}, "submit": True})
    assert after.status == status
    if status != "under_review":
        assert sum(line.net for line in client.v1.balance_transactions.list().data) == net


def test_a_won_dispute_may_be_refunded_again_and_a_lost_one_not(client: stripe.StripeClient) -> None:
    """docs.stripe.com/refunds, docs.stripe.com/error-codes#charge-disputed"""
    won, lost = (charged(client, payment_method="pm_card_createDispute") for _ in range(2))
    client.v1.disputes.update(dispute_of(client, won).id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    client.v1.disputes.close(dispute_of(client, lost).id)
    assert client.v1.refunds.create({"charge": won.id}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": lost.id})


@pytest.mark.parametrize(
    ("token", "days", "status"),
    [("pm_card_createDispute", 9, "lost"), ("pm_card_createDisputeInquiry", 120, "warning_closed")],
)
def test_silence_ends_a_dispute(
    client: stripe.StripeClient, advance: Callable[[int], int], token: str, days: int, status: str
) -> None:
    """docs.stripe.com/disputes/responding, docs.stripe.com/disputes/how-disputes-work#inquiries"""
    charge = charged(client, payment_method=token)
    advance(days * DAY - 1)
    assert dispute_of(client, charge).status.endswith("needs_response")
    advance(1)
    assert dispute_of(client, charge).status == status


def test_evidence_can_be_staged(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/disputes/update"""
    dispute = dispute_of(client, charged(client, payment_method="pm_card_createDispute"))
    staged = client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)
    sent = client.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence.customer_name) == ("under_review", "Ada")


def test_any_charge_can_be_disputed(
    client: stripe.StripeClient, charge: stripe.Charge, act: Callable[..., Any]
) -> None:
    """The control action stands for the cardholder's bank."""
    act("create_dispute", charge=charge.id, reason="subscription_canceled", amount=1000)
    assert client.v1.charges.retrieve(charge.id).disputed
    assert dispute_of(client, charge).amount == 1000
    with pytest.raises(StripeError):
        act("create_dispute", charge=charge.id)
    with pytest.raises(StripeError):
        act("create_dispute", charge="ch_none")
