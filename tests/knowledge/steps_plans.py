"""Followed: plans, their beginnings and ends, and what they unlock."""

from __future__ import annotations

from datetime import UTC, datetime

from policy.decisions import Deny, NeedsConfirmation
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
