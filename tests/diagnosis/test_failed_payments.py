"""Failed payments reached through API calls and the clock, and what mends each of them."""

import pytest

from billing.diagnosis import RecommendedAction, RootCause, Status
from sandbox.demo.shop import DemoError
from tests.diagnosis.bench import Bench

FIX_ME = "cus_fixme"


async def subscriber(bench: Bench, outcome: str | None, *, plan: str = "starter_monthly") -> str:
    """A subscriber whose renewal of today meets `outcome` on the saved card. Returns the card."""
    await bench.stock()
    await bench.shop.customer(FIX_ME, "Fix Me")
    card = await bench.shop.card(FIX_ME)
    await bench.shop.subscribe(FIX_ME, plan)
    bench.access.grant(FIX_ME, plan.partition("_")[0])
    await bench.pass_time(days=20)
    await bench.shop.outside("set_card_outcome", payment_method=card, decline=outcome)
    await bench.pass_time(days=11, hours=3)
    return card


async def open_invoice(bench: Bench) -> str:
    listed = await bench.shop.get("invoices", {"customer": FIX_ME, "status": "open"})
    return listed["data"][0]["id"]


@pytest.mark.parametrize(
    ("outcome", "cause", "status", "action"),
    [
        ("lost_card", RootCause.CARD_MUST_NOT_BE_RETRIED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("stolen_card", RootCause.CARD_MUST_NOT_BE_RETRIED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("pickup_card", RootCause.CARD_MUST_NOT_BE_RETRIED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("fraudulent", RootCause.CARD_MUST_NOT_BE_RETRIED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("transaction_not_allowed", RootCause.CARD_MUST_NOT_BE_RETRIED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("expired_card", RootCause.CARD_EXPIRED, Status.RED, RecommendedAction.UPDATE_CARD),
        ("incorrect_cvc", RootCause.CARD_DETAILS_INCORRECT, Status.RED, RecommendedAction.UPDATE_CARD),
        (
            "insufficient_funds",
            RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
            Status.RED,
            RecommendedAction.RETRY_PAYMENT,
        ),
        (
            "card_velocity_exceeded",
            RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
            Status.RED,
            RecommendedAction.RETRY_PAYMENT,
        ),
        ("do_not_honor", RootCause.CARD_DECLINED_BY_BANK, Status.RED, RecommendedAction.RETRY_PAYMENT),
        ("generic_decline", RootCause.CARD_DECLINED_BY_BANK, Status.RED, RecommendedAction.RETRY_PAYMENT),
        (
            "authentication_required",
            RootCause.AUTHENTICATION_REQUIRED,
            Status.RED,
            RecommendedAction.COMPLETE_AUTHENTICATION,
        ),
        ("processing_error", RootCause.PAYMENT_PROCESSING_ERROR, Status.AMBER, RecommendedAction.RETRY_PAYMENT),
        ("issuer_not_available", RootCause.PAYMENT_PROCESSING_ERROR, Status.AMBER, RecommendedAction.RETRY_PAYMENT),
    ],
)
async def test_a_declined_renewal(
    empty: Bench, outcome: str, cause: RootCause, status: Status, action: RecommendedAction
):
    card = await subscriber(empty, outcome)
    found = await empty.diagnosis(FIX_ME)
    assert (found.root_cause, found.status, found.recommended_action, found.also) == (cause, status, action, ())
    assert "$20.00" in found.explanation
    assert "20 December 2026" in found.explanation
    assert ("invoice", await open_invoice(empty)) in found.evidence
    # The near miss: the same card, paid at the second try.
    await empty.shop.outside("set_card_outcome", payment_method=card, decline=None)
    await empty.shop.post(f"invoices/{await open_invoice(empty)}/pay")
    assert await empty.causes(FIX_ME) == [RootCause.HEALTHY]


async def test_a_renewal_that_went_through(empty: Bench):
    await subscriber(empty, None)
    assert await empty.causes(FIX_ME) == [RootCause.HEALTHY]


async def test_another_card_is_tried_instead_of_asked_for_again(empty: Bench):
    await subscriber(empty, "lost_card")
    method = await empty.shop.post("payment_methods/pm_card_mastercard/attach", {"customer": FIX_ME})
    await empty.shop.post(f"customers/{FIX_ME}", {"invoice_settings": {"default_payment_method": method["id"]}})
    found = await empty.diagnosis(FIX_ME)
    assert (found.root_cause, found.recommended_action) == (
        RootCause.CARD_MUST_NOT_BE_RETRIED,
        RecommendedAction.RETRY_PAYMENT,
    )
    assert "4444" in found.explanation
    await empty.shop.post(f"invoices/{await open_invoice(empty)}/pay")
    assert await empty.causes(FIX_ME) == [RootCause.HEALTHY]


async def test_authentication_failed_and_then_passed(bench: Bench):
    invoice = (await bench.shop.get("invoices", {"customer": "cus_iris", "status": "open"}))["data"][0]
    payments = await bench.shop.get("invoice_payments", {"invoice": invoice["id"]})
    intent = payments["data"][0]["payment"]["payment_intent"]
    await bench.shop.post(f"payment_intents/{intent}/confirm", {"payment_method": "pm_iris"})
    assert await bench.causes("cus_iris") == [RootCause.AUTHENTICATION_REQUIRED]
    await bench.shop.outside("authenticate", payment_intent=intent, success=False)
    assert await bench.causes("cus_iris") == [RootCause.AUTHENTICATION_REQUIRED]
    await bench.shop.post(f"payment_intents/{intent}/confirm", {"payment_method": "pm_iris"})
    await bench.shop.outside("authenticate", payment_intent=intent, success=True)
    assert await bench.causes("cus_iris") == [RootCause.HEALTHY]


async def test_a_purchase_that_failed_until_it_was_made(bench: Bench):
    order = {
        "amount": 15_00,
        "currency": "usd",
        "customer": "cus_hugo",
        "metadata": {"order_id": "ord_9"},
        "confirm": True,
    }
    await bench.shop.outside("set_card_outcome", payment_method="pm_hugo", decline="insufficient_funds")
    with pytest.raises(DemoError, match="insufficient_funds"):
        await bench.shop.post("payment_intents", {**order, "payment_method": "pm_hugo"})
    found = await bench.diagnosis("cus_hugo")
    assert (found.root_cause, found.status, found.recommended_action) == (
        RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
        Status.AMBER,
        RecommendedAction.UPDATE_CARD,
    )
    await bench.shop.outside("set_card_outcome", payment_method="pm_hugo", decline=None)
    await bench.shop.post("payment_intents", {**order, "payment_method": "pm_hugo"})
    assert await bench.causes("cus_hugo") == [RootCause.HEALTHY]


async def test_the_only_card_was_removed_before_the_renewal(bench: Bench):
    assert await bench.causes("cus_sage") == [RootCause.NO_PAYMENT_METHOD]
    await bench.pass_time(days=12)
    found = await bench.diagnosis("cus_sage")
    assert (found.root_cause, found.status, found.recommended_action) == (
        RootCause.NO_PAYMENT_METHOD,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
    )
    method = await bench.shop.post("payment_methods/pm_card_visa/attach", {"customer": "cus_sage"})
    await bench.shop.post("customers/cus_sage", {"invoice_settings": {"default_payment_method": method["id"]}})
    found = await bench.diagnosis("cus_sage")
    assert (found.root_cause, found.recommended_action) == (
        RootCause.NO_PAYMENT_METHOD,
        RecommendedAction.RETRY_PAYMENT,
    )
    invoice = (await bench.shop.get("invoices", {"customer": "cus_sage", "status": "open"}))["data"][0]
    await bench.shop.post(f"invoices/{invoice['id']}/pay")
    assert await bench.causes("cus_sage") == [RootCause.HEALTHY]
