"""Followed: money back, double charges, disputes."""

from __future__ import annotations

from policy.decisions import Deny, NeedsApproval
from policy.limits import load_limits
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow

WISH = "requested_by_customer"


@follow("refund-policy", "cus_maya")
async def a_recent_charge(account: Account) -> None:
    """Refunded at once, to the charge that paid; the plan goes on. After the window a colleague decides."""
    charge = (await account.read("list_charges"))["charges"][0]
    late = account.elsewhere()
    done(await account.ask("refund", charge=charge["id"], grounds=WISH))
    refunds = (await account.bench.shop.get("refunds", {"charge": charge["id"]}))["data"]
    assert [each["amount"] for each in refunds] == [charge["amount"]["amount"]]
    assert (await account.subscription())["status"] == "active"
    await late.pass_time(days=load_limits().refund.request_window_days)
    assert rule(await late.ask("refund", charge=charge["id"], grounds=WISH), NeedsApproval) == "refund.window"


@follow("charged-twice", "cus_nina")
async def a_real_duplicate(account: Account) -> None:
    await account.diagnose("duplicate_charge")
    two = [each for each in (await account.read("list_charges"))["charges"] if each["same_purchase_as"]]
    assert [each["status"] for each in two] == ["succeeded", "succeeded"]
    newer, older = two
    await account.pass_time(days=load_limits().refund.duplicate_window_days - 2)
    done(await account.ask("refund", charge=newer["id"], grounds="duplicate", duplicate_of=older["id"]))
    twin = await account.ask("refund", charge=older["id"], grounds="duplicate", duplicate_of=newer["id"])
    assert rule(twin, Deny) == "refund.not_duplicate"


@follow("charged-twice", "cus_omar")
async def two_purchases(account: Account) -> None:
    await account.diagnose("healthy")
    newer, older = [each for each in (await account.read("list_charges"))["charges"] if each["order"]]
    assert newer["order"] != older["order"]
    asked = await account.ask("refund", charge=newer["id"], grounds="duplicate", duplicate_of=older["id"])
    assert rule(asked, Deny) == "refund.not_duplicate"
    done(await account.ask("refund", charge=newer["id"], grounds=WISH))


@follow("dispute-at-bank", "cus_dora")
async def a_disputed_charge(account: Account) -> None:
    """Frozen: nobody refunds it, and the plan goes on."""
    found = await account.diagnose("charge_disputed")
    assert found["recommended_action"] == "talk_to_human"
    [charge] = [each for each in (await account.read("list_charges"))["charges"] if each["disputed"]]
    assert rule(await account.ask("refund", charge=charge["id"], grounds=WISH), Deny) == "refund.disputed"
    assert (await account.subscription())["status"] == "active"
