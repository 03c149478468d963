"""Followed: taxes, tax ids, and what else stands on an invoice besides its price."""

from __future__ import annotations

from typing import Any

from policy.decisions import Deny, NeedsApproval, NeedsConfirmation
from policy.limits import load_limits
from tests.knowledge.account import Account, done, rule
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
    assert rule(moved, NeedsApproval) == "details.country"


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


@follow("add-vat-number", "cus_tina")
async def a_number_of_a_business(account: Account) -> None:
    """Refused when it cannot be complete; shown, added after a yes, and carried by invoices from then on."""
    assert (await account.read("billing_details"))["tax_ids"] == []
    short = await account.agree("set_tax_id", type="eu_vat", value="DE12345")
    assert rule(short, Deny) == "tax_id.format"
    abroad = await account.elsewhere().agree("set_tax_id", type="eu_vat", value="ATU12345678")
    assert rule(abroad, NeedsApproval) == "tax_id.country"
    done(await account.agree("set_tax_id", type="eu_vat", value="de 123 456 789"))
    [number] = (await account.read("billing_details"))["tax_ids"]
    assert number["value"] == "DE123456789"
    second = await account.agree("set_tax_id", type="eu_vat", value="DE999999999")
    assert isinstance(second.decision, NeedsApproval)
    before = len(await account.invoices())
    await account.pass_time(days=25)
    newest, *earlier = await account.invoices()
    assert [each["value"] for each in newest["customer_tax_ids"]] == ["DE123456789"]
    assert [each["customer_tax_ids"] for each in earlier] == [[]] * before


@follow("billing-details", "cus_vito")
async def another_name_and_street(account: Account) -> None:
    """Old and new side by side; what was issued stays, what comes carries it. Three changes a day."""
    assert (await account.read("billing_details"))["address"]["city"] == "Torino"
    waiting = await account.ask("update_billing_details", name="Ferraro Design srl", line1="Via Po 3")
    assert isinstance(waiting.decision, NeedsConfirmation)
    for text in ("Vito Ferraro", "Ferraro Design srl", "Via Garibaldi 12", "Via Po 3"):
        assert text in (waiting.decision.shown or "")
    done(await account.confirm(waiting))
    for number in range(2, load_limits().details.changes_per_customer_day + 1):
        done(await account.agree("update_billing_details", line1=f"Via Po {number}"))
    last = await account.agree("update_billing_details", line1="Via Po 99")
    assert rule(last, NeedsApproval) == "details.count"
    moved = await account.agree("update_billing_details", country="FR", line1="Rue 1", city="Lyon", postal_code="69001")
    assert rule(moved, NeedsApproval) == "details.country"
    await account.pass_time(days=31)
    names = [each["customer_name"] for each in await account.invoices()]
    assert names[0] == "Ferraro Design srl"
    assert set(names[1:]) == {"Vito Ferraro"}


@follow("billing-email", "cus_hugo")
async def another_mailbox(account: Account) -> None:
    """A yes in the chat is not enough; after a colleague's the next invoice goes to the new address."""
    old = (await account.read("billing_details"))["email"]
    asked = await account.agree("update_billing_details", email="accounts@hugo.example")
    assert rule(asked, NeedsApproval) == "details.email"
    assert (await account.read("billing_details"))["email"] == old
    done(await account.approve(asked))
    await account.pass_time(days=10)
    assert [each["customer_email"] for each in await account.invoices()][:2] == ["accounts@hugo.example", old]
