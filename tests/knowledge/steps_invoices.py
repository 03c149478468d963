"""Followed: invoices, what stands on them, and the figures of plan changes."""

from __future__ import annotations

import httpx

from tests.knowledge.account import Account
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
