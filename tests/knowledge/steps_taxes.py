"""Followed: taxes, tax ids, and what else stands on an invoice besides its price."""

from __future__ import annotations

from typing import Any

from tests.knowledge.account import Account
from tests.knowledge.following import follow


async def _newest_tax(account: Account) -> int:
    bill = await account.read("explain_invoice")
    assert bill["explained"]
    return sum(line["amount"]["amount"] for line in bill["lines"] if line["kind"] == "tax")


@follow("vat-on-invoice", "cus_tina")
async def tax_on_top(account: Account) -> None:
    """The price is the net one of the list, and the tax a line of its own that adds up with it."""
    bill = await account.read("explain_invoice")
    amounts = {line["kind"]: line["amount"]["amount"] for line in bill["lines"]}
    prices = {each["price"]: each["unit_amount"]["amount"] for each in (await account.read("list_plans"))["plans"]}
    assert amounts["plan"] == prices["price_teamMonthlyEur"]
    assert amounts["tax"] * 100 == amounts["plan"] * 19
    assert bill["total"]["amount"] == amounts["plan"] + amounts["tax"]
    moved = await account.agree("update_billing_details", country="AT", line1="Ring 1", city="Wien", postal_code="1010")
    assert moved.decision.rule == "details.country"


@follow("tax-exempt", "cus_tina")
async def marked_as_exempt(account: Account) -> None:
    """Only a colleague marks an account; invoices from then on carry no tax, earlier ones stay."""
    assert (await account.read("billing_details"))["tax_exempt"] == "none"
    taxed = (await account.invoices())[0]["id"]
    assert await _newest_tax(account) > 0
    await account.bench.shop.post("customers/cus_tina", {"tax_exempt": "exempt"})
    assert (await account.read("billing_details"))["tax_exempt"] == "exempt"
    await account.pass_time(days=25)
    bill = await account.read("explain_invoice")
    assert (bill["invoice"] != taxed, bill["total"]["display"]) == (True, "€55.00")
    old = await account.read("explain_invoice", invoice=taxed)
    assert old["total"]["amount"] > bill["total"]["amount"]


@follow("vat-id-unverified", "cus_vito")
async def not_in_the_register(account: Account) -> None:
    """Nothing is blocked; once the register knows the number, nothing is found any more."""
    found: dict[str, Any] = await account.diagnose("tax_id_unverified")
    assert found["subscriptions"][0]["status"] == "active"
    [number] = (await account.read("billing_details"))["tax_ids"]
    assert number["verification"] == "unverified"
    before = len(await account.invoices())
    await account.pass_time(days=31)
    assert (await account.read("list_invoices", status="paid", lines=False))["invoices"][0]["status"] == "paid"
    assert len(await account.invoices()) > before
    await account.bench.shop.outside("verify_tax_id", tax_id=number["id"], status="verified")
    await account.diagnose("healthy")
