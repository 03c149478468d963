"""Followed: what is written about cards and declines."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from policy.decisions import Deny, NeedsApproval
from policy.limits import load_limits
from policy.proposals import Role
from policy.settlement import Status
from sandbox.portal import VISIT_WITHIN
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("payment-declined", "cus_joan")
@follow("declined-by-bank", "cus_joan")
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
@follow("processing-error", "cus_kira")
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


@follow("declined-insufficient-funds", "cus_dana")
async def not_enough_money(account: Account) -> None:
    """Shown first; declined while the money is missing, three tries a day at most, and paid once it is there."""
    await account.diagnose("card_declined_insufficient_funds")
    [invoice] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert invoice["next_attempt"] is not None
    assert (await account.subscription())["status"] == "past_due"
    for _ in range(load_limits().retry.attempts_per_invoice_day):
        failed = await account.agree("retry_payment", invoice=invoice["id"])
        assert failed.failure == "card_declined:insufficient_funds"
    fourth = await account.agree("retry_payment", invoice=invoice["id"])
    assert rule(fourth, NeedsApproval) == "retry.count"
    await account.bench.shop.outside("set_card_outcome", payment_method="pm_dana", decline=None)
    await account.pass_time(hours=12)
    done(await account.agree("retry_payment", invoice=invoice["id"]))
    by_itself = account.elsewhere()
    await by_itself.bench.shop.outside("set_card_outcome", payment_method="pm_dana", decline=None)
    await by_itself.pass_time(days=2)
    assert (await by_itself.invoices())[0]["status"] == "paid"


@follow("card-over-its-limit", "cus_vick")
async def over_the_limit(account: Account) -> None:
    await account.diagnose("card_declined_insufficient_funds")
    invoice = (await account.invoices())[0]["id"]
    failed = await account.agree("retry_payment", invoice=invoice)
    assert failed.failure == "card_declined:card_velocity_exceeded"
    await account.bench.shop.outside("set_card_outcome", payment_method="pm_vick", decline=None)
    done(await account.agree("retry_payment", invoice=invoice))


@follow("card-details-wrong", "cus_cora")
async def details_that_do_not_match(account: Account) -> None:
    """The saved card is not tried again; a new one pays, and only when it is told to."""
    await account.diagnose("card_details_incorrect")
    invoice = (await account.invoices())[0]["id"]
    assert rule(await account.agree("retry_payment", invoice=invoice), Deny) == "retry.same_card"
    await account.new_card()
    assert (await account.invoices())[0]["status"] == "open"
    paid = await account.page(await account.fresh_link(invoice), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    assert (await account.invoices())[0]["status"] == "paid"


@follow("card-expired", "cus_ella")
async def an_expired_card(account: Account) -> None:
    await account.diagnose("card_expired")
    invoice = (await account.invoices())[0]["id"]
    assert rule(await account.agree("retry_payment", invoice=invoice), Deny) == "retry.card_expired"
    await account.new_card()
    done(await account.agree("retry_payment", invoice=invoice))


@follow("card-expired", "cus_yves")
async def a_card_that_will_expire(account: Account) -> None:
    """Nothing is charged when the new card is saved; the renewal takes it."""
    found = await account.diagnose("card_expires_before_renewal")
    assert found["cards"][0]["expires"] < found["subscriptions"][0]["period_end"]
    before = len(await account.invoices())
    await account.new_card("pm_card_mastercard")
    assert len(await account.invoices()) == before
    await account.pass_time(days=30)
    assert len(await account.invoices()) == before + 1
    newest = (await account.read("list_charges"))["charges"][0]
    assert (newest["status"], newest["card"]) == ("succeeded", "4444")


@follow("card-lost-or-replaced", "cus_lola")
@follow("payment-stopped-for-safety", "cus_gabe")
async def a_card_not_to_be_tried(account: Account) -> None:
    """The reason is kept back, the card is not tried again, and another card pays."""
    await account.diagnose("card_must_not_be_retried")
    [invoice] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert invoice["decline"]["reason"] == "declined_by_bank"
    assert rule(await account.agree("retry_payment", invoice=invoice["id"]), Deny) == "retry.same_card"
    assert invoice["amount_paid"]["amount"] == 0
    await account.new_card()
    done(await account.agree("retry_payment", invoice=invoice["id"]))


@follow("approve-at-bank", "cus_iris")
async def approved_at_the_bank(account: Account) -> None:
    await account.diagnose("authentication_required")
    [invoice] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert rule(await account.agree("retry_payment", invoice=invoice["id"]), Deny) == "retry.same_card"
    link = await account.fresh_link(invoice["id"])
    assert "3-D Secure check" in (await account.page(link, card="pm_card_authenticationRequired")).text
    [waiting] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert waiting["requires_action"]
    assert (await account.page(link, authenticate="pass")).status_code == httpx.codes.OK
    assert (await account.invoices())[0]["status"] == "paid"
    assert (await account.subscription())["status"] == "active"


@follow("no-card-on-file", "cus_sage")
async def nothing_to_charge(account: Account) -> None:
    found = await account.diagnose("no_payment_method")
    renews = found["subscriptions"][0]["period_end"]
    without = account.elsewhere()
    before = len(await account.invoices())
    await account.new_card()
    assert len(await account.invoices()) == before
    await account.pass_time(days=13)
    charged = (await account.invoices())[0]
    assert charged["status"] == "paid"
    assert datetime.fromtimestamp(charged["created"], UTC).date().isoformat() == renews
    await without.pass_time(days=13)
    assert (await without.invoices())[0]["status"] == "open"
    assert (await without.subscription())["status"] == "past_due"
    await without.new_card()
    done(await without.agree("retry_payment", invoice=(await without.invoices())[0]["id"]))


@follow("card-data-security", "cus_hugo")
async def what_is_seen_of_a_card(account: Account) -> None:
    [card] = (await account.diagnose())["cards"]
    assert set(card) == {"id", "brand", "last4", "expires", "default"}
    member = account.of(account.customer, Role.MEMBER)
    assert rule(await member.ask("card_update_link"), Deny) == "role.billing"
    links = [done(await account.ask("card_update_link")) for _ in range(load_limits().links.per_customer_day)]
    assert rule(await account.ask("card_update_link"), NeedsApproval) == "link.count"
    receipt = links[-1].receipt
    assert receipt is not None
    assert receipt.secret is not None
    await account.pass_time(seconds=VISIT_WITHIN + 1)
    assert (await account.page(receipt.secret)).status_code == httpx.codes.GONE
