"""Followed: invoices, what stands on them, and the figures of plan changes."""

from __future__ import annotations

import httpx

from policy.decisions import Deny, NeedsApproval
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("bill-higher-after-upgrade", "cus_ravi")
async def the_bill_after_an_upgrade(account: Account) -> None:
    """Unused time is negative, remaining time positive; the sum is the invoice, and the next one is the plain price."""
    await account.diagnose("mid_cycle_upgrade_proration")
    bill = await account.read("explain_invoice")
    amounts = {line["kind"]: line["amount"]["amount"] for line in bill["lines"]}
    assert amounts["unused_time"] < 0 < amounts["remaining_time"]
    assert bill["explained"]
    assert sum(line["amount"]["amount"] for line in bill["lines"]) == bill["total"]["amount"]
    before = (await account.bench.shop.get("subscriptions/sub_ravi"))["items"]
    assert (await account.read("preview_plan_change", plan="Business"))["due_now"]["amount"] > 0
    assert (await account.bench.shop.get("subscriptions/sub_ravi"))["items"] == before
    await account.pass_time(days=27)
    assert (await account.invoices())[0]["total"] == amounts["plan"]


@follow("invoices-and-receipts", "cus_hugo")
async def a_copy_of_an_invoice(account: Account) -> None:
    listed = await account.read("list_invoices", status="paid", lines=False)
    page = await account.page(await account.fresh_link(listed["invoices"][-1]["id"]))
    assert page.status_code == httpx.codes.OK
    oldest = await account.bench.shop.get(f"invoices/{listed['invoices'][-1]['id']}")
    document = await account.page(oldest["invoice_pdf"])
    assert document.headers["content-type"] == "application/pdf"


