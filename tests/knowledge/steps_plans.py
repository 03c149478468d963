"""Followed: plans, their beginnings and ends, and what they unlock."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from policy.decisions import Deny, NeedsConfirmation
from sandbox.demo.catalogue import PLANS, REQUESTS_PRICE, price_id
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("change-plan", "cus_tess")
async def an_upgrade(account: Account) -> None:
    """Shown first, and nothing changes without a yes; then at once. A preview that is too old holds no longer."""
    assert {each["plan"] for each in (await account.read("list_plans"))["plans"]} >= {"Starter", "Team", "Business"}
    offer = await account.read("preview_plan_change", plan="Team")
    waiting = await account.ask("change_plan", **offer["change"])
    assert rule(waiting, NeedsConfirmation) == "plan.confirmation"
    assert (await account.diagnose())["subscriptions"][0]["plan"] == "Starter"
    await account.pass_time(hours=23, minutes=59)
    done(await account.confirm(waiting))
    assert (await account.diagnose())["subscriptions"][0]["plan"] == "Team"
    old = await account.read("preview_plan_change", plan="Business")
    await account.pass_time(hours=24, seconds=1)
    assert rule(await account.ask("change_plan", **old["change"]), Deny) == "plan.preview"


@follow("change-plan", "cus_carl")
async def a_downgrade(account: Account) -> None:
    """At once; what was paid too much becomes credit, and is not paid out."""
    refunds = (await account.bench.shop.get("refunds"))["data"]
    offer = await account.read("preview_plan_change", plan="Starter")
    done(await account.agree("change_plan", **offer["change"]))
    found = await account.diagnose("customer_credit")
    assert found["subscriptions"][0]["plan"] == "Starter"
    assert found["balance"]["amount"] == offer["due_now"]["amount"] < 0
    assert (await account.bench.shop.get("refunds"))["data"] == refunds
    yearly = await account.of("cus_tess").read("preview_plan_change", plan="Starter", interval="year")
    assert min(line["amount"]["amount"] for line in yearly["lines"]) < 0
    assert yearly["renews_on"] == account.bench.now.replace(year=account.bench.now.year + 1).date().isoformat()


@follow("cancel-subscription", "cus_carl")
async def the_two_ways_to_end(account: Account) -> None:
    """At the end of the period everything stays until then; right away it stops, and nothing is paid back."""
    charges = len((await account.bench.shop.get("refunds"))["data"])
    done(await account.agree("cancel_subscription", subscription="sub_carl", when="period_end"))
    found = await account.subscription()
    assert (found["status"], found["cancel_at_period_end"]) == ("active", True)
    other = account.of("cus_tess")
    done(await other.agree("cancel_subscription", subscription="sub_tess", when="now"))
    assert (await other.subscription())["status"] == "canceled"
    assert len((await account.bench.shop.get("refunds"))["data"]) == charges
    paid = len(await account.invoices())
    await account.pass_time(days=30)
    assert (await account.subscription())["status"] == "canceled"
    assert len(await account.invoices()) == paid


@follow("resume-subscription", "cus_quin")
async def before_the_last_day(account: Account) -> None:
    """It simply goes on, and nothing is charged today."""
    await account.diagnose("cancellation_scheduled")
    before, ends = len(await account.invoices()), (await account.diagnose())["subscriptions"][0]["period_end"]
    done(await account.agree("resume_subscription", subscription="sub_quin"))
    found = (await account.diagnose("healthy"))["subscriptions"][0]
    assert (found["cancel_at_period_end"], found["period_end"]) == (False, ends)
    assert len(await account.invoices()) == before


@follow("resume-subscription", "cus_nell")
async def after_the_last_day(account: Account) -> None:
    await account.diagnose("subscription_ended")
    asked = await account.agree("resume_subscription", subscription="sub_nell")
    assert rule(asked, Deny) == "resume.ended"


@follow("paid-but-features-missing", "cus_paul")
async def paid_and_locked(account: Account) -> None:
    """The payment and what is unlocked do not agree: our mistake, for a colleague."""
    found = await account.diagnose("paid_but_locked_out")
    assert found["recommended_action"] == "talk_to_human"
    access = await account.read("check_entitlements")
    assert (access["granted"], access["paid"][0]["plan"]) == ("starter", "Team")


@follow("trial-end", "cus_finn")
async def a_trial_without_a_card(account: Account) -> None:
    """Nothing is charged at its end; with a card added in time the plan becomes paid on that day, not earlier."""
    trial = (await account.diagnose("trial_ending_without_card"))["subscriptions"][0]
    paying = account.elsewhere()
    await account.pass_time(days=4)
    assert all(each["total"] == 0 for each in await account.invoices())
    assert (await account.subscription())["status"] == "canceled"
    await paying.new_card()
    assert [each["total"] for each in await paying.invoices()] == [0]
    await paying.pass_time(days=4)
    charged = (await paying.invoices())[0]
    assert (charged["status"], charged["amount_paid"]) == ("paid", trial["unit_amount"]["amount"])
    assert datetime.fromtimestamp(charged["created"], UTC).date().isoformat() == trial["trial_end"]


@follow("usage-and-overage", "cus_uma")
async def beyond_the_plan(account: Account) -> None:
    [meter] = (await account.read("explain_usage", period="current"))["meters"]
    assert meter["beyond"] == meter["used"] - meter["included"] > 0


@follow("annual-billing", "cus_tess")
async def a_year_in_advance(account: Account) -> None:
    """Ten months' price for twelve, less what is unused of the month; renewed a year later; the way back is credit."""
    prices = {each["lookup_key"]: each["unit_amount"]["amount"] for each in (await account.read("list_plans"))["plans"]}
    for plan in ("starter", "team", "business"):
        assert prices[f"{plan}_yearly"] == 10 * prices[f"{plan}_monthly"]
    offer = await account.read("preview_plan_change", plan="Starter", interval="year")
    unused = min(line["amount"]["amount"] for line in offer["lines"])
    assert offer["due_now"]["amount"] == prices["starter_yearly"] + unused < prices["starter_yearly"]
    done(await account.agree("change_plan", **offer["change"]))
    now = account.bench.now
    [plan] = (await account.diagnose())["subscriptions"]
    assert (plan["interval"], plan["period_end"]) == ("year", now.replace(year=now.year + 1).date().isoformat())
    await account.pass_time(days=40)
    assert (await account.read("preview_plan_change", plan="Starter", interval="month"))["due_now"]["amount"] < 0
    [meter] = (await account.of("cus_lena").read("explain_usage", period="current"))["meters"]
    assert meter["included"] == 12 * PLANS["team"].included_requests


