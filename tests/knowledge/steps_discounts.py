"""Followed: promotion codes and discounts."""

from __future__ import annotations

from policy.decisions import Deny, NeedsConfirmation
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow

APPLY = "apply_promotion_code"


@follow("promotion-code", "cus_cleo")
async def a_code_in_hand(account: Account) -> None:
    """Looked up, shown with the price it makes, and counted from the next invoice on for three of them."""
    asked = (await account.read("list_discounts", code="welcome20"))["asked"]
    assert (asked["usable"], asked["off"], asked["months"]) == (True, "20% off", 3)
    ending = account.elsewhere()
    done(await ending.agree("cancel_subscription", subscription="sub_cleo", when="period_end"))
    assert rule(await ending.ask(APPLY, subscription="sub_cleo", code="WELCOME20"), Deny) == "promotion.not_active"
    before = len(await account.invoices())
    waiting = await account.ask(APPLY, subscription="sub_cleo", code="welcome20")
    assert isinstance(waiting.decision, NeedsConfirmation)
    assert "$16.00 instead of $20.00 on each of the next 3 invoices" in (waiting.decision.shown or "")
    done(await account.confirm(waiting))
    assert len(await account.invoices()) == before
    await account.pass_time(days=125)
    newer = (await account.invoices())[:-before]
    assert [each["total"] for each in reversed(newer)] == [16_00, 16_00, 16_00, 20_00]


@follow("code-not-accepted", "cus_cleo")
async def codes_that_are_refused(account: Account) -> None:
    for code, denied, said in (
        ("SPRING24", "promotion.expired", "it expired on"),
        ("TEAMONLY", "promotion.product", "it is for another product"),
    ):
        answer = await account.read("list_discounts", code=code)
        assert answer["asked"]["why_not"].startswith(said)
        assert rule(await account.agree(APPLY, subscription="sub_cleo", code=code), Deny) == denied
    assert (await account.read("list_discounts", code="WELCOM20"))["asked"] is None
    assert rule(await account.agree(APPLY, subscription="sub_cleo", code="WELCOM20"), Deny) == "promotion.not_found"
    done(await account.agree(APPLY, subscription="sub_cleo", code="WELCOME20"))
    second = await account.agree(APPLY, subscription="sub_cleo", code="WELCOME20")
    assert rule(second, Deny) == "promotion.stacked"
    running = (await account.read("list_discounts"))["discounts"][0]
    assert (running["running"], running["ends"] is None) == (True, False)
    await account.pass_time(days=125)
    again = await account.agree(APPLY, subscription="sub_cleo", code="WELCOME20")
    assert again.decision.rule == "promotion.again"


@follow("discount-ended", "cus_cody")
async def the_regular_price_returns(account: Account) -> None:
    """The price itself is the same; the day on which the offer ended is told."""
    await account.diagnose("discount_ended")
    [offer] = (await account.read("list_discounts"))["discounts"]
    assert (offer["running"], offer["invoices_left"]) == (False, 0)
    newest, before = (await account.invoices())[:2]
    assert newest["total"] == before["total"] + offer["takes_off"]["amount"] == before["subtotal"]
    bill = await account.read("explain_invoice")
    assert (bill["explained"], [line["kind"] for line in bill["lines"]]) == (True, ["plan"])
