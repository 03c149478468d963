"""Every other root cause reached through API calls and the clock, each with the step after which it is gone."""

import pytest

from billing.diagnosis import RecommendedAction, RootCause, Status
from sandbox.demo.catalogue import price_id
from tests.diagnosis.bench import Bench


async def test_a_source_that_does_not_answer(bench: Bench):
    bench.meters.broken = bench.access.broken = True
    found = await bench.diagnosis("cus_hugo")
    assert (found.root_cause, found.status) == (RootCause.SOURCE_UNAVAILABLE, Status.AMBER)
    assert found.evidence == (("source", "entitlements"), ("source", "usage"))
    bench.meters.broken = bench.access.broken = False
    assert await bench.causes("cus_hugo") == [RootCause.HEALTHY]


async def test_what_is_broken_comes_before_what_is_unseen(bench: Bench):
    bench.access.broken = True
    assert await bench.causes("cus_dana") == [
        RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
        RootCause.SOURCE_UNAVAILABLE,
    ]


async def test_duplicate_until_it_is_refunded(bench: Bench):
    assert await bench.causes("cus_nina") == [RootCause.DUPLICATE_CHARGE]
    await bench.shop.post("refunds", {"charge": "ch_ninaTwo", "amount": 100})
    assert await bench.causes("cus_nina") == [RootCause.HEALTHY]


async def test_duplicate_for_ninety_days(bench: Bench):
    await bench.pass_time(days=88)
    assert RootCause.DUPLICATE_CHARGE in await bench.causes("cus_nina")
    await bench.pass_time(days=2)
    assert RootCause.DUPLICATE_CHARGE not in await bench.causes("cus_nina")


@pytest.mark.parametrize("changes", [{"order": "ord_2"}, {"amount": 15_01}])
async def test_two_purchases_of_one_minute(bench: Bench, changes: dict[str, str | int]):
    bought = {"amount": 15_00, "description": "Credit pack", "order": "ord_1", "card": "pm_hugo"}
    await bench.shop.buy("cus_hugo", **bought, charge="one")
    await bench.shop.buy("cus_hugo", **{**bought, **changes}, charge="two")
    assert await bench.causes("cus_hugo") == [RootCause.HEALTHY]


