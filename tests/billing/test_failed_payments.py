"""Which payments count as failed, on which card, and the one cause each of them has."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.diagnosis import RecommendedAction, RootCause, Status, diagnose
from billing.failed_payments import cause_of, failed_payments
from billing.ids import ChargeId, InvoiceId, PaymentIntentId
from tests.billing.made import NOW, ago, card, charge, decline, facts, failing, invoice, mailed, unpaid, usd


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (decline(None, code="authentication_required"), RootCause.AUTHENTICATION_REQUIRED),
        (decline("a_new_code", code="authentication_required"), RootCause.AUTHENTICATION_REQUIRED),
        (decline("authentication_required"), RootCause.AUTHENTICATION_REQUIRED),
        (decline(None, code="payment_intent_authentication_failure"), RootCause.AUTHENTICATION_REQUIRED),
        (decline("incorrect_cvc"), RootCause.CARD_DETAILS_INCORRECT),
        (decline("a_new_code", "confirm_card_data"), RootCause.CARD_DETAILS_INCORRECT),
        (decline("expired_card", "confirm_card_data"), RootCause.CARD_EXPIRED),
        (decline("expired_card", "do_not_try_again"), RootCause.CARD_MUST_NOT_BE_RETRIED),
        (decline("withdrawal_count_limit_exceeded"), RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS),
        (decline("try_again_later"), RootCause.PAYMENT_PROCESSING_ERROR),
        (decline("reenter_transaction"), RootCause.PAYMENT_PROCESSING_ERROR),
        (decline("call_issuer"), RootCause.CARD_DECLINED_BY_BANK),
        (decline(None), RootCause.CARD_DECLINED_BY_BANK),
        (decline("a_new_code"), RootCause.CARD_DECLINED_BY_BANK),
    ],
)
def test_one_cause_for_each_decline(given: Any, cause: RootCause):
    assert cause_of(given) is cause


@pytest.mark.parametrize(
    "changes",
    [
        {"last_decline": decline("do_not_honor"), "attempt_count": 0, "charges": ()},
        {"requires_action": True, "attempt_count": 0, "charges": ()},
        {"attempt_count": 1, "charges": ()},
    ],
)
def test_each_sign_of_a_try_is_enough(changes: dict[str, Any]):
    assert len(failed_payments(facts(invoices=(unpaid(**changes),)))) == 1


@pytest.mark.parametrize(
    "one",
    [
        unpaid(attempt_count=0, charges=()),
        unpaid(status="void"),
        unpaid(status="draft"),
        unpaid(status="uncollectible"),
        unpaid(amount_remaining=usd(0)),
        invoice(last_decline=decline("do_not_honor")),
        mailed(attempt_count=3, due_date=NOW),  # reminders were sent; nothing was charged
    ],
)
def test_what_is_not_owed_or_was_not_tried_has_not_failed(one: Any):
    assert failed_payments(facts(invoices=(one,))) == ()


def test_the_newest_failed_charge_of_the_invoice_tells_the_day_the_card_and_the_decline():
    older = charge("ch_failed", status="failed", created=ago(days=4), last4="0341")
    newer = charge("ch_again", status="failed", created=ago(days=1), last4="0002", decline=decline("expired_card"))
    elsewhere = charge("ch_other", status="failed", created=ago(hours=1), invoice=InvoiceId("in_9"))
    made = facts(
        invoices=(unpaid(charges=(ChargeId("ch_failed"), ChargeId("ch_again"), ChargeId("ch_1"))),),
        charges=(elsewhere, newer, older, charge(created=ago(minutes=1))),
    )
    (found,) = failed_payments(made)
    assert (found.charge, found.at, found.cause) == (newer, newer.created, RootCause.CARD_EXPIRED)
    assert found.card == "your card ending 0002"
    assert found.replaced_by == card()


def test_the_invoices_own_decline_is_believed_before_the_charges():
    made = failing(decline("expired_card"))
    own = replace(made.invoices[0], last_decline=decline("do_not_honor"))
    (found,) = failed_payments(replace(made, invoices=(own,)))
    assert found.cause is RootCause.CARD_DECLINED_BY_BANK


@pytest.mark.parametrize(("last4", "replaced"), [("4242", False), (None, False), ("0341", True)])
def test_a_card_counts_as_replaced_when_its_digits_are_others(last4: str | None, replaced: bool):
    made = failing(decline("expired_card"))
    (found,) = failed_payments(replace(made, charges=(replace(made.charges[0], last4=last4),)))
    assert (found.replaced_by is not None) is replaced


def test_a_charge_without_a_reason_is_a_matter_for_a_human():
    found = diagnose(failing(None))
    assert (found.root_cause, found.recommended_action) == (
        RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN,
        RecommendedAction.TALK_TO_HUMAN,
    )
    one_off = charge("ch_f", status="failed", amount=usd(4900), created=ago(days=1))
    found = diagnose(facts(charges=(one_off,)))
    assert (found.root_cause, found.status) == (RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN, Status.AMBER)


def one_off(id_: str = "ch_f", **changes: Any) -> Any:
    return charge(id_, **{"status": "failed", "amount": usd(4900), "created": ago(days=2), **changes})


def test_a_purchase_counts_once_however_often_it_was_tried():
    for same in ({"order": "ord_1"}, {"payment_intent": PaymentIntentId("pi_1")}):
        tries = (one_off(**same), one_off("ch_g", **same, created=ago(days=1)))
        (found,) = failed_payments(facts(charges=tries))
        assert found.charge == tries[1]
    assert len(failed_payments(facts(charges=(one_off(), one_off("ch_g"))))) == 2


def test_a_purchase_is_forgotten_after_thirty_days():
    assert failed_payments(facts(charges=(one_off(created=ago(days=30)),)))
    assert not failed_payments(facts(charges=(one_off(created=NOW - timedelta(days=30, seconds=1)),)))


@pytest.mark.parametrize(
    "made",
    [
        charge("ch_ok", amount=usd(4900), created=ago(days=2)),
        charge("ch_ok", amount=usd(5000), created=ago(days=1), order="ord_1"),
        charge("ch_ok", amount=usd(5000), created=ago(days=1), payment_intent=PaymentIntentId("pi_1")),
    ],
)
def test_a_purchase_made_since_has_not_failed(made: Any):
    tried = one_off(order="ord_1", payment_intent=PaymentIntentId("pi_1"))
    assert failed_payments(facts(charges=(made, tried))) == ()


@pytest.mark.parametrize(
    "made",
    [
        charge("ch_ok", amount=usd(4900), created=ago(days=3)),  # before it
        charge("ch_ok", amount=usd(4900), created=ago(days=1), status="pending"),
        charge("ch_ok", amount=usd(5000), created=ago(days=1)),  # something else, which names no order
        charge("ch_ok", amount=usd(5000), created=ago(days=1), order="ord_2"),
        charge("ch_ok", amount=usd(5000), created=ago(days=1), payment_intent=PaymentIntentId("pi_2")),
    ],
)
def test_other_payments_do_not_make_up_for_it(made: Any):
    assert len(failed_payments(facts(charges=(made, one_off())))) == 1
    assert len(failed_payments(facts(charges=(made, one_off(order="ord_1"))))) == 1
    assert len(failed_payments(facts(charges=(made, one_off(payment_intent=PaymentIntentId("pi_1")))))) == 1


def test_what_is_not_known_is_left_out_of_the_sentence():
    made = failing(decline("expired_card"))
    bare = replace(
        made, invoices=(replace(made.invoices[0], number=None),), charges=(replace(made.charges[0], last4=None),)
    )
    assert diagnose(bare).explanation == (
        "The payment of $20.00 on 18 November 2026 failed because your card has expired. Please update the card."
    )


def test_a_failed_charge_of_an_invoice_is_told_with_the_invoice_alone():
    made = failing(decline("do_not_honor"))
    assert len(failed_payments(made)) == 1
    unlinked = replace(made, charges=(replace(made.charges[0], invoice=None),))
    assert len(failed_payments(unlinked)) == 1


def test_a_purchase_is_never_retried_by_lee():
    for code in ("insufficient_funds", "do_not_honor", "processing_error"):
        found = diagnose(facts(charges=(one_off(decline=decline(code, "try_again_later")),)))
        assert found.status is Status.AMBER
        assert found.recommended_action in (RecommendedAction.UPDATE_CARD, RecommendedAction.WAIT)
    found = diagnose(facts(charges=(one_off(decline=decline("authentication_required")),)))
    assert "confirm it at checkout" in found.explanation


def test_a_new_card_does_not_answer_the_banks_question():
    made = failing(decline("authentication_required"), payment_methods=(card("pm_1", "4444"),))
    found = diagnose(made)
    assert found.recommended_action is RecommendedAction.COMPLETE_AUTHENTICATION
    assert "4444" not in found.explanation


@pytest.mark.parametrize(("seconds", "announced"), [(1, True), (0, False), (-1, False)])
def test_only_an_attempt_to_come_is_announced(seconds: int, announced: bool):
    made = failing(decline("insufficient_funds"))
    planned = replace(made.invoices[0], next_payment_attempt=NOW + timedelta(seconds=seconds))
    said = diagnose(replace(made, invoices=(planned,))).explanation
    assert ("The next automatic attempt is on 20 November 2026." in said) is announced
