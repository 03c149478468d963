"""Followed: plans that are about to change, and plans that rest."""

from __future__ import annotations

from policy.decisions import Deny, NeedsConfirmation
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("scheduled-change", "cus_toby")
async def the_present_plan_goes_on(account: Account) -> None:
    """Both plans and the day are told; taken back after a yes, it renews as it is. Otherwise the smaller one begins."""
    found = await account.diagnose("scheduled_plan_change")
    [plan] = found["subscriptions"]
    regretted, late = account.elsewhere(), account.elsewhere()
    await late.pass_time(days=12)
    [after] = (await late.diagnose())["subscriptions"]
    assert (after["plan"], after["unit_amount"]) == ("Starter", plan["scheduled_change"]["unit_amount"])
    assert rule(await late.ask("undo_scheduled_change", subscription="sub_toby"), Deny) == "undo.nothing_planned"
    assert (await late.read("preview_plan_change", plan="Team"))["due_now"]["amount"] > 0
    other = await regretted.read("preview_plan_change", plan="Business")
    if other["change"] is not None:
        assert isinstance((await regretted.agree("change_plan", **other["change"])).decision, Deny)
    waiting = await account.ask("undo_scheduled_change", subscription="sub_toby")
    assert isinstance(waiting.decision, NeedsConfirmation)
    assert plan["unit_amount"]["display"] in (waiting.decision.shown or "")
    before = len(await account.invoices())
    done(await account.confirm(waiting))
    assert len(await account.invoices()) == before
    await account.diagnose("healthy")
    await account.pass_time(days=12)
    assert (await account.invoices())[0]["total"] == plan["unit_amount"]["amount"]


@follow("trial-paused", "cus_milo")
async def a_plan_that_rests(account: Account) -> None:
    """A card alone starts nothing; started after a yes, the first period is paid at once and begins today."""
    await account.diagnose("subscription_paused")
    resting = account.elsewhere()
    before = len(await resting.invoices())
    await resting.new_card("pm_card_mastercard")
    await resting.pass_time(days=40)
    assert ((await resting.subscription())["status"], len(await resting.invoices())) == ("paused", before)
    waiting = await account.ask("resume_subscription", subscription="sub_milo")
    assert isinstance(waiting.decision, NeedsConfirmation)
    assert "4242" in (waiting.decision.shown or "")
    assert (await account.subscription())["status"] == "paused"
    done(await account.confirm(waiting))
    newest = (await account.invoices())[0]
    assert (newest["status"], newest["amount_paid"]) == ("paid", 60_00)
    [plan] = (await account.diagnose())["subscriptions"]
    assert (plan["status"], plan["period_end"]) == ("active", "2026-12-20")
