"""Followed: when and how invoices are paid."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from policy.decisions import Deny, NeedsConfirmation
from sandbox.invoice_collection import TRIES
from sandbox.links import AFTER_DUE_DAYS
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("when-we-charge", "cus_hugo")
async def the_day_of_a_renewal(account: Account) -> None:
    """Drawn up on the day of the month on which the plan began, paid an hour later, with nobody doing anything."""
    began = datetime.fromtimestamp((await account.subscription())["start_date"], UTC)
    await account.pass_time(days=8, hours=18, minutes=30)
    newest = (await account.invoices())[0]
    drawn = datetime.fromtimestamp(newest["created"], UTC)
    assert drawn.day == began.day
    assert newest["status"] == "draft"
    await account.pass_time(minutes=31)
    assert (await account.read("list_invoices", status="paid", lines=False))["invoices"][0]["id"] == newest["id"]


@follow("pay-open-invoice", "cus_kira")
async def an_open_invoice(account: Account) -> None:
    """Retried with the saved card after the amount was shown; paid once only, and a second try is refused."""
    invoice = (await account.read("list_invoices", status="open", lines=False))["invoices"][0]
    waiting = await account.ask("retry_payment", invoice=invoice["id"])
    assert isinstance(waiting.decision, NeedsConfirmation)
    assert invoice["amount_remaining"]["display"] in waiting.decision.shown
    done(await account.confirm(waiting))
    assert rule(await account.agree("retry_payment", invoice=invoice["id"]), Deny) == "retry.not_open"
    again = await account.page(await account.fresh_link(invoice["id"]), card="pm_card_visa")
    assert again.status_code == httpx.codes.OK
    assert len([each for each in await account.invoices() if each["id"] == invoice["id"]]) == 1


@follow("expired-payment-link", "cus_olga")
async def a_dead_link_and_a_fresh_one(account: Account) -> None:
    """The link of an invoice dies after its due date; a fresh one lives on, and the amount is the same."""
    await account.diagnose("payment_link_expired")
    link = await account.read("invoice_link")
    due = (await account.invoices())[0]["due_date"]
    assert (account.bench.now.timestamp() - due) / 86_400 > AFTER_DUE_DAYS
    assert link["amount_remaining"]["amount"] == (await account.invoices())[0]["total"]
    await account.pass_time(days=9, hours=23)
    assert (await account.page(link["url"])).status_code == httpx.codes.OK
    await account.pass_time(hours=2)
    assert (await account.page(link["url"])).status_code == httpx.codes.GONE
    paid = await account.page(await account.fresh_link(), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    assert (await account.invoices())[0]["amount_remaining"] == 0


@follow("payment-retry-schedule", "cus_dana")
async def all_tries_fail(account: Account) -> None:
    """Tried on schedule while the plan goes on; then it ends, and the invoice stays open and untried."""
    assert (await account.diagnose())["subscriptions"][0]["status"] == "past_due"
    [invoice] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert invoice["attempts"] == 1
    await account.pass_time(days=12)
    assert (await account.subscription())["status"] == "past_due"
    await account.pass_time(days=2)
    assert (await account.subscription())["status"] == "canceled"
    left = (await account.invoices())[0]
    assert (left["status"], left["attempt_count"], left["next_payment_attempt"]) == ("open", TRIES, None)
    paid = await account.page(await account.fresh_link(left["id"]), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    other = account.elsewhere()
    await other.new_card()
    await other.pass_time(days=2)
    assert (await other.invoices())[0]["status"] == "paid"


@follow("payment-retry-schedule", "cus_lola")
async def a_card_that_is_not_tried(account: Account) -> None:
    charges = len((await account.read("list_charges"))["charges"])
    await account.pass_time(days=7)
    assert len((await account.read("list_charges"))["charges"]) == charges
    await account.new_card()
    await account.pass_time(days=3)
    assert (await account.invoices())[0]["status"] == "paid"


@follow("did-my-payment-arrive", "cus_hugo")
async def a_payment_that_arrived(account: Account) -> None:
    charge = (await account.read("list_charges"))["charges"][0]
    [invoice] = (await account.read("list_invoices", invoice=charge["invoice"], status="all", lines=False))["invoices"]
    assert (charge["status"], invoice["status"], invoice["amount_paid"]) == ("succeeded", "paid", charge["amount"])


@follow("did-my-payment-arrive", "cus_kira")
async def a_payment_that_did_not(account: Account) -> None:
    """A failed try takes nothing; a later one may settle the same invoice, and both are listed."""
    failed = (await account.read("list_charges"))["charges"][0]
    [owed] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert (failed["status"], failed["invoice"], owed["amount_paid"]["amount"]) == ("failed", owed["id"], 0)
    done(await account.agree("retry_payment", invoice=owed["id"]))
    newest, older = (await account.read("list_charges"))["charges"][:2]
    assert (newest["status"], older["id"], older["status"]) == ("succeeded", failed["id"], "failed")
