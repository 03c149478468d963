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


@follow("refund-arrival", "cus_remy")
async def a_refund_on_its_way(account: Account) -> None:
    """Pending, then paid out, to the card that paid; nothing is left to be refunded meanwhile."""
    [row] = (await account.read("refund_status"))["refunds"]
    assert (row["status"], row["expected_by"] is None) == ("pending", False)
    [charge] = (await account.read("list_charges", charge=row["charge"]))["charges"]
    assert charge["amount_refunded"] == charge["amount"]
    assert rule(await account.ask("refund", charge=charge["id"], grounds=WISH), Deny) == "refund.nothing_left"
    await account.pass_time(hours=2)
    assert (await account.read("refund_status"))["refunds"][0]["status"] == "succeeded"


@follow("refund-failed", "cus_fern")
async def a_refund_that_came_back(account: Account) -> None:
    """A colleague's, since the card that paid no longer takes the money; another card on file changes nothing."""
    assert (await account.diagnose("refund_failed"))["recommended_action"] == "talk_to_human"
    await account.new_card()
    [row] = (await account.read("refund_status"))["refunds"]
    assert (row["status"], row["expected_by"], row["failed_reason"]) == ("failed", None, "expired_or_canceled_card")


@follow("refunded-already", "cus_wade")
async def refunded_by_a_colleague(account: Account) -> None:
    await account.diagnose("refunded_already")
    [row] = (await account.read("refund_status"))["refunds"]
    assert (row["made_by"], row["status"]) == ("dashboard", "succeeded")
    [charge] = (await account.read("list_charges", charge=row["charge"]))["charges"]
    assert row["amount"] == charge["amount"]
    again = await account.ask("refund", charge=row["charge"], grounds=WISH)
    assert rule(again, Deny) == "refund.nothing_left"


@follow("partial-refund", "cus_maya")
async def a_part_and_another_part(account: Account) -> None:
    """Parts add up to the charge at most, and count against the refunds of a month; the plan goes on."""
    charge = (await account.read("list_charges"))["charges"][0]
    half = charge["amount"]["amount"] // 2
    done(await account.ask("refund", charge=charge["id"], amount=half, grounds=WISH))
    too_much = await account.ask("refund", charge=charge["id"], amount=half + 1, grounds=WISH)
    assert rule(too_much, Deny) == "refund.more_than_left"
    done(await account.ask("refund", charge=charge["id"], amount=half // 2, grounds=WISH))
    third = await account.ask("refund", charge=charge["id"], amount=half // 2, grounds=WISH)
    assert rule(third, NeedsApproval) == "refund.count"
    assert (await account.subscription())["status"] == "active"


@follow("refund-needs-approval", "cus_otto")
async def more_than_lee_may(account: Account) -> None:
    """Stopped by the limit for one refund, in parts by the month's; after a colleague's yes it is made."""
    charge = await account.newest_charge()
    asked = await account.ask("refund", charge=charge, grounds=WISH)
    assert rule(asked, NeedsApproval) == "refund.cap"
    parts = account.elsewhere()
    done(await parts.ask("refund", charge=charge, amount=100_00, grounds=WISH))
    rest = await parts.ask("refund", charge=charge, amount=60_00, grounds=WISH)
    assert rule(rest, NeedsApproval) == "value_out.customer_month"
    done(await account.approve(asked))
    [found] = (await account.read("list_charges", charge=charge))["charges"]
    assert found["amount_refunded"] == found["amount"]


@follow("yearly-renewal-refund", "cus_anna")
async def a_year_nobody_wanted(account: Account) -> None:
    """A colleague decides, and the plan has to be cancelled besides; cancelled in time it is not renewed again."""
    await account.diagnose("renewed_recently_yearly")
    asked = await account.ask("refund", charge=await account.newest_charge(), grounds=WISH)
    assert rule(asked, NeedsApproval) == "refund.cap"
    done(await account.approve(asked))
    assert (await account.subscription())["status"] == "active"
    spared = account.elsewhere()
    done(await spared.agree("cancel_subscription", subscription="sub_anna", when="period_end"))
    await spared.pass_time(days=364)
    assert (await spared.subscription())["status"] == "canceled"
    assert (await spared.read("list_charges"))["charges"][0]["id"] == await account.newest_charge()
    done(await account.agree("cancel_subscription", subscription="sub_anna", when="now"))
    assert (await account.subscription())["status"] == "canceled"


@follow("unused-time-after-cancelling", "cus_carl")
async def the_days_that_are_left(account: Account) -> None:
    """Nothing comes back by itself; a recent payment does when it is asked for, an older one by a colleague."""
    late = account.elsewhere()
    for each in (account, late):
        done(await each.agree("cancel_subscription", subscription="sub_carl", when="now"))
        assert (await each.diagnose())["balance"]["amount"] == 0
        assert (await each.read("refund_status"))["refunds"] == []
    charge = await account.newest_charge()
    done(await account.ask("refund", charge=charge, grounds=WISH))
    await late.pass_time(days=load_limits().refund.request_window_days - 6)
    assert rule(await late.ask("refund", charge=charge, grounds=WISH), NeedsApproval) == "refund.window"