@follow("duplicate-subscription", "cus_jude")
async def signed_up_twice(account: Account) -> None:
    """A colleague settles it; the newer one can be ended, and the other renews untouched."""
    found = await account.diagnose("duplicate_subscription")
    assert found["recommended_action"] == "talk_to_human"
    newer, older = found["subscriptions"]
    assert found["at_stake"] == newer["unit_amount"]
    done(await account.agree("cancel_subscription", subscription=newer["id"], when="now"))
    await account.pass_time(days=25)
    living = [each["id"] for each in (await account.diagnose())["subscriptions"] if each["status"] == "active"]
    assert living == [older["id"]]
    assert (await account.invoices())[0]["parent"]["subscription_details"]["subscription"] == older["id"]


@follow("ended-unpaid", "cus_zara")
async def ended_for_good(account: Account) -> None:
    """Paying what is owed settles it and brings nothing back; a new subscription begins today."""
    await account.diagnose("subscription_canceled_unpaid")
    asked = await account.agree("resume_subscription", subscription="sub_zara")
    assert rule(asked, Deny) == "resume.ended"
    [owed] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    paid = await account.page(await account.fresh_link(owed["id"]), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    assert (await account.read("list_invoices", status="open", lines=False))["invoices"] == []
    assert (await account.subscription())["status"] == "canceled"
    await account.new_card()
    await account.bench.shop.post(
        "subscriptions", {"customer": account.customer, "items": [{"price": price_id("team_monthly")}]}
    )
    newest = (await account.diagnose())["subscriptions"][0]
    assert (newest["id"] != "sub_zara", newest["status"]) == (True, "active")


@follow("plan-larger-than-paid", "cus_ruth")
async def more_than_is_paid(account: Account) -> None:
    """Told beside each other, for a colleague; the next bill is the plan's that is paid. An upgrade has its price."""
    found = await account.diagnose("plan_over_granted")
    assert found["recommended_action"] == "talk_to_human"
    access = await account.read("check_entitlements")
    assert (access["granted"], access["paid"][0]["plan"]) == ("business", "Team")
    assert (await account.read("preview_plan_change", plan="Business"))["due_now"]["amount"] > 0
    await account.pass_time(days=31)
    assert (await account.invoices())[0]["total"] == found["subscriptions"][0]["unit_amount"]["amount"]


@follow("plan-larger-than-paid", "cus_hank")
async def unlocked_though_over(account: Account) -> None:
    await account.diagnose("unpaid_but_unlocked")
    access = await account.read("check_entitlements")
    assert (access["granted"], access["paid"]) == ("team", [])
    before = len(await account.invoices())
    await account.pass_time(days=40)
    assert len(await account.invoices()) == before


@follow("currency", "cus_gwen", "cus_kenji")
async def one_currency_while_it_runs(account: Account) -> None:
    """Offers are in the currency of what runs; only a new subscription can have another one."""
    plans = (await account.read("list_plans"))["plans"]
    [mine] = {each["unit_amount"]["currency"] for each in plans}
    assert mine != "usd"
    assert (await account.read("preview_plan_change", plan="Team"))["due_now"]["currency"] == mine
    other = await account.read("preview_plan_change", plan=price_id("team_monthly"))
    assert (other["change"], other["note"]) == (None, "no such plan")


@follow("tiers-of-requests", "cus_vera")
async def step_by_step(account: Account) -> None:
    """Each step at its own price, in arrears, adding up to the invoice to the cent."""
    await account.diagnose("metered_overage_billed")
    bill = await account.read("explain_invoice")
    assert bill["explained"]
    free, second, third = [line["amount"]["amount"] for line in bill["lines"] if line["kind"] == "usage"]
    assert (free, second) == (0, 100 * 2_00)
    assert third > 0
    assert bill["total"]["amount"] == 60_00 + second + third
    renewed = await account.bench.shop.get(f"invoices/{bill['invoice']}")
    [used] = {
        line["period"]["end"]
        for line in renewed["lines"]["data"]
        if line["pricing"]["price_details"]["price"] == REQUESTS_PRICE
    }
    assert used == renewed["period_end"]


@follow("usage-count-differs", "cus_yuri")
async def billed_for_more_than_was_counted(account: Account) -> None:
    found = await account.diagnose("usage_billed_differs")
    assert found["recommended_action"] == "talk_to_human"
    bill = await account.read("explain_invoice")
    beyond = [line["amount"]["amount"] for line in bill["lines"] if line["kind"] == "usage"]
    assert 0 < found["at_stake"]["amount"] < sum(beyond)