async def test_dispute_until_it_is_won(bench: Bench):
    dispute = (await bench.shop.get("disputes", {"charge": "ch_dora"}))["data"][0]["id"]
    assert await bench.causes("cus_dora") == [RootCause.CHARGE_DISPUTED]
    await bench.shop.post(f"disputes/{dispute}", {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert await bench.causes("cus_dora") == [RootCause.HEALTHY]


async def test_refund_pending_until_it_settles(bench: Bench):
    assert await bench.causes("cus_remy") == [RootCause.REFUND_PENDING]
    await bench.pass_time(hours=1)
    assert await bench.causes("cus_remy") == [RootCause.REFUNDED_ALREADY]


async def test_refund_fails_and_is_made_again(bench: Bench):
    await bench.shop.post("refunds", {"charge": "ch_maya"}, ids="re_maya")
    assert await bench.causes("cus_maya") == [RootCause.REFUNDED_ALREADY]
    await bench.shop.outside("fail_refund", refund="re_maya")
    assert await bench.causes("cus_maya") == [RootCause.REFUND_FAILED]
    await bench.shop.post("refunds", {"charge": "ch_maya"})
    assert await bench.causes("cus_maya") == [RootCause.REFUNDED_ALREADY]


async def test_refunded_in_full_after_a_part_and_for_thirty_days(bench: Bench):
    await bench.shop.post("refunds", {"charge": "ch_maya", "amount": 5_00, "metadata": {"lee_intent": "int_1"}})
    assert await bench.causes("cus_maya") == [RootCause.HEALTHY]
    await bench.shop.post("refunds", {"charge": "ch_maya", "metadata": {"lee_intent": "int_2"}})
    found = await bench.diagnosis("cus_maya")
    assert (found.root_cause, found.evidence[-1]) == (RootCause.REFUNDED_ALREADY, ("refunded_by", "lee"))
    assert "$20.00" in found.explanation
    assert "colleague" not in found.explanation
    await bench.pass_time(days=31)
    assert RootCause.REFUNDED_ALREADY not in await bench.causes("cus_maya")


async def test_overdue_from_the_moment_it_is_due_until_the_link_dies(bench: Bench):
    await bench.shop.customer("cus_fixme", "Fix Me")
    bench.access.grant("cus_fixme", "team")
    await bench.shop.subscribe(
        "cus_fixme", "team_monthly", ids="in_fixme", collection_method="send_invoice", days_until_due=10
    )
    await bench.shop.post("invoices/in_fixme/finalize")
    assert await bench.causes("cus_fixme") == [RootCause.INVOICE_DUE]
    await bench.pass_time(days=9, hours=23)
    assert await bench.causes("cus_fixme") == [RootCause.INVOICE_DUE]
    await bench.pass_time(hours=1)
    assert await bench.causes("cus_fixme") == [RootCause.INVOICE_OVERDUE]
    await bench.pass_time(days=29, hours=23)
    assert RootCause.PAYMENT_LINK_EXPIRED not in await bench.causes("cus_fixme")
    await bench.pass_time(hours=1)
    found = await bench.diagnosis("cus_fixme")
    assert found.root_cause is RootCause.PAYMENT_LINK_EXPIRED
    assert ("invoice", "in_fixme") in found.evidence
    await bench.shop.post("invoices/in_fixme/pay", {"paid_out_of_band": True})
    assert RootCause.PAYMENT_LINK_EXPIRED not in await bench.causes("cus_fixme")


async def test_written_off_until_it_is_paid_after_all(bench: Bench):
    invoice = (await bench.shop.get("invoices", {"customer": "cus_ines"}))["data"][0]["id"]
    await bench.shop.post(f"invoices/{invoice}/mark_uncollectible")
    assert await bench.causes("cus_ines") == [RootCause.INVOICE_UNCOLLECTIBLE]
    await bench.shop.post(f"invoices/{invoice}/pay", {"paid_out_of_band": True})
    assert await bench.causes("cus_ines") == [RootCause.HEALTHY]


async def test_a_first_payment_that_waits_and_then_was_never_made(bench: Bench):
    await bench.shop.card("cus_ivan")
    await bench.shop.subscribe("cus_ivan", "team_monthly", ids="in_ivan", payment_behavior="default_incomplete")
    found = await bench.diagnosis("cus_ivan")
    assert (found.root_cause, found.recommended_action) == (
        RootCause.FIRST_PAYMENT_INCOMPLETE,
        RecommendedAction.PAY_INVOICE,
    )
    assert "$60.00" in found.explanation
    await bench.pass_time(days=1)
    assert await bench.causes("cus_ivan") == [RootCause.SUBSCRIPTION_CANCELED_UNPAID]
    await bench.shop.post("subscriptions", {"customer": "cus_ivan", "items": [{"price": price_id("team_monthly")}]})
    bench.access.grant("cus_ivan", "team")
    assert await bench.causes("cus_ivan") == [RootCause.HEALTHY]


async def test_unpaid_to_the_end_and_canceled_by_the_clock(bench: Bench):
    await bench.pass_time(days=12)
    assert await bench.causes("cus_dana") == [RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS]
    await bench.pass_time(days=3)
    bench.access.grant("cus_dana", "free")
    assert (await bench.causes("cus_dana"))[0] is RootCause.SUBSCRIPTION_CANCELED_UNPAID


async def test_scheduled_ended_and_no_longer_news(bench: Bench):
    assert await bench.causes("cus_quin") == [RootCause.CANCELLATION_SCHEDULED]
    await bench.shop.post("subscriptions/sub_quin", {"cancel_at_period_end": False})
    assert await bench.causes("cus_quin") == [RootCause.HEALTHY]
    await bench.shop.post("subscriptions/sub_quin", {"cancel_at_period_end": True})
    await bench.pass_time(days=19)
    bench.access.grant("cus_quin", "free")
    assert await bench.causes("cus_quin") == [RootCause.SUBSCRIPTION_ENDED]
    await bench.pass_time(days=90)
    assert await bench.causes("cus_quin") == [RootCause.HEALTHY]


async def test_unlocked_after_the_end(bench: Bench):
    await bench.shop.delete("subscriptions/sub_carl")
    # The product has an hour to follow.
    assert await bench.causes("cus_carl") == [RootCause.SUBSCRIPTION_ENDED]
    await bench.pass_time(hours=1)
    assert await bench.causes("cus_carl") == [RootCause.UNPAID_BUT_UNLOCKED, RootCause.SUBSCRIPTION_ENDED]


async def test_locked_out_until_the_product_has_followed(bench: Bench):
    assert (await bench.causes("cus_paul"))[0] is RootCause.PAID_BUT_LOCKED_OUT
    bench.access.grant("cus_paul", "team")
    assert await bench.causes("cus_paul") == [RootCause.MID_CYCLE_UPGRADE_PRORATION]
    bench.access.grant("cus_paul", "team", active=False, locked_reason="payment_required")
    assert (await bench.causes("cus_paul"))[0] is RootCause.PAID_BUT_LOCKED_OUT


async def test_an_upgrade_is_not_a_lockout_in_its_first_hour(bench: Bench):
    item = (await bench.shop.get("subscriptions/sub_tess"))["items"]["data"][0]["id"]
    change = {"items": [{"id": item, "price": price_id("team_monthly")}], "proration_behavior": "always_invoice"}
    await bench.shop.post("subscriptions/sub_tess", change)
    assert await bench.causes("cus_tess") == [RootCause.MID_CYCLE_UPGRADE_PRORATION]
    await bench.pass_time(hours=1)
    assert (await bench.causes("cus_tess"))[0] is RootCause.PAID_BUT_LOCKED_OUT


async def test_a_downgrade_is_not_over_granted_in_its_first_hour(bench: Bench):
    item = (await bench.shop.get("subscriptions/sub_carl"))["items"]["data"][0]["id"]
    await bench.shop.post("subscriptions/sub_carl", {"items": [{"id": item, "price": price_id("starter_monthly")}]})
    assert await bench.causes("cus_carl") == [RootCause.HEALTHY]
    await bench.pass_time(hours=1)
    found = await bench.diagnosis("cus_carl")
    assert (found.root_cause, str(found.at_stake)) == (RootCause.PLAN_OVER_GRANTED, "$40.00")
    bench.access.grant("cus_carl", "starter")
    assert await bench.causes("cus_carl") == [RootCause.HEALTHY]


async def test_proration_is_news_for_one_bill(bench: Bench):
    assert await bench.causes("cus_ravi") == [RootCause.MID_CYCLE_UPGRADE_PRORATION]
    await bench.pass_time(days=27)
    assert await bench.causes("cus_ravi") == [RootCause.HEALTHY]


async def test_a_downgrade_makes_no_bill_higher(bench: Bench):
    item = (await bench.shop.get("subscriptions/sub_carl"))["items"]["data"][0]["id"]
    await bench.shop.post("subscriptions/sub_carl", {"items": [{"id": item, "price": price_id("starter_monthly")}]})
    bench.access.grant("cus_carl", "starter")
    await bench.pass_time(days=31)
    assert RootCause.MID_CYCLE_UPGRADE_PRORATION not in await bench.causes("cus_carl")


async def test_trial_until_there_is_a_card(bench: Bench):
    assert await bench.causes("cus_finn") == [RootCause.TRIAL_ENDING_WITHOUT_CARD]
    await bench.shop.card("cus_finn")
    assert await bench.causes("cus_finn") == [RootCause.HEALTHY]


async def test_trial_with_time_left(bench: Bench):
    await bench.shop.subscribe("cus_ivan", "team_monthly", trial_period_days=14)
    bench.access.grant("cus_ivan", "team")
    assert await bench.causes("cus_ivan") == [RootCause.HEALTHY]
    await bench.pass_time(days=7)
    assert await bench.causes("cus_ivan") == [RootCause.TRIAL_ENDING_WITHOUT_CARD]


async def test_a_card_that_ends_before_the_renewal_until_it_is_renewed(bench: Bench):
    assert await bench.causes("cus_yves") == [RootCause.CARD_EXPIRES_BEFORE_RENEWAL]
    await bench.shop.post("payment_methods/pm_yves", {"card": {"exp_month": 12, "exp_year": 2026}})
    assert await bench.causes("cus_yves") == [RootCause.HEALTHY]


async def test_credit_until_the_next_invoice_uses_it(bench: Bench):
    assert await bench.causes("cus_bela") == [RootCause.CUSTOMER_CREDIT]
    await bench.pass_time(days=18)
    assert await bench.causes("cus_bela") == [RootCause.HEALTHY]


async def test_usage_that_is_within_the_plan_is_no_spike(bench: Bench):
    assert await bench.causes("cus_uma") == [RootCause.USAGE_SPIKE]
    bench.meters.include("cus_uma", 250_000)
    assert await bench.causes("cus_uma") == [RootCause.HEALTHY]


async def test_the_same_plan_twice_until_one_ends(bench: Bench):
    await bench.shop.post("subscriptions", {"customer": "cus_carl", "items": [{"price": price_id("team_monthly")}]})
    found = await bench.diagnosis("cus_carl")
    assert (found.root_cause, str(found.at_stake)) == (RootCause.DUPLICATE_SUBSCRIPTION, "$60.00")
    later = found.evidence[0].value
    assert found.evidence[1] == ("duplicate_of", "sub_carl")
    await bench.shop.delete(f"subscriptions/{later}")
    assert await bench.causes("cus_carl") == [RootCause.HEALTHY]


async def test_a_year_that_was_just_renewed_for_two_weeks(bench: Bench):
    assert RootCause.RENEWED_RECENTLY_YEARLY not in await bench.causes("cus_lena")
    [subscription] = (await bench.shop.get("subscriptions", {"customer": "cus_lena"}))["data"]
    renews = subscription["items"]["data"][0]["current_period_end"]
    await bench.pass_time(seconds=renews - int(bench.now.timestamp()) + 2 * 86_400)
    assert RootCause.RENEWED_RECENTLY_YEARLY in await bench.causes("cus_lena")
    await bench.pass_time(days=13)
    assert RootCause.RENEWED_RECENTLY_YEARLY not in await bench.causes("cus_lena")


async def test_an_enterprise_account_by_its_label(bench: Bench):
    label = {"metadata": {"segment": "enterprise", "account_manager": "Lin Okafor"}}
    await bench.shop.post("customers/cus_maya", label)
    found = await bench.diagnosis("cus_maya")
    assert found.root_cause is RootCause.ENTERPRISE_ACCOUNT
    assert "Lin Okafor" in found.explanation
