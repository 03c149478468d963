"""Followed: what is written about cards and declines."""

from __future__ import annotations

import httpx

from policy.settlement import Status
from sandbox.portal import VISIT_WITHIN
from tests.knowledge.account import Account, done
from tests.knowledge.following import follow


@follow("payment-declined", "cus_joan")
async def declined_without_a_reason(account: Account) -> None:
    """Only the bank knows why: once it allows the payment, a retry goes through. A declined try takes no money."""
    await account.diagnose("card_declined_by_bank")
    invoice = (await account.read("list_invoices", status="open", lines=False))["invoices"][0]
    assert invoice["decline"]["reason"] == "do_not_honor"
    assert (await account.agree("retry_payment", invoice=invoice["id"])).status is Status.FAILED
    assert (await account.invoices())[0]["amount_paid"] == 0
    await account.bench.shop.outside("set_card_outcome", payment_method="pm_joan", decline=None)
    done(await account.agree("retry_payment", invoice=invoice["id"]))


@follow("payment-declined", "cus_kira")
async def declined_by_an_error(account: Account) -> None:
    await account.diagnose("payment_processing_error")
    assert (await account.subscription())["status"] == "past_due"
    done(await account.agree("retry_payment", invoice=(await account.invoices())[0]["id"]))
    assert (await account.subscription())["status"] == "active"


@follow("update-card", "cus_ella")
async def another_card(account: Account) -> None:
    """Saving a card pays no old invoice, and the link dies soon."""
    link = done(await account.ask("card_update_link"))
    await account.new_card("pm_card_mastercard")
    assert [card["brand"] for card in (await account.diagnose())["cards"] if card["default"]] == ["mastercard"]
    assert (await account.invoices())[0]["status"] == "open"
    paid = await account.page(await account.fresh_link(), card="pm_card_mastercard")
    assert paid.status_code == httpx.codes.OK
    assert (await account.invoices())[0]["status"] == "paid"
    assert link.receipt is not None
    assert link.receipt.secret is not None
    await account.pass_time(seconds=VISIT_WITHIN + 1)
    assert (await account.page(link.receipt.secret)).status_code == httpx.codes.GONE


@follow("update-card", "cus_sage")
async def the_only_card_is_removed(account: Account) -> None:
    """The plan goes on; the renewal has nothing to charge and stays open."""
    assert (await account.diagnose("no_payment_method"))["cards"] == []
    assert (await account.subscription())["status"] == "active"
    await account.pass_time(days=12)
    assert (await account.invoices())[0]["status"] == "open"