@follow("how-proration-is-worked-out", "cus_tess")
async def half_of_a_month(account: Account) -> None:
    """Each price times the seconds left by all seconds; a few minutes later it costs a cent less."""
    item = (await account.subscription())["items"]["data"][0]
    begins, ends = item["current_period_start"], item["current_period_end"]
    await account.pass_time(seconds=(begins + ends) // 2 - account.bench.now.timestamp())
    offer = await account.read("preview_plan_change", plan="Team")
    amounts = [line["amount"]["amount"] for line in offer["lines"] if line["proration"]]
    left = (ends - offer["change"]["proration_date"]) / (ends - begins)
    assert amounts == [round(-20_00 * left), round(60_00 * left)]
    assert offer["due_now"]["amount"] == sum(amounts) == 20_00
    assert offer["renewal"]["display"] == "$60.00"
    await account.pass_time(minutes=10)
    assert (await account.read("preview_plan_change", plan="Team"))["due_now"]["amount"] < 20_00


@follow("invoice-status", "cus_hugo")
async def an_invoice_just_drawn_up(account: Account) -> None:
    await account.pass_time(days=8, hours=18, minutes=30)
    newest = (await account.read("list_invoices", status="all", lines=False))["invoices"][0]
    assert (newest["status"], newest["number"]) == ("draft", None)
    assert (await account.read("invoice_link", invoice=newest["id"]))["url"] is None
    await account.pass_time(minutes=31)
    [final] = (await account.read("list_invoices", invoice=newest["id"], status="all", lines=False))["invoices"]
    assert final["status"] == "paid"
    assert final["number"]


@follow("invoice-status", "cus_kira")
async def an_invoice_that_is_taken_back(account: Account) -> None:
    """Void: nothing is owed and the number stays. Uncollectible: it can still be paid."""
    [owed] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    waived = account.elsewhere()
    await waived.bench.shop.post(f"invoices/{owed['id']}/void")
    [void] = (await waived.read("list_invoices", invoice=owed["id"], status="all", lines=False))["invoices"]
    assert (void["status"], void["number"]) == ("void", owed["number"])
    assert "Nothing is owed" in (await waived.page(await waived.fresh_link(owed["id"]))).text
    await account.bench.shop.post(f"invoices/{owed['id']}/mark_uncollectible")
    paid = await account.page(await account.fresh_link(owed["id"]), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    assert (await account.invoices())[0]["status"] == "paid"
    refused = await account.agree("retry_payment", invoice=owed["id"])
    assert rule(refused, Deny) == "retry.not_open"


@follow("credit-note", "cus_cass")
async def a_document_with_a_number_of_its_own(account: Account) -> None:
    """It names its invoice, which stays as it was; the next one was paid in part from the credit."""
    note = await account.bench.shop.get("credit_notes/cn_cass")
    [credited] = (await account.read("list_invoices", invoice=note["invoice"], status="all", lines=False))["invoices"]
    assert note["number"].startswith(f"{credited['number']}-")
    assert (credited["status"], credited["total"]["amount"]) == ("paid", 60_00)
    assert (await account.page(note["pdf"])).headers["content-type"] == "application/pdf"
    after = await account.read("explain_invoice")
    assert [(line["kind"], -line["amount"]["amount"]) for line in after["after"]] == [("credit_used", note["amount"])]
    assert after["total"]["amount"] == 60_00


@follow("credit-note", "cus_kira")
async def a_credit_note_on_an_open_invoice(account: Account) -> None:
    [owed] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    await account.bench.shop.post("credit_notes", {"invoice": owed["id"], "amount": 5_00})
    [left] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert left["amount_remaining"]["amount"] == owed["amount_remaining"]["amount"] - 5_00


@follow("account-credit", "cus_bela")
async def credit_is_used_first(account: Account) -> None:
    """The next invoice takes it, and only the rest is charged. It is not a payment that could be refunded."""
    await account.diagnose("customer_credit")
    await account.pass_time(days=18)
    bill = await account.read("explain_invoice")
    assert [line["kind"] for line in bill["after"]] == ["credit_used"]
    assert (await account.read("list_charges"))["charges"][0]["amount"] == bill["amount_due"]
    assert (await account.diagnose("healthy"))["balance"]["amount"] == 0


@follow("pay-by-invoice", "cus_ines")
async def sent_and_not_charged(account: Account) -> None:
    """Nothing is taken by itself, overdue or not; a transfer that is booked settles it, and so does the page."""
    await account.diagnose("invoice_overdue")
    await account.new_card()
    [owed] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    await account.pass_time(days=10)
    [later] = (await account.read("list_invoices", status="open", lines=False))["invoices"]
    assert (later["attempts"], later["next_attempt"], later["amount_remaining"]) == (0, None, owed["total"])
    assert (await account.subscription())["status"] == "past_due"
    booked = account.elsewhere()
    await booked.bench.shop.post(f"invoices/{owed['id']}/pay", {"paid_out_of_band": True})
    paid = await account.page(await account.fresh_link(owed["id"]), card="pm_card_visa")
    assert paid.status_code == httpx.codes.OK
    for each in (booked, account):
        assert (await each.invoices())[0]["status"] == "paid"
        assert (await each.subscription())["status"] == "active"


@follow("committed-minimum", "cus_eton")
async def a_year_ahead_and_a_year_behind(account: Account) -> None:
    """The plan in advance, the minimum and what lies beyond it in arrears, adding up; terms are for a person."""
    found = await account.diagnose("enterprise_account")
    assert any(each["recommended_action"] == "talk_to_human" for each in found["also"])
    bill = await account.read("explain_invoice")
    assert bill["explained"]
    kinds = [line["kind"] for line in bill["lines"]]
    assert kinds == ["plan", "usage_flat", "usage", "usage"]
    plan, minimum, included, beyond = [line["amount"]["amount"] for line in bill["lines"]]
    assert (included, plan + minimum + beyond) == (0, bill["total"]["amount"])
    [due] = (await account.read("list_invoices", invoice=bill["invoice"], status="all", lines=True))["invoices"]
    begins = {line["period_start"] for line in due["lines"]}
    assert len(begins) == 2, "the year that begins and the year that has ended"


@follow("outage-credit", "cus_hugo")
async def a_credit_that_a_colleague_grants(account: Account) -> None:
    before = (await account.diagnose())["balance"]["amount"]
    asked = await account.ask("account_credit", amount=5_00, grounds="service_outage")
    assert rule(asked, NeedsApproval) == "credit.cap"
    assert (await account.diagnose())["balance"]["amount"] == before
    done(await account.approve(asked))
    assert (await account.diagnose("customer_credit"))["balance"]["amount"] == before - 5_00
    await account.pass_time(days=10)
    bill = await account.read("explain_invoice")
    assert [(line["kind"], line["amount"]["amount"]) for line in bill["after"]] == [("credit_used", -5_00)]


@follow("genuine-email", "cus_hugo")
async def what_is_not_there_is_not_owed(account: Account) -> None:
    """A forged number is not found, nor is another customer's invoice."""
    assert (await account.read("list_invoices", status="open", lines=False))["invoices"] == []
    for unknown in ("in_forged0001", (await account.of("cus_kira").invoices())[0]["id"]):
        answer = await account.read("list_invoices", invoice=unknown, status="all", lines=False)
        assert answer["invoices"] == []
